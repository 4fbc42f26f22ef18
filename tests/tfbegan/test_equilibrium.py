"""The mathematics against NumPy in float64 (hypothesis chooses the numbers)."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from keras.ops import convert_to_tensor as tensor

from tfbegan import equilibrium

errors = st.floats(0.0, 2.0, width=32)
unit = st.floats(0.0, 1.0, width=32)
gammas = st.floats(0.125, 1.0, width=32)
images = hnp.arrays(
    np.float32,
    (2, 4, 4, 3),
    elements=st.floats(-1.5, 1.5, width=32),
)
relative = pytest.approx


@given(images, images, st.sampled_from([1, 2]))
@settings(max_examples=50, deadline=None)
def test_reconstruction_error_is_the_mean_power(a, b, error_norm):
    received = float(equilibrium.reconstruction_error(a, b, error_norm))
    difference = np.abs(a.astype(np.float64) - b.astype(np.float64))
    expected = np.mean(difference**error_norm)
    assert received == relative(expected, rel=1e-6, abs=1e-9)


@given(unit, errors, errors, gammas, st.floats(0, 1, width=32))
@settings(max_examples=100, deadline=None)
def test_next_k_is_the_papers_update(k, real, fake, gamma, gain):
    received = float(
        equilibrium.next_k(
            np.float32(k), np.float32(real), np.float32(fake), gamma, gain
        )
    )
    expected = np.clip(k + gain * (gamma * real - fake), 0, 1)
    assert received == relative(expected, rel=1e-6, abs=1e-6)
    assert 0 <= received <= 1


@given(errors, errors, gammas)
@settings(max_examples=100, deadline=None)
def test_convergence_measure(real, fake, gamma):
    received = float(
        equilibrium.convergence_measure(
            np.float32(real), np.float32(fake), gamma
        )
    )
    expected = real + abs(gamma * real - fake)
    assert received == relative(expected, rel=1e-6, abs=1e-6)


@given(unit, errors, errors)
@settings(max_examples=50, deadline=None)
def test_losses(k, real, fake):
    assert float(
        equilibrium.discriminator_loss(
            np.float32(real), np.float32(fake), np.float32(k)
        )
    ) == relative(real - k * fake, rel=1e-6, abs=1e-6)
    assert float(equilibrium.generator_loss(np.float32(fake))) == fake


def test_k_stays_in_its_interval_over_500_sequences_with_inf_and_nan():
    generator = np.random.default_rng(0)
    real, fake = generator.lognormal(-1, 3, (2, 200, 500)).astype(np.float32)
    for errors_of_one in (real, fake):
        for value in (np.inf, np.nan):
            errors_of_one[generator.random(errors_of_one.shape) < 0.01] = value
    k = np.zeros(500, np.float32)
    seen = []
    for step in range(200):
        k = np.array(
            equilibrium.next_k(
                k, tensor(real[step]), tensor(fake[step]), 0.7, gain=0.05
            )
        )
        seen.append(k)
    seen = np.stack(seen)
    assert np.all((seen >= 0) & (seen <= 1))
    assert (seen == 0).any()
    assert (seen == 1).any()
    assert seen.std() > 0.1


def test_relative_gain_makes_k_independent_of_the_scale_of_the_errors():
    def moved(scale):
        real, fake = np.float32(0.2 * scale), np.float32(0.1 * scale)
        gain = equilibrium.relative_gain(0.01, real)
        return float(equilibrium.next_k(np.float32(0), real, fake, 0.7, gain))

    assert moved(1.0) == relative(0.01 * (0.7 - 0.5), rel=1e-5)
    assert moved(0.01) == relative(moved(1.0), rel=1e-5)


def test_carry_falls_from_one_to_zero():
    steps = np.array([0, 4_000, 8_000, 16_000, 99_999])
    received = [float(equilibrium.carry(s, 16_000)) for s in steps]
    assert received == [1.0, 0.75, 0.5, 0.0, 0.0]


def test_sliced_wasserstein_against_numpy():
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(6, 4))
    prior = rng.uniform(-1, 1, (18, 4))
    directions = rng.normal(size=(5, 4))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    expected = np.mean(
        [
            np.abs(
                np.sort(codes @ direction)
                - np.sort(prior @ direction).reshape(6, 3).mean(1)
            )
            for direction in directions
        ]
    )
    received = equilibrium.sliced_wasserstein(
        *(a.astype(np.float32) for a in (codes, prior, directions))
    )
    assert float(received) == relative(expected, rel=1e-5)


def test_sliced_wasserstein_is_least_for_codes_drawn_from_the_prior():
    rng = np.random.default_rng(0)

    def distance(codes):
        prior = rng.uniform(-1, 1, (8 * len(codes), 8))
        directions = np.eye(8)
        return float(
            equilibrium.sliced_wasserstein(
                *(a.astype(np.float32) for a in (codes, prior, directions))
            )
        )

    drawn = rng.uniform(-1, 1, (256, 8))
    assert distance(drawn) < 0.1
    assert distance(0.3 * drawn) > 3 * distance(drawn)
    assert distance(drawn + 0.5) > 3 * distance(drawn)


def test_code_distance():
    codes, noise = np.zeros((3, 4), np.float32), np.full((3, 4), -0.5)
    assert float(equilibrium.code_distance(codes, noise)) == 0.5


@given(images, st.sampled_from([0.0, 0.25, 1.0, 3.0]))
@settings(max_examples=25, deadline=None)
def test_scaling_a_gradient_keeps_the_values(values, scale):
    variable = tf.Variable(values)
    with tf.GradientTape() as tape:
        scaled = equilibrium.scale_gradient(variable * 1.0, scale)
        total = tf.reduce_sum(2.0 * scaled)
    np.testing.assert_allclose(scaled, values, rtol=1e-6, atol=1e-6)
    gradient = np.array(tape.gradient(total, variable))
    np.testing.assert_array_equal(gradient, np.full_like(values, 2 * scale))
