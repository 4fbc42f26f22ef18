"""train_step against the naive form of the algorithm, and what is saved."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfbegan import BEGAN, ModelConfig, ObjectiveConfig, equilibrium
from tfbegan.errors import ConfigError

SMALL = ModelConfig(image_size=32, filters=4, latent_dim=8)
ADDITIONS = ObjectiveConfig(
    gamma=0.7,
    lambda_k=0.01,
    code_constraint=0.1,
    code_anchor=0.3,
    code_prior=1.0,
)


@pytest.fixture
def faces():
    rng = np.random.default_rng(0)
    colours = rng.uniform(-0.8, 0.8, (4, 1, 1, 3))
    grain = rng.uniform(-0.2, 0.2, (4, 32, 32, 3))
    return (colours + grain).astype(np.float32)


def make(objective=None, architecture=SMALL, **kwargs):
    model = BEGAN(architecture, objective, seed=3, **kwargs)
    model.compile(learning_rate=1e-3)
    return model


def step(model, faces):
    return {
        name: float(value[0])
        for name, value in model.train_step(
            {"image": tf.constant(faces)}
        ).items()
    }


def captured_gradients(model, faces):
    """The gradients that one train_step hands to the two optimizers."""
    captured = {}

    def capture(name):
        def apply(gradients, weights):
            captured[name] = [np.array(g) for g in gradients]

        return apply

    model.discriminator_optimizer.apply = capture("discriminator")
    model.generator_optimizer.apply = capture("generator")
    model.train_step(tf.constant(faces))
    return captured


def naive_gradients(model, faces, k):
    """D on reals, D on detached fakes, then G again through D."""
    noise = model.noise.latents(len(faces))
    with tf.GradientTape() as tape:
        fakes = tf.stop_gradient(model.generator(noise))
        d_loss = equilibrium.discriminator_loss(
            model._error(faces, model.discriminator(faces)),
            model._error(fakes, model.discriminator(fakes)),
            k,
        )
    of_d = tape.gradient(d_loss, model.discriminator.trainable_variables)
    with tf.GradientTape() as tape:
        fakes = model.generator(noise)
        g_loss = model._error(fakes, model.discriminator(fakes))
    of_g = tape.gradient(g_loss, model.generator.trainable_variables)
    return {"discriminator": of_d, "generator": of_g}


@pytest.mark.parametrize("error_norm", [1, 2])
def test_gradients_equal_the_naive_two_passes(faces, error_norm):
    model = make(ObjectiveConfig(gamma=0.5, error_norm=error_norm))
    model.k.assign(0.4)
    expected = naive_gradients(model, faces, k=0.4)
    received = captured_gradients(model, faces)
    for name in ("discriminator", "generator"):
        for a, b in zip(expected[name], received[name], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=2e-7)


def naive_term(name, model, faces):
    """A term as it is written down, of the step's own draws."""
    noise = model.noise.latents(len(faces))
    codes = model.discriminator.encode(faces)
    if name == "code_prior":
        return equilibrium.sliced_wasserstein(
            codes, *model.noise.prior(len(faces))
        )
    if name == "code_anchor":
        rebuilt = model.generator(tf.stop_gradient(codes))
        return tf.reduce_mean(tf.abs(faces - rebuilt))
    fakes = model.generator(noise)
    if name == "code_constraint":
        fakes = tf.stop_gradient(fakes)
    return tf.reduce_mean(tf.abs(model.discriminator.encode(fakes) - noise))


@pytest.mark.parametrize(
    ("name", "whose"),
    [
        ("code_prior", "discriminator"),
        ("code_constraint", "discriminator"),
        ("code_anchor", "generator"),
        ("code_cycle", "generator"),
    ],
)
def test_an_addition_adds_its_weight_times_its_gradient_to_one_network(
    faces, name, whose
):
    model, plain = make(ObjectiveConfig(**{name: 0.7})), make(ObjectiveConfig())
    for each in (model, plain):
        each.k.assign(0.4)
    weights = getattr(model, whose).trainable_variables
    with tf.GradientTape() as tape:
        term = naive_term(name, model, faces)
    added = [
        np.zeros(weight.shape) if gradient is None else np.array(gradient)
        for gradient, weight in zip(
            tape.gradient(term, weights), weights, strict=True
        )
    ]
    assert max(np.abs(g).max() for g in added) > 1e-3
    expected = captured_gradients(plain, faces)
    expected[whose] = [
        np.array(before) + 0.7 * gradient
        for before, gradient in zip(expected[whose], added, strict=True)
    ]
    received = captured_gradients(model, faces)
    for network in ("discriminator", "generator"):
        for a, b in zip(expected[network], received[network], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=2e-6)


def test_no_gradient_of_one_loss_reaches_the_other_network(faces):
    """L_D never moves G; L_G never moves D: differences of exactly 0."""
    for frozen in ("generator", "discriminator"):
        model = make(ADDITIONS)
        network = getattr(model, frozen)
        before = [np.array(w) for w in network.weights]
        getattr(model, f"{frozen}_optimizer").apply = lambda *_: None
        step(model, faces)
        for a, b in zip(before, network.weights, strict=True):
            np.testing.assert_array_equal(a, b)


def test_d_gets_no_gradient_of_the_anchor(faces):
    plain = captured_gradients(make(ObjectiveConfig()), faces)
    anchored = captured_gradients(make(ObjectiveConfig(code_anchor=5.0)), faces)
    for a, b in zip(
        plain["discriminator"], anchored["discriminator"], strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-7)
    assert any(
        np.abs(a - b).max() > 1e-3
        for a, b in zip(plain["generator"], anchored["generator"], strict=True)
    )


def test_g_gets_no_gradient_of_constraint_and_prior(faces):
    plain = captured_gradients(make(ObjectiveConfig()), faces)
    objective = ObjectiveConfig(code_constraint=5.0, code_prior=5.0)
    added = captured_gradients(make(objective), faces)
    for a, b in zip(plain["generator"], added["generator"], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-7)
    of_encoder = slice(0, 2)
    for a, b in zip(
        plain["discriminator"][of_encoder],
        added["discriminator"][of_encoder],
        strict=True,
    ):
        assert np.abs(a - b).max() > 1e-4


def test_k_and_m_hold_only_the_two_errors(faces):
    """With every addition on, k and M follow the paper's equations."""
    model = make(ADDITIONS)
    for _ in range(3):
        before = float(model.k)
        logs = step(model, faces)
        real, fake = logs["real_error"], logs["fake_error"]
        k = np.clip(before + 0.01 * (0.7 * real - fake), 0, 1)
        assert float(model.k) == pytest.approx(k, abs=1e-6)
        assert logs["k"] == pytest.approx(before, abs=1e-7)
        assert logs["d_loss"] == pytest.approx(real - before * fake, abs=1e-6)
        m_global = real + abs(0.7 * real - fake)
        assert logs["m_global"] == pytest.approx(m_global, abs=1e-6)


def test_logs_name_the_additions_only_where_they_are_on(faces):
    assert "code_anchor" not in step(make(), faces)
    assert {"code_anchor", "code_prior", "code_constraint"} <= set(
        step(make(ADDITIONS), faces)
    )


def test_fit_learns_to_rebuild(faces):
    model = make(ADDITIONS)
    data = tf.data.Dataset.from_tensors({"image": faces}).repeat(30)
    history = model.fit(data, epochs=2, verbose=0, shuffle=False).history
    assert history["real_error"][1] < 0.8 * history["real_error"][0]
    assert int(model.step) == 60
    metrics = model.evaluate(
        tf.data.Dataset.from_tensors(faces), return_dict=True, verbose=0
    )
    assert metrics["m_global"] > 0
    assert int(model.step) == 60


def test_same_seed_is_bitwise_the_same(faces):
    first, second = make(ADDITIONS), make(ADDITIONS)
    data = tf.data.Dataset.from_tensors({"image": faces}).repeat(20)
    for model in (first, second):
        model.fit(data, verbose=0, shuffle=False)
    assert int(first.step) == 20
    for a, b in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_noise_differs_from_step_to_step_and_from_seed_to_seed():
    model, other = make(), BEGAN(SMALL, seed=4)
    first = np.array(model.noise.latents(4))
    assert np.abs(first).max() <= 1
    assert np.abs(first - np.array(other.noise.latents(4))).max() > 0.1
    model.step.assign_add(1)
    assert np.abs(first - np.array(model.noise.latents(4))).max() > 0.1


def everything(model):
    """All that training needs to go on, by name."""
    parts = {
        "weights": model.weights,
        "generator": model.generator_optimizer.variables,
        "discriminator": model.discriminator_optimizer.variables,
    }
    return {
        f"{part}/{index}": np.array(value)
        for part, values in parts.items()
        for index, value in enumerate(values)
    }


@pytest.mark.parametrize("dtype", [None, "mixed_bfloat16"])
def test_keras_round_trip_restores_everything(faces, tmp_path, dtype):
    model = make(ADDITIONS, dtype=dtype)
    model.k.assign(0.25)
    for _ in range(2):
        step(model, faces)
    model.learning_rate = 5e-4
    path = tmp_path / "model.keras"
    model.save(path)
    loaded = keras.models.load_model(path)

    assert loaded.objective == model.objective
    assert loaded.architecture == model.architecture
    assert loaded.learning_rate == pytest.approx(5e-4)
    saved, restored = everything(model), everything(loaded)
    assert saved.keys() == restored.keys()
    for name, value in saved.items():
        np.testing.assert_array_equal(value, restored[name], err_msg=name)
    np.testing.assert_array_equal(
        model.generate(3, seed=1), loaded.generate(3, seed=1)
    )
    assert step(model, faces) == step(loaded, faces)


def test_weights_round_trip_restores_everything(faces, tmp_path):
    model, other = make(ADDITIONS), make(ADDITIONS)
    for _ in range(2):
        step(model, faces)
    path = tmp_path / "began.weights.h5"
    model.save_weights(path)
    other.load_weights(path)
    saved, restored = everything(model), everything(other)
    for name, value in saved.items():
        np.testing.assert_array_equal(value, restored[name], err_msg=name)


def test_vanishing_residuals_fade_and_are_saved(faces, tmp_path):
    architecture = SMALL.replace(vanishing_residual_steps=4)
    model = make(architecture=architecture)
    seen = []
    for _ in range(6):
        step(model, faces)
        seen.append(float(model.generator.carry))
    assert seen == [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    path = tmp_path / "model.keras"
    model.save(path)
    loaded = keras.models.load_model(path)
    assert float(loaded.discriminator.carry) == 0.0


def test_generate_and_reconstruct(faces):
    model = make()
    images = model.generate(5, seed=7)
    assert images.shape == (5, 32, 32, 3)
    assert images.dtype == np.float32
    assert np.abs(images).max() <= 1
    np.testing.assert_array_equal(images, model.generate(5, seed=7))
    assert np.abs(images - model.generate(5, seed=8)).max() > 0
    assert model.reconstruct(faces).shape == faces.shape


def test_the_average_follows_the_generator(faces):
    model = make(ema_decay=0.0)
    step(model, faces)
    for a, b in zip(
        model.generator.weights, model.ema_generator.weights, strict=True
    ):
        np.testing.assert_array_equal(a, b)


def test_clip_norm_bounds_the_gradient():
    model = BEGAN(SMALL)
    model.compile(clip_norm=1.0)
    assert model.generator_optimizer.global_clipnorm == 1.0
    assert model.discriminator_optimizer.global_clipnorm == 1.0


def test_unknown_setting_in_a_saved_config_is_refused():
    with pytest.raises(ConfigError, match="'colour'"):
        BEGAN({"colour": "red"})
