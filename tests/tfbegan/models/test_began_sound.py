"""BEGAN with sound: its step against the naive form, and what is saved."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfbegan import (
    BEGAN,
    ModelConfig,
    ObjectiveConfig,
    conditioning,
    equilibrium,
)
from tfbegan.errors import ConfigError

WITH_SOUND = ["audio", "audio+noise", "audio+face"]
COUNT = 4
PLAIN = ObjectiveConfig(gamma=0.7, lambda_k=0.01)
ADDITIONS = PLAIN.replace(
    code_cycle=0.2,
    code_anchor=4.0,
    code_prior=1.0,
    mouth_weight=4.0,
    eye_weight=6.0,
    mate_share=0.5,
    sync=0.5,
    motion=1.0,
    detail=2.0,
    fixed_pattern=0.5,
)
FLOWING = ADDITIONS.replace(code_flow=0.1)
NETWORKS = ("generator", "discriminator", "critic")


@pytest.fixture(scope="module")
def batch(small_speech):
    rng = np.random.default_rng(0)
    colours = rng.uniform(-0.8, 0.8, (COUNT, 1, 1, 3))
    grain = rng.uniform(-0.2, 0.2, (COUNT, 32, 32, 3))
    windows = rng.normal(size=(COUNT, 11, 4)) * small_speech.mfcc_std
    return {
        "image": tf.constant(colours + grain, tf.float32),
        "mfcc": tf.constant(windows + small_speech.mfcc_mean, tf.float32),
        "clip": tf.constant([5, 5, 8, 8], tf.int64),
    }


@pytest.fixture
def make(small_speech):
    def make(kind, objective=ADDITIONS, seed=3, look_flow=0, **kwargs):
        architecture = ModelConfig(
            conditioning=kind,
            image_size=32,
            filters=4,
            latent_dim=8,
            look_flow=look_flow,
        )
        model = BEGAN(
            architecture, objective, small_speech, seed=seed, **kwargs
        )
        model.compile(learning_rate=1e-3)
        return model

    return make


def step(model, batch):
    logs = model.train_step(batch)
    return {name: float(value[0]) for name, value in logs.items()}


def captured_gradients(model, batch):
    """What one train_step hands to the optimizers; nothing else changes."""
    captured = {}
    k, done = float(model.k), int(model.step)

    def capture(name):
        def apply(gradients, weights):
            captured[name] = [np.array(g) for g in gradients]

        return apply

    for name in NETWORKS:
        if getattr(model, name) is not None:
            getattr(model, f"{name}_optimizer").apply = capture(name)
    model.train_step(batch)
    model.k.assign(k)
    model.step.assign(done)
    return captured


def assert_equal(first, second):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def assert_close(first, second, rtol=1e-3, atol=5e-7):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)


def differ(first, second):
    return any(
        np.abs(a - b).max() > 1e-4 for a, b in zip(first, second, strict=True)
    )


def naive_gradients(model, batch, k):
    """D on reals, D on detached fakes, then G again through D."""
    images = batch["image"]
    noise = model.noise.latents(COUNT)
    inputs = {"mfcc": batch["mfcc"], "noise": noise}
    with tf.GradientTape() as tape:
        fakes = tf.stop_gradient(model.generator(inputs))
        d_loss = equilibrium.discriminator_loss(
            model._error(images, model.discriminator(images)),
            model._error(fakes, model.discriminator(fakes)),
            k,
        )
    of_d = tape.gradient(d_loss, model.discriminator.trainable_variables)
    with tf.GradientTape() as tape:
        fakes = model.generator(inputs)
        g_loss = model._error(fakes, model.discriminator(fakes))
    weights = model.generator.trainable_variables
    of_g = [
        # The look encoder has no part in it.
        np.zeros(weight.shape) if gradient is None else gradient
        for gradient, weight in zip(
            tape.gradient(g_loss, weights), weights, strict=True
        )
    ]
    return {"discriminator": of_d, "generator": of_g}


# The algorithm


@pytest.mark.parametrize("kind", WITH_SOUND[:2])
def test_without_additions_it_is_began_with_sound_and_nothing_else(
    make, batch, kind
):
    model = make(kind, PLAIN)
    model.k.assign(0.4)
    expected = naive_gradients(model, batch, k=0.4)
    received = captured_gradients(model, batch)
    assert received.keys() == expected.keys()
    for name in expected:
        assert_close(expected[name], received[name])
    assert any(np.abs(g).max() > 1e-3 for g in received["generator"])


OF_LOOKS = {"code_prior", "code_cycle", "code_flow"}
MATES = tf.constant([1, 0, 3, 2])
"""Who lends each frame of the batch a code."""


def naive_term(name, model, batch):
    """A term as it is written down, of the step's own draws."""
    generator, images = model.generator, batch["image"]
    draws = model._draws(model.noise.latents(COUNT))
    sound = generator.hear(batch["mfcc"])
    if not generator.has_look:
        fakes = anchored = generator.paint(None, sound)
        mated = np.zeros(COUNT, bool)
    else:
        looks = generator.encode(images)
        mates = tf.gather(looks, MATES)
        mated = np.array(draws.coins) < model.objective.mate_share
        own = generator.code_of(draws.noise)
        free = mates if generator.conditioning == "audio+face" else own
        free = tf.stop_gradient(free)
        fakes = generator.paint(free, sound)
        anchored = generator.paint(
            tf.where(mated[:, None], mates, looks), sound
        )
    # A mate has another pose: its face is compared in the mouth box alone.
    mouth = np.broadcast_to(generator.mouth, (COUNT, 32, 32, 1))
    fits = np.where(mated[:, None, None, None], mouth, 1.0)
    if name == "code_prior":
        return equilibrium.sliced_wasserstein(
            looks, draws.prior, draws.directions
        )
    if name == "code_cycle":
        return tf.reduce_mean(tf.abs(generator.encode(fakes) - free))
    if name == "code_flow":
        around = tf.stop_gradient(looks) + 0.05 * draws.jitter
        return generator.flow.negative_log_likelihood(around)
    if name == "code_anchor":
        weights = fits + (model.objective.mouth_weight - 1) * mouth
        if generator.has_look:
            more = (model.objective.eye_weight - 1) * generator.eyes
            weights = weights + np.where(mated[:, None, None, None], 0, more)
        return conditioning.paired_error(
            images, anchored, tf.constant(weights, tf.float32)
        )
    if name == "fixed_pattern":
        return conditioning.fixed_pattern(
            images, anchored, tf.constant(fits, tf.float32)
        )
    if name == "motion":
        rows, columns = generator.mouth_slices
        same = tf.constant([[0, 1], [1, 0]], tf.float32)
        same = tf.linalg.LinearOperatorBlockDiag(
            2 * [tf.linalg.LinearOperatorFullMatrix(same)]
        ).to_dense()
        return conditioning.motion_distance(
            images[:, rows, columns], anchored[:, rows, columns], same
        )
    if name == "detail":
        norm = model.objective.detail_norm
        term = conditioning.detail_distance(images, anchored, norm)
        if generator.has_look:
            term += conditioning.mean_detail_distance(images, fakes, norm)
        return term
    assert name == "sync"
    heard = []
    for faces in [fakes, anchored] if generator.has_look else [fakes]:
        inputs = {"image": faces, "mfcc": batch["mfcc"]}
        mouths, sounds = model.critic(inputs)
        heard.append(
            conditioning.contrastive_loss(
                mouths, sounds, model.critic.temperature
            )
        )
    return sum(heard) / len(heard)


@pytest.mark.parametrize("kind", WITH_SOUND)
@pytest.mark.parametrize(
    "name",
    [
        "code_prior",
        "code_cycle",
        "code_flow",
        "code_anchor",
        "sync",
        "motion",
        "detail",
        "fixed_pattern",
    ],
)
def test_an_addition_adds_its_weight_times_its_gradient_and_nothing_else(
    make, batch, kind, name
):
    if kind == "audio" and name in OF_LOOKS:
        pytest.skip("no code that could be held to anything")
    if kind == "audio+face" and name == "code_flow":
        pytest.skip("photographs say who it is: there is no z")
    flow = 2 if kind == "audio+noise" and name == "code_flow" else 0
    plain = PLAIN.replace(mate_share=0.5, mouth_weight=4.0, detail_norm=2)
    model = make(kind, plain.replace(**{name: 0.7}), look_flow=flow)
    without = make(kind, plain, look_flow=flow)
    for each in (model, without):
        each.k.assign(0.4)
    weights = model.generator.trainable_variables
    with tf.GradientTape() as tape:
        term = naive_term(name, model, batch)
    added = [
        np.zeros(weight.shape) if gradient is None else np.array(gradient)
        for gradient, weight in zip(
            tape.gradient(term, weights), weights, strict=True
        )
    ]
    received = captured_gradients(model, batch)
    before = captured_gradients(without, batch)
    expected = [
        b + 0.7 * g for b, g in zip(before["generator"], added, strict=True)
    ]
    assert max(np.abs(g).max() for g in added) > 1e-4
    assert_close(expected, received["generator"], atol=2e-6)
    assert_close(before["discriminator"], received["discriminator"])


@pytest.mark.parametrize("kind", WITH_SOUND)
@pytest.mark.parametrize("objective", [PLAIN, ADDITIONS], ids=["plain", "all"])
def test_a_step_is_finite_and_counts(make, batch, kind, objective):
    model = make(kind, objective)
    logs = [step(model, batch) for _ in range(2)]
    assert all(np.isfinite(list(log.values())).all() for log in logs)
    assert int(model.step) == 2
    assert all(np.isfinite(np.array(w)).all() for w in model.weights)


@pytest.mark.parametrize("kind", WITH_SOUND)
def test_k_and_m_hold_only_the_two_errors(make, batch, kind):
    """With every addition on, k and M follow the paper's equations."""
    model = make(kind)
    for _ in range(3):
        before = float(model.k)
        logs = step(model, batch)
        real, fake = logs["real_error"], logs["fake_error"]
        k = np.clip(before + 0.01 * (0.7 * real - fake), 0, 1)
        assert float(model.k) == pytest.approx(k, abs=1e-6)
        assert logs["d_loss"] == pytest.approx(real - before * fake, abs=1e-6)
        assert logs["g_loss"] == pytest.approx(fake, abs=1e-6)
        m_global = real + abs(0.7 * real - fake)
        assert logs["m_global"] == pytest.approx(m_global, abs=1e-6)


@pytest.mark.parametrize("kind", WITH_SOUND)
def test_logs_name_the_additions_only_where_they_are_on(make, batch, kind):
    additions = {
        "code_anchor",
        "sync",
        "motion",
        "detail",
        "fixed_pattern",
        "critic_loss",
    }
    assert not additions & set(step(make(kind, PLAIN), batch))
    assert additions <= set(step(make(kind), batch))


# Whom a gradient reaches


@pytest.mark.parametrize("kind", WITH_SOUND)
@pytest.mark.parametrize("frozen", NETWORKS)
def test_nothing_but_its_own_optimizer_moves_a_network(
    make, batch, kind, frozen
):
    """Differences of exactly 0 for the frozen one, and not for the others."""
    model = make(kind)
    before = {
        name: [np.array(w) for w in getattr(model, name).trainable_variables]
        for name in NETWORKS
    }
    getattr(model, f"{frozen}_optimizer").apply = lambda *_: None
    step(model, batch)
    for name in NETWORKS:
        after = getattr(model, name).trainable_variables
        if name == frozen:
            assert_equal(before[name], after)
        else:
            pairs = zip(before[name], after, strict=True)
            assert any((a != np.array(b)).any() for a, b in pairs)


@pytest.mark.parametrize("kind", WITH_SOUND)
def test_d_gets_no_gradient_of_the_additions(make, batch, kind):
    plain, added = make(kind, PLAIN), make(kind)
    for model in (plain, added):
        model.k.assign(0.4)
    plain, added = (captured_gradients(m, batch) for m in (plain, added))
    assert_close(plain["discriminator"], added["discriminator"])
    assert differ(plain["generator"], added["generator"])


def stir(network):
    """Moves every weight a little."""
    for weight in network.trainable_variables:
        weight.assign(weight + 0.05)


@pytest.mark.parametrize("kind", WITH_SOUND)
def test_the_critic_learns_from_real_pairs_only(make, batch, kind):
    """Its gradients don't depend on the fakes, nor on D."""
    model = make(kind)
    before = captured_gradients(model, batch)
    stir(model.generator)
    stir(model.discriminator)
    after = captured_gradients(model, batch)
    assert_equal(before["critic"], after["critic"])
    assert differ(before["generator"], after["generator"])


@pytest.mark.parametrize("kind", WITH_SOUND)
def test_without_the_gan_g_learns_nothing_of_d(make, batch, kind):
    alone = ADDITIONS.replace(adversarial=0.0)
    model = make(kind, alone)
    before = captured_gradients(model, batch)
    stir(model.discriminator)
    after = captured_gradients(model, batch)
    assert_equal(before["generator"], after["generator"])
    assert differ(before["discriminator"], after["discriminator"])


@pytest.mark.parametrize("kind", WITH_SOUND)
def test_without_the_gan_d_learns_as_before(make, batch, kind):
    received = []
    for adversarial in (1.0, 0.0):
        model = make(kind, ADDITIONS.replace(adversarial=adversarial))
        model.k.assign(0.4)
        received.append(captured_gradients(model, batch))
    with_gan, without = received
    assert_close(with_gan["discriminator"], without["discriminator"])
    assert differ(with_gan["generator"], without["generator"])


@pytest.mark.parametrize("kind", WITH_SOUND)
def test_without_gan_and_additions_g_learns_nothing(make, batch, kind):
    model = make(kind, PLAIN.replace(adversarial=0.0))
    of_generator = captured_gradients(model, batch)["generator"]
    assert not any(gradient.any() for gradient in of_generator)


# The flow


def moved(make, batch, objective, look_flow=3):
    """Which weights of G one step moves, by their paths."""
    model = make("audio+noise", objective, look_flow=look_flow)
    before = model.generator.get_weights()
    step(model, batch)
    return {
        weight.path
        for weight, old in zip(model.generator.weights, before, strict=True)
        if (np.array(weight) != old).any()
    }


def test_the_flow_learns_by_its_own_loss_alone(make, batch):
    with_loss = moved(make, batch, FLOWING)
    without = moved(make, batch, ADDITIONS)
    flow = {path for path in with_loss if "flow" in path}
    # The last layers of its couplings, scale and shift: the first ones have
    # no gradient yet, because the last ones start at 0.
    assert len(flow) == 2 * 3 + 2
    assert not any("flow" in path for path in without)
    assert with_loss - flow == without


def test_the_flow_changes_no_other_random_number(make, batch):
    """Off is as it was: the same step from the same draws."""
    fakes = []
    for look_flow in (0, 3):
        model = make("audio+noise", FLOWING, look_flow=look_flow)
        if model.generator.flow is not None:
            model.generator.code_of = lambda noise: noise
        logs = step(model, batch)
        fakes.append({n: v for n, v in logs.items() if n != "code_flow"})
    assert fakes[0] == fakes[1]


def test_a_flow_is_in_the_logs_where_there_is_one(make, batch):
    assert "code_flow" in step(make("audio+noise", FLOWING, look_flow=3), batch)
    assert "code_flow" not in step(make("audio+noise", FLOWING), batch)
    assert "code_flow" not in step(
        make("audio+face", FLOWING, look_flow=3), batch
    )


def test_sync_grows_to_its_weight(make, batch):
    model = make("audio", PLAIN.replace(sync=0.5, sound_ramp_steps=4))
    weights = []
    for _ in range(6):
        weights.append(float(model._weight_of("sync")))
        model.step.assign_add(1)
    np.testing.assert_allclose(weights, [0, 0.125, 0.25, 0.375, 0.5, 0.5])
    start = make("audio", PLAIN.replace(sync=0.5, sound_ramp_steps=4))
    without = captured_gradients(make("audio", PLAIN), batch)
    assert_close(
        without["generator"], captured_gradients(start, batch)["generator"]
    )


def test_there_is_a_critic_only_where_sync_has_a_weight(make, small_speech):
    assert make("audio", PLAIN).critic is None
    assert make("audio", PLAIN).critic_optimizer is None
    assert make("audio").critic is not None
    silent = BEGAN(
        ModelConfig(image_size=32, filters=4, latent_dim=8),
        PLAIN.replace(sync=1.0),
    )
    assert silent.critic is None
    assert silent.pairing is None


def test_sound_needs_a_front_end():
    with pytest.raises(ConfigError, match="needs `speech`"):
        BEGAN(ModelConfig(conditioning="audio", image_size=32))


# Training and use


@pytest.mark.slow
@pytest.mark.parametrize("kind", WITH_SOUND)
def test_fit_learns_to_rebuild_and_evaluate_changes_nothing(make, batch, kind):
    model = make(kind)
    data = tf.data.Dataset.from_tensors(batch)
    history = model.fit(
        data.repeat(60), epochs=2, verbose=0, shuffle=False
    ).history
    assert history["real_error"][1] < history["real_error"][0]
    assert history["code_anchor"][1] < history["code_anchor"][0]
    assert int(model.step) == 120
    before = [np.array(w) for w in model.weights]
    metrics = model.evaluate(data, return_dict=True, verbose=0)
    assert metrics["m_global"] > 0
    assert_equal(before, model.weights)


@pytest.mark.slow
@pytest.mark.parametrize("kind", WITH_SOUND)
def test_same_seed_is_bitwise_the_same(make, batch, kind):
    first, second = make(kind), make(kind)
    for _ in range(5):
        for model in (first, second):
            step(model, batch)
    assert_equal(everything(first), everything(second))


def test_another_seed_is_another_model_and_other_noise(make):
    one, other = make("audio+noise"), make("audio+noise", seed=4)
    assert differ(one.generator.get_weights(), other.generator.get_weights())
    drawn = [np.array(model.noise.latents(COUNT)) for model in (one, other)]
    assert np.abs(drawn[0] - drawn[1]).max() > 0.1


def everything(model):
    """All that training needs to go on."""
    return [
        np.array(value)
        for value in (
            *model.weights,
            *model.generator_optimizer.variables,
            *model.discriminator_optimizer.variables,
            *model.critic_optimizer.variables,
        )
    ]


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [None, "mixed_bfloat16"])
@pytest.mark.parametrize(
    ("kind", "objective"),
    [*((kind, ADDITIONS) for kind in WITH_SOUND), ("audio+noise", FLOWING)],
)
def test_keras_round_trip_restores_everything(
    make, batch, tmp_path, kind, dtype, objective
):
    model = make(kind, objective, look_flow=3, dtype=dtype)
    model.k.assign(0.25)
    for _ in range(2):
        step(model, batch)
    model.learning_rate = 5e-4
    path = tmp_path / "model.keras"
    model.save(path)
    loaded = keras.models.load_model(path)

    assert loaded.objective == model.objective
    assert loaded.architecture == model.architecture
    assert loaded.speech == model.speech
    for name in NETWORKS:
        optimizer = getattr(loaded, f"{name}_optimizer")
        assert float(optimizer.learning_rate) == pytest.approx(5e-4)
        assert int(optimizer.iterations) == 2
    assert_equal(everything(model), everything(loaded))
    assert_equal(
        model.generate(COUNT, seed=1, windows=batch["mfcc"].numpy()),
        loaded.generate(COUNT, seed=1, windows=batch["mfcc"].numpy()),
    )
    assert step(model, batch) == step(loaded, batch)
    assert_equal(everything(model), everything(loaded))


@pytest.mark.parametrize("kind", WITH_SOUND)
def test_generate_speaks(make, batch, kind):
    model = make(kind)
    windows = batch["mfcc"].numpy()
    faces = model.generate(COUNT, seed=7, windows=windows)
    assert faces.shape == (COUNT, 32, 32, 3)
    assert faces.dtype == np.float32
    assert np.abs(faces).max() <= 1
    np.testing.assert_array_equal(
        faces, model.generate(COUNT, seed=7, windows=windows)
    )
    turned = model.generate(COUNT, seed=7, windows=windows[::-1].copy())
    assert np.abs(faces - turned).max() > 1e-3
    others = model.generate(COUNT, seed=8, windows=windows)
    assert (np.abs(faces - others).max() > 1e-3) == (kind != "audio")


def test_the_average_follows_all_of_the_generator(make, batch):
    model = make("audio+noise", ema_decay=0.0)
    step(model, batch)
    assert_equal(model.generator.get_weights(), model.ema_generator.weights)


def test_every_network_follows_the_learning_rate(make):
    model = make("audio")
    model.learning_rate = 2e-4
    for name in NETWORKS:
        optimizer = getattr(model, f"{name}_optimizer")
        assert float(optimizer.learning_rate) == pytest.approx(2e-4)


def test_clip_norm_bounds_every_gradient(make):
    model = make("audio")
    model.compile(clip_norm=1.0)
    for name in NETWORKS:
        assert getattr(model, f"{name}_optimizer").global_clipnorm == 1.0
