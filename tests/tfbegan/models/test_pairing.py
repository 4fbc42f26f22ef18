"""The terms of a pair: each where it is switched on, and only there."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tfbegan import Generator, ObjectiveConfig, conditioning
from tfbegan.models import pairing as pairing_module
from tfbegan.models.pairing import Draws, Pairing
from tfbegan.models.sync_critic import SyncCritic

LATENT_DIM = 5
WITH_SOUND = ["audio", "audio+noise", "audio+face"]
WITH_LOOK = WITH_SOUND[1:]
CLIPS = np.array([7, 7, 7, 9, 4, 4])
COUNT = len(CLIPS)
OFF = {
    "code_anchor": 0.0,
    "code_prior": 0.0,
    "code_cycle": 0.0,
    "motion": 0.0,
    "detail": 0.0,
    "fixed_pattern": 0.0,
}
OF_LOOKS = {"code_prior", "code_cycle"}


@pytest.fixture(scope="module")
def generators(small_speech):
    return {
        kind: Generator(
            32, 4, LATENT_DIM, conditioning=kind, speech=small_speech, seed=1
        )
        for kind in WITH_SOUND
    }


@pytest.fixture(scope="module")
def critic(small_speech):
    return SyncCritic(32, small_speech, filters=4, embedding_dim=8, seed=2)


@pytest.fixture(scope="module")
def batch(small_speech):
    rng = np.random.default_rng(0)
    windows = rng.normal(size=(COUNT, 11, 4)) * small_speech.mfcc_std
    return {
        "image": tf.constant(rng.uniform(-1, 1, (COUNT, 32, 32, 3)), "float32"),
        "mfcc": tf.constant(windows + small_speech.mfcc_mean, "float32"),
        "clip": tf.constant(CLIPS),
    }


def draws(seed=0, coins=0.0):
    rng = np.random.default_rng(seed)
    directions = rng.normal(size=(16, LATENT_DIM))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    arrays = (
        rng.uniform(-1, 1, (COUNT, LATENT_DIM)),
        np.full(COUNT, coins),
        rng.uniform(-1, 1, (8 * COUNT, LATENT_DIM)),
        directions,
        rng.normal(size=(COUNT, LATENT_DIM)),
    )
    return Draws(*(tf.constant(a, "float32") for a in arrays))


def terms_of(generator, batch, critic=None, drawn=None, **objective):
    pairing = Pairing(generator, critic, ObjectiveConfig(**objective))
    return pairing.generate(batch, drawn or draws())


def painted(monkeypatch, generator):
    """What z the generator is asked to paint, call by call."""
    asked = []
    paint = generator.paint

    def spy(noise, sound):
        asked.append(None if noise is None else np.array(noise))
        return paint(noise, sound)

    monkeypatch.setattr(generator, "paint", spy)
    return asked


# Which terms there are


@pytest.mark.parametrize("kind", WITH_SOUND)
def test_with_everything_off_there_are_faces_and_no_terms(
    generators, batch, kind
):
    fakes, terms = terms_of(generators[kind], batch)
    assert fakes.shape == (COUNT, 32, 32, 3)
    assert terms == {}


@pytest.mark.parametrize("kind", WITH_SOUND)
@pytest.mark.parametrize("name", OFF)
def test_each_term_appears_where_it_is_switched_on(
    generators, batch, kind, name
):
    _, terms = terms_of(generators[kind], batch, **{**OFF, name: 0.5})
    if name in OF_LOOKS and kind == "audio":
        assert terms == {}
    else:
        assert list(terms) == [name]
        assert float(terms[name]) > 0


@pytest.mark.parametrize("kind", WITH_SOUND)
def test_sync_is_there_where_there_is_a_critic(generators, critic, batch, kind):
    _, terms = terms_of(generators[kind], batch, critic)
    assert list(terms) == ["sync"]
    # Of six mouths that no critic tells apart yet.
    assert float(terms["sync"]) > 0.5 * np.log(COUNT)


def test_terms_come_unweighted(generators, batch):
    generator = generators["audio+noise"]
    once = terms_of(generator, batch, **dict.fromkeys(OFF, 1.0))[1]
    often = terms_of(generator, batch, **dict.fromkeys(OFF, 100.0))[1]
    assert once.keys() == often.keys() == OFF.keys()
    for name in OFF:
        assert float(once[name]) == float(often[name])


# z and mates


def test_audio_has_no_z(generators, batch, monkeypatch):
    generator = generators["audio"]
    fakes, _ = terms_of(generator, batch, code_anchor=1.0)
    others, _ = terms_of(generator, batch, drawn=draws(1, 0.9), code_anchor=1.0)
    np.testing.assert_array_equal(fakes, others)
    asked = painted(monkeypatch, generator)
    terms_of(generator, batch)
    assert asked == [None]


def looks_and_asked(generators, batch, monkeypatch, kind, **objective):
    """The looks of the batch, then the free and the anchored z."""
    generator = generators[kind]
    asked = painted(monkeypatch, generator)
    terms_of(generator, batch, drawn=draws(coins=0.4), **objective)
    ((free, anchors),) = (np.split(z, 2) for z in asked)
    return np.array(generator.look(batch["image"])), free, anchors


def find(code, looks):
    (where,) = np.nonzero(np.abs(looks - code).max(axis=1) < 1e-6)
    assert len(where) == 1
    return int(where[0])


@pytest.mark.parametrize("kind", WITH_LOOK)
def test_a_mate_is_another_frame_of_the_clip(
    generators, batch, monkeypatch, kind
):
    looks, _, anchors = looks_and_asked(
        generators, batch, monkeypatch, kind, mate_share=1.0
    )
    for i, anchor in enumerate(anchors):
        mate = find(anchor, looks)
        assert CLIPS[mate] == CLIPS[i]
        # The fourth frame is alone in its clip.
        assert (mate == i) == (i == 3)


@pytest.mark.parametrize("kind", WITH_LOOK)
@pytest.mark.parametrize("share", [0.0, 0.3])
def test_frames_whose_coin_says_so_keep_their_own_code(
    generators, batch, monkeypatch, kind, share
):
    looks, _, anchors = looks_and_asked(
        generators, batch, monkeypatch, kind, mate_share=share
    )
    np.testing.assert_allclose(anchors, looks, atol=1e-6)


def test_noise_is_the_free_z_of_audio_and_noise(generators, batch, monkeypatch):
    _, free, _ = looks_and_asked(generators, batch, monkeypatch, "audio+noise")
    np.testing.assert_array_equal(free, draws().noise)


def test_a_mate_is_the_free_z_of_audio_and_face(generators, batch, monkeypatch):
    looks, free, _ = looks_and_asked(
        generators, batch, monkeypatch, "audio+face"
    )
    mates = [find(code, looks) for code in free]
    assert [int(CLIPS[m]) for m in mates] == CLIPS.tolist()
    assert [m == i for i, m in enumerate(mates)] == [i == 3 for i in range(6)]


@given(st.lists(st.integers(0, 3), min_size=2, max_size=12))
@settings(max_examples=60)
def test_mates_are_of_the_clip_and_no_frame_is_its_own(clips):
    clips = np.array(clips)
    codes = np.arange(len(clips), dtype=np.float32)[:, None]
    mates, has_mate = pairing_module._of_mates(codes, clips)
    mates = np.array(mates)[:, 0].astype(int)
    own = np.arange(len(clips))
    np.testing.assert_array_equal(clips[mates], clips)
    np.testing.assert_array_equal(mates != own, np.array(has_mate) == 1)
    neighbours = (np.roll(clips, 1) == clips) | (np.roll(clips, -1) == clips)
    np.testing.assert_array_equal(np.array(has_mate) == 1, neighbours)


# What an error counts


def anchor_of(generators, batch, monkeypatch, images, **objective):
    """The anchor against faces of 0, whatever they are made from."""
    generator = generators["audio+noise"]
    monkeypatch.setattr(
        generator, "paint", lambda z, _: tf.zeros((len(z), 32, 32, 3))
    )
    batch = {**batch, "image": tf.constant(images)}
    _, terms = terms_of(generator, batch, code_anchor=1.0, **objective)
    return float(terms["code_anchor"])


def faces_with(inside, outside):
    """Faces of which the mouth box and the rest are of one grey each."""
    images = np.full((COUNT, 32, 32, 3), outside, np.float32)
    images[:, 16:30, 8:24] = inside
    return images


INSIDE = 14 * 16 / 32**2
EYES = 2 * 5 * 7 / 32**2
"""With the eyes .3 apart and at .4 of 32 pixels."""


def test_an_error_in_the_mouth_box_counts_more(generators, batch, monkeypatch):
    received = anchor_of(
        generators, batch, monkeypatch, faces_with(0.5, 0.25), mouth_weight=3.0
    )
    expected = 3 * 0.5 * INSIDE + 0.25 * (1 - INSIDE)
    assert received == pytest.approx(expected, rel=1e-6)


def test_a_mate_error_counts_in_the_mouth_box_alone(
    generators, batch, monkeypatch
):
    received = anchor_of(
        generators, batch, monkeypatch, faces_with(0.5, 0.25), mate_share=1.0
    )
    # Five have mates; of the one that is alone, all of the face counts.
    expected = 0.5 * INSIDE + 0.25 * (1 - INSIDE) / 6
    assert received == pytest.approx(expected, rel=1e-6)


def test_an_error_in_the_eyes_counts_more_where_the_code_is_their_own(
    generators, batch, monkeypatch
):
    assert generators["audio+noise"].eyes.sum() == EYES * 32**2
    arguments = (generators, batch, monkeypatch, faces_with(0.5, 0.25))
    received = anchor_of(*arguments, eye_weight=9.0)
    plain = 0.5 * INSIDE + 0.25 * (1 - INSIDE)
    assert received == pytest.approx(plain + 8 * 0.25 * EYES, rel=1e-6)
    # One of six is alone: of the others no eye counts.
    received = anchor_of(*arguments, eye_weight=9.0, mate_share=1.0)
    mates = 0.5 * INSIDE + 0.25 * (1 - INSIDE) / 6
    assert received == pytest.approx(mates + 8 * 0.25 * EYES / 6, rel=1e-6)


def test_a_sound_alone_is_not_asked_about_eyes(generators, batch, monkeypatch):
    generator = generators["audio"]
    monkeypatch.setattr(
        generator, "paint", lambda _, s: tf.zeros((len(s), 32, 32, 3))
    )
    batch = {**batch, "image": tf.constant(faces_with(0.5, 0.25))}
    anchors = [
        float(terms_of(generator, batch, **objective)[1]["code_anchor"])
        for objective in (
            {"code_anchor": 1.0},
            {"code_anchor": 1.0, "eye_weight": 9.0},
        )
    ]
    assert anchors[0] == anchors[1] > 0


@pytest.mark.parametrize("norm", [1, 2])
def test_detail_is_of_pairs_and_of_free_faces_by_the_norm_asked_for(
    generators, batch, norm
):
    fakes, terms = terms_of(
        generators["audio"], batch, detail=1.0, detail_norm=norm
    )
    of_pairs = conditioning.detail_distance(batch["image"], fakes, norm)
    assert float(terms["detail"]) == pytest.approx(float(of_pairs), rel=1e-5)
    _, both = terms_of(
        generators["audio+noise"], batch, detail=1.0, detail_norm=norm
    )
    looks = generators["audio+noise"].encode(batch["image"])
    sound = generators["audio+noise"].hear(batch["mfcc"])
    paint = generators["audio+noise"].paint
    paired, free = paint(looks, sound), paint(draws().noise, sound)
    expected = conditioning.detail_distance(
        batch["image"], paired, norm
    ) + conditioning.mean_detail_distance(batch["image"], free, norm)
    assert float(both["detail"]) == pytest.approx(float(expected), rel=1e-5)


def test_a_fixed_pattern_is_told_by_true_pairs_alone(
    generators, batch, monkeypatch
):
    generator = generators["audio+noise"]
    monkeypatch.setattr(
        generator, "paint", lambda z, _: tf.zeros((len(z), 32, 32, 3))
    )
    images = faces_with(0.5, 0.25)
    images[::2, :, 16:] *= -1  # half of the faces: no pattern on that side
    images[3, :, :16] = -1  # the one that is alone
    batch = {**batch, "image": tf.constant(images)}

    def pattern(**objective):
        _, terms = terms_of(generator, batch, fixed_pattern=1.0, **objective)
        return float(terms["fixed_pattern"])

    left, box = 0.5, INSIDE / 2
    inside = abs(5 * 0.5 - 1) / 6 * box
    expected = inside + abs(5 * 0.25 - 1) / 6 * (left - box)
    assert pattern() == pytest.approx(expected, rel=1e-5)
    # All but one have mates: outside of the mouth it alone is left.
    expected = inside + 1.0 * (left - box) + 0.25 * (left - box)
    assert pattern(mate_share=1.0) == pytest.approx(expected, rel=1e-5)


def test_motion_is_that_of_mouths_within_clips(generators, batch, monkeypatch):
    generator = generators["audio"]
    fakes = np.zeros((COUNT, 32, 32, 3), np.float32)
    monkeypatch.setattr(generator, "paint", lambda *_: tf.constant(fakes))
    images = faces_with(0.0, 0.0)
    images[1, 16:30, 8:24] = 0.5  # of the first clip, against two others
    images[:, :8] = np.arange(COUNT)[:, None, None, None]  # no mouth
    images[3] = 1.0  # alone
    batch = {**batch, "image": tf.constant(images)}
    _, terms = terms_of(generator, batch, motion=1.0)
    # Of 3 * 2 + 2 ordered pairs four move by 0.5.
    assert float(terms["motion"]) == pytest.approx(0.5 * 4 / 8)


def test_sync_is_the_mean_of_free_and_anchored_faces(
    generators, critic, batch, monkeypatch
):
    generator = generators["audio+noise"]
    both = []
    paint = generator.paint

    def spy(noise, sound):
        both.append(paint(noise, sound))
        return both[-1]

    monkeypatch.setattr(generator, "paint", spy)
    _, terms = terms_of(generator, batch, critic)
    losses = []
    for images in tf.split(both[0], 2):
        mouths, sounds = critic({"image": images, "mfcc": batch["mfcc"]})
        loss = conditioning.contrastive_loss(mouths, sounds, critic.temperature)
        losses.append(float(loss))
    assert float(terms["sync"]) == pytest.approx(np.mean(losses), rel=1e-5)


# What the critic learns from


def test_without_a_critic_there_is_nothing_to_learn(generators, batch):
    pairing = Pairing(generators["audio"], None, ObjectiveConfig())
    assert float(pairing.critic_loss(batch)) == 0


def test_the_critic_learns_from_real_pairs_and_no_fakes(
    generators, critic, batch, monkeypatch
):
    pairing = Pairing(generators["audio"], critic, ObjectiveConfig())
    monkeypatch.setattr(generators["audio"], "paint", None)
    mouths, sounds = critic(batch)
    expected = conditioning.contrastive_loss(mouths, sounds, critic.temperature)
    assert float(pairing.critic_loss(batch)) == pytest.approx(
        float(expected), rel=1e-6
    )


def test_a_frame_that_is_the_whole_batch_has_no_mate():
    codes = np.ones((1, 3), np.float32)
    mates, has_mate = pairing_module._of_mates(codes, np.array([7], np.int64))
    np.testing.assert_array_equal(mates, codes)
    np.testing.assert_array_equal(has_mate, [0.0])


# The flow


@pytest.fixture
def flowing(small_speech):
    generator = Generator(
        32,
        4,
        LATENT_DIM,
        conditioning="audio+noise",
        speech=small_speech,
        look_flow=4,
        seed=1,
    )
    rng = np.random.default_rng(3)
    generator.flow.set_weights(
        [w + rng.normal(0, 0.1, w.shape) for w in generator.flow.get_weights()]
    )
    return generator


def test_where_there_is_a_flow_there_is_its_loss(flowing, generators, batch):
    asked = {"code_flow": 0.1}
    assert list(terms_of(flowing, batch, **asked)[1]) == ["code_flow"]
    assert terms_of(generators["audio+noise"], batch, **asked)[1] == {}


def test_the_flow_is_shown_the_codes_of_the_batch_and_around_them(
    flowing, batch
):
    codes = np.array(flowing.encode(batch["image"]))
    _, terms = terms_of(flowing, batch, code_flow=1.0)
    shown = codes + 0.05 * np.array(draws().jitter)
    assert float(terms["code_flow"]) == pytest.approx(
        float(flowing.flow.negative_log_likelihood(shown)), rel=1e-4
    )


def test_the_loss_of_the_flow_teaches_the_flow_alone(flowing, batch):
    with tf.GradientTape() as tape:
        _, terms = terms_of(flowing, batch, code_flow=1.0)
    weights = flowing.trainable_variables
    gradients = tape.gradient(terms["code_flow"], weights)
    for weight, gradient in zip(weights, gradients, strict=True):
        assert (gradient is not None) == ("flow" in weight.path), weight.path


def test_nothing_else_teaches_the_flow(flowing, critic, batch):
    with tf.GradientTape() as tape:
        fakes, terms = terms_of(
            flowing, batch, critic, **dict.fromkeys(OFF, 1.0)
        )
        del terms["code_flow"]
        total = tf.reduce_sum(fakes) + sum(terms.values())
    gradients = tape.gradient(total, flowing.flow.trainable_variables)
    assert gradients == [None] * len(gradients)


def test_fakes_have_the_code_of_their_z_and_anchors_that_of_the_face(
    flowing, batch, monkeypatch
):
    asked = painted(monkeypatch, flowing)
    _, terms = terms_of(flowing, batch, code_cycle=1.0)
    ((free, anchors),) = (np.split(z, 2) for z in asked)
    np.testing.assert_allclose(
        free, flowing.code_of(draws().noise), rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(
        anchors, flowing.encode(batch["image"]), rtol=1e-5, atol=1e-6
    )
    # A face is to show the code that it was made from.
    fakes, _ = terms_of(flowing, batch)
    expected = np.abs(np.array(flowing.encode(fakes)) - free).mean()
    assert float(terms["code_cycle"]) == pytest.approx(expected, rel=1e-4)
