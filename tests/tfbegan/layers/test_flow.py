"""An invertible map: its inverse, its density, and what it learns."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfbegan.errors import ConfigError
from tfbegan.layers.flow import Flow

RNG = np.random.default_rng(0)
WIDTHS = [2, 3, 8, 32]


def built(width, couplings=4, scale=0.3, seed=1):
    """A flow that is no longer the one it starts as."""
    flow = Flow(couplings, hidden_units=8, seed=seed)
    flow.build((None, width))
    rng = np.random.default_rng(seed)
    flow.set_weights(
        [w + rng.normal(0, scale, w.shape) for w in flow.get_weights()]
    )
    return flow


def uniform(count, width):
    return RNG.uniform(-0.99, 0.99, (count, width)).astype(np.float32)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_new_flow_has_the_deviation_of_z(width):
    flow = Flow(seed=1)
    noise = RNG.uniform(-1, 1, (20_000, width)).clip(-0.9999, 0.9999)
    codes = np.array(flow(noise.astype(np.float32)))
    expected = 2 / np.pi * np.arctanh(noise)
    np.testing.assert_allclose(
        np.sort(codes, axis=1), np.sort(expected, axis=1), atol=2e-3
    )
    np.testing.assert_allclose(codes.std(axis=0), 3**-0.5, rtol=0.05)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_inverse_gives_z_back_and_codes_back(width):
    flow = built(width)
    noise = uniform(50, width)
    codes = np.array(flow(noise))
    assert np.abs(codes - np.array(Flow(seed=1)(noise))).max() > 0.1
    np.testing.assert_allclose(flow.invert(codes), noise, atol=1e-3)
    again = flow(flow.invert(codes))
    np.testing.assert_allclose(again, codes, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("edge", [1.0, -1.0, 5.0])
def test_the_edge_of_the_cube_has_a_code(edge):
    flow = built(8)
    noise = uniform(5, 8)
    noise[:, 3] = edge
    codes = np.array(flow(noise))
    assert np.isfinite(codes).all()
    assert np.abs(np.array(flow.invert(codes))).max() <= 1


@pytest.mark.parametrize("width", [2, 3, 8])
def test_the_likelihood_is_that_of_a_change_of_variables(width):
    """p(code) = (1/2)^h |det dz/dcode|, by the Jacobian of the inverse."""
    flow = built(width, scale=0.2)
    codes = tf.constant(flow(0.9 * uniform(4, width)))
    with tf.GradientTape() as tape:
        tape.watch(codes)
        noise = flow.invert(codes)
    jacobians = np.array(tape.batch_jacobian(noise, codes), np.float64)
    log_volumes = np.linalg.slogdet(jacobians)[1]
    expected = np.mean(width * np.log(2) - log_volumes) / width
    received = float(flow.negative_log_likelihood(codes))
    assert received == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("couplings", [2, 4])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_number_of_z_reaches_the_code(couplings, width):
    flow = built(width, couplings)
    noise = tf.constant(uniform(1, width))
    with tf.GradientTape() as tape:
        tape.watch(noise)
        codes = flow(noise)
    reached = np.abs(np.array(tape.jacobian(codes, noise)))[0, :, 0]
    assert (reached.max(axis=0) > 1e-4).all()
    # And of every code at least one number hangs on others.
    assert ((reached > 1e-6).sum(axis=1) > 1).sum() >= width // 2


def moons(count, rng):
    """Two thin bows, side by side: far from any box or ellipse."""
    angle = rng.uniform(0, np.pi, count)
    side = rng.integers(0, 2, count)
    points = np.stack(
        [np.cos(angle) + side - 0.5, np.sin(angle) * (1 - 2 * side)], axis=1
    )
    return (0.4 * points + rng.normal(0, 0.03, (count, 2))).astype(np.float32)


def distance_to(points, others):
    apart = np.linalg.norm(points[:, None] - others[None], axis=-1)
    return apart.min(axis=1)


def test_it_learns_where_the_codes_are():
    flow = Flow(8, hidden_units=32, seed=0)
    flow.build((None, 2))
    optimizer = keras.optimizers.Adam(3e-3)
    rng = np.random.default_rng(0)

    @tf.function
    def learn(codes):
        with tf.GradientTape() as tape:
            loss = flow.negative_log_likelihood(codes)
        weights = flow.trainable_variables
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    noise = rng.uniform(-1, 1, (500, 2)).astype(np.float32)
    reals = moons(500, rng)
    before = np.array(flow(noise))
    losses = [float(learn(tf.constant(moons(128, rng)))) for _ in range(800)]
    after = np.array(flow(noise))
    assert np.mean(losses[-50:]) < np.mean(losses[:10]) - 0.5
    # What is drawn lies on the bows, and all of them is drawn.
    assert distance_to(after, reals).mean() < 0.03
    assert distance_to(after, reals).mean() < distance_to(before, reals).mean()
    assert distance_to(reals, after).mean() < 0.06
    # The z of codes fill the cube.
    np.testing.assert_allclose(
        flow.invert(reals).numpy().std(0), 0.577, atol=0.1
    )


def test_equal_seeds_give_equal_weights():
    flows = [Flow(seed=seed) for seed in (1, 1, 2)]
    for flow in flows:
        flow.build((None, 8))
    first, second, other = (flow.get_weights() for flow in flows)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.abs(first[2] - other[2]).max() > 0.01
    kernels = [w for w in first if w.shape == (64, 64)]
    assert len(kernels) == 6
    assert np.abs(kernels[0] - kernels[1]).max() > 0.01


@pytest.mark.parametrize("couplings", [-1, 0, 1])
def test_too_few_couplings_are_refused(couplings):
    with pytest.raises(ConfigError, match=r"2 couplings.*Received"):
        Flow(couplings)


def test_a_code_of_one_number_is_refused():
    with pytest.raises(ConfigError, match=r"2 numbers or more.*Received: 1"):
        Flow().build((None, 1))
