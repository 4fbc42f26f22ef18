"""The sync critic looks at mouths alone and learns which sound is theirs."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfbegan import conditioning
from tfbegan.models.sync_critic import SyncCritic

RNG = np.random.default_rng(0)
ROWS, COLUMNS = slice(16, 30), slice(8, 24)
"""The mouth box of `small_speech` at 32 pixels."""


@pytest.fixture
def critic(small_speech):
    return SyncCritic(32, small_speech, filters=4, embedding_dim=8, seed=1)


def faces(count, rng=RNG):
    return rng.uniform(-1, 1, (count, 32, 32, 3)).astype(np.float32)


def sounds(count, speech, rng=RNG):
    normalised = rng.normal(size=(count, 11, 4))
    raw = normalised * speech.mfcc_std + speech.mfcc_mean
    return raw.astype(np.float32)


def pairs(count, speech, rng=RNG):
    return {"image": faces(count, rng), "mfcc": sounds(count, speech, rng)}


def test_embeddings_have_length_one(critic, small_speech):
    for embeddings in critic(pairs(5, small_speech)):
        assert embeddings.shape == (5, 8)
        assert embeddings.dtype == "float32"
        lengths = np.linalg.norm(embeddings, axis=1)
        np.testing.assert_allclose(lengths, 1, rtol=1e-5)


def test_only_the_mouth_box_is_looked_at(critic):
    assert (critic.rows, critic.columns) == (ROWS, COLUMNS)
    images = tf.constant(faces(2))
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(critic.embed_mouths(images)[:, :3])
    gradient = np.array(tape.gradient(total, images))
    inside = gradient[:, ROWS, COLUMNS].copy()
    gradient[:, ROWS, COLUMNS] = 0
    assert not gradient.any()
    assert (np.abs(inside).max(axis=(0, 3)) > 0).all()


def test_windows_are_normalised_inside(critic, small_speech):
    raw = sounds(3, small_speech)
    plain = SyncCritic.from_config(
        {
            **critic.get_config(),
            "speech": small_speech.replace(
                mfcc_mean=(0.0,) * 4, mfcc_std=(1.0,) * 4
            ).to_dict(),
        }
    )
    normalised = (raw - small_speech.mfcc_mean) / small_speech.mfcc_std
    np.testing.assert_allclose(
        critic.embed_sounds(raw),
        plain.embed_sounds(normalised.astype(np.float32)),
        atol=1e-5,
    )


def test_half_precision_hears_the_decimals_of_raw_windows(small_speech):
    """At -300 bfloat16 tells only even numbers apart."""
    speech = small_speech.replace(mfcc_std=(0.5, 30.0, 20.0, 10.0))
    critic = SyncCritic(32, speech, 4, 8, seed=1, dtype="mixed_bfloat16")
    windows = np.zeros((4, 11, 4), np.float32)
    windows[..., 0] = -299.5 + np.arange(4)[:, None] / 4
    windows[:, :5, 0] += 0.5
    _, heard = critic({"image": faces(4), "mfcc": windows})
    for i in range(3):
        assert np.abs(heard[i] - heard[i + 1]).max() > 0


def test_the_temperature_starts_at_a_tenth_and_has_a_floor(critic):
    assert float(critic.temperature) == pytest.approx(0.1)
    critic.log_temperature.assign(-10.0)
    assert float(critic.temperature) == pytest.approx(0.02)
    assert any(w is critic.log_temperature for w in critic.trainable_variables)


@pytest.mark.slow
def test_it_learns_to_pair_a_toy_set(critic, small_speech):
    """The mouth is as bright as c0 is loud; everything else is chance."""
    rng = np.random.default_rng(0)
    batch = pairs(64, small_speech, rng)
    loud = rng.permutation(np.linspace(-1, 1, 64))
    batch["mfcc"][:, :, 0] = -300 + 80 * loud[:, None]
    batch["image"][:, ROWS, COLUMNS] *= 0.1
    batch["image"][:, ROWS, COLUMNS] += 0.8 * loud[:, None, None, None]
    optimizer = keras.optimizers.Adam(3e-3)
    weights = critic.trainable_variables

    @tf.function
    def step(images, windows):
        with tf.GradientTape() as tape:
            embeddings = critic({"image": images, "mfcc": windows})
            loss = conditioning.contrastive_loss(
                *embeddings, critic.temperature
            )
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    losses = []
    for number in range(200):
        part = slice(8 * (number % 8), 8 * (number % 8) + 8)
        losses.append(
            float(step(*(tf.constant(batch[n][part]) for n in batch)))
        )
    # Chance is log 8. Sounds nearly as loud as each other stay mixed up:
    # six draws of the data ended between 0.7 and 1.5.
    assert np.mean(losses[:4]) > np.log(8)
    assert np.mean(losses[-8:]) < 0.8 * np.log(8)
    mouths, heard = (np.array(e) for e in critic(batch))
    similarities = mouths @ heard.T
    apart = np.abs(loud[:, None] - loud[None]) > 0.5
    of_pairs = np.diag(similarities)[:, None]
    assert (of_pairs > similarities)[apart].mean() > 0.95


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_save_and_load(small_speech, tmp_path, dtype):
    critic = SyncCritic(32, small_speech, 4, 8, seed=1, dtype=dtype)
    batch = pairs(3, small_speech)
    critic.log_temperature.assign(-1.5)
    critic.save(tmp_path / "critic.keras")
    loaded = keras.models.load_model(tmp_path / "critic.keras")
    assert loaded.speech == small_speech
    for a, b in zip(critic(batch), loaded(batch), strict=True):
        assert a.dtype == "float32"
        assert np.isfinite(np.array(a)).all()
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(critic.temperature, loaded.temperature)


def test_the_configuration_survives_json(critic):
    config = json.loads(json.dumps(critic.get_config()))
    again = SyncCritic.from_config(config)
    assert json.loads(json.dumps(again.get_config())) == config
    assert [w.shape for w in again.weights] == [w.shape for w in critic.weights]


def test_every_weight_is_there_before_the_first_call(critic, small_speech):
    built = len(critic.weights)
    critic(pairs(2, small_speech))
    assert len(critic.weights) == built


def test_equal_seeds_give_equal_weights_and_others_do_not(small_speech):
    a, b, c = (SyncCritic(32, small_speech, 4, 8, seed=s) for s in (1, 1, 2))
    for first, second in zip(a.weights, b.weights, strict=True):
        np.testing.assert_array_equal(first, second)
    for name in ("from_mouth", "from_sound"):
        first, other = (np.array(getattr(m, name).kernel) for m in (a, c))
        assert np.abs(first - other).max() > 0.01
