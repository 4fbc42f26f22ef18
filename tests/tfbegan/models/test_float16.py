"""Half precision with few exponents: losses are scaled, and nothing else."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfbegan import BEGAN, ModelConfig, ObjectiveConfig

ARCHITECTURE = ModelConfig(image_size=32, filters=4, latent_dim=8)
OBJECTIVE = ObjectiveConfig(
    code_constraint=0.1, code_cycle=0.1, code_anchor=1.0, code_prior=0.5
)


def faces():
    rng = np.random.default_rng(0)
    return tf.constant(rng.uniform(-1, 1, (4, 32, 32, 3)), tf.float32)


def trained(dtype, steps=3, scales=None):
    model = BEGAN(ARCHITECTURE, OBJECTIVE, seed=1, dtype=dtype)
    model.compile(learning_rate=1e-3, beta_1=0.9, clip_norm=1.0)
    model.k.assign(0.5)
    if scales is not None:
        model.discriminator_optimizer.dynamic_scale.assign(scales[0])
        model.generator_optimizer.dynamic_scale.assign(scales[1])
    for _ in range(steps):
        logs = model.train_step(faces())
    return model, {name: float(value[0]) for name, value in logs.items()}


@pytest.mark.slow
def test_it_learns_what_float32_learns():
    """However unlike the scales of the two optimizers are."""
    exact, in_full = trained("float32")
    half, in_half = trained("mixed_float16", scales=(2.0**4, 2.0**9))
    assert all(np.isfinite(value) for value in in_half.values())
    assert in_half == pytest.approx(in_full, rel=0.02, abs=0.002)
    for name in ("generator", "discriminator"):
        moved = [
            np.concatenate([w.numpy().ravel() for w in network.weights])
            for network in (getattr(exact, name), getattr(half, name))
        ]
        start = getattr(BEGAN(ARCHITECTURE, OBJECTIVE, seed=1), name)
        start = np.concatenate([w.numpy().ravel() for w in start.weights])
        by_full, by_half = moved[0] - start, moved[1] - start
        cosine = (
            by_full
            @ by_half
            / np.sqrt((by_full @ by_full) * (by_half @ by_half))
        )
        assert cosine > 0.98
    assert half.generator.weights[0].dtype == "float32"


@pytest.mark.slow
def test_a_step_that_overflows_is_left_out_and_the_scale_falls():
    start = BEGAN(ARCHITECTURE, OBJECTIVE, seed=1)
    model, _ = trained("mixed_float16", steps=1, scales=(2.0**40, 2.0**40))
    for name in ("generator", "discriminator"):
        for before, after in zip(
            getattr(start, name).weights,
            getattr(model, name).weights,
            strict=True,
        ):
            np.testing.assert_array_equal(before, after)
        scale = getattr(model, f"{name}_optimizer").dynamic_scale
        assert float(scale) == 2.0**39


@pytest.mark.slow
def test_scales_and_slots_are_saved(tmp_path):
    model, _ = trained("mixed_float16", steps=1, scales=(2.0**4, 2.0**9))
    model.learning_rate = 0.0005
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for name in ("generator_optimizer", "discriminator_optimizer"):
        pairs = zip(
            getattr(model, name).variables,
            getattr(loaded, name).variables,
            strict=True,
        )
        for before, after in pairs:
            np.testing.assert_array_equal(before, after)
    assert float(loaded.generator_optimizer.dynamic_scale) == 2.0**9
    assert loaded.learning_rate == pytest.approx(0.0005)
