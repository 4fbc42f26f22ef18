"""What a step draws."""

import numpy as np
import pytest
import tensorflow as tf

from tfbegan.models import noise as noise_module
from tfbegan.models.noise import StepNoise


@pytest.fixture
def step():
    return tf.Variable(0, dtype=tf.int64)


def everything(noise):
    return [
        np.array(values)
        for values in (
            noise.latents(6),
            *noise.prior(6),
            noise.coins(6),
            noise.jitter(6),
        )
    ]


def test_equal_seeds_and_steps_draw_the_same(step):
    first, second = (everything(StepNoise(3, step, 8)) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def test_another_step_and_another_seed_draw_otherwise(step):
    first = everything(StepNoise(3, step, 8))
    other_seed = everything(StepNoise(4, step, 8))
    step.assign_add(1)
    other_step = everything(StepNoise(3, step, 8))
    for others in (other_seed, other_step):
        for a, b in zip(first, others, strict=True):
            assert a.shape == b.shape
            assert np.abs(a - b).max() > 0.1


def test_shapes_ranges_and_that_no_purpose_has_the_numbers_of_another(step):
    latents, prior, directions, coins, jitter = everything(
        StepNoise(3, step, 8)
    )
    assert latents.shape == jitter.shape == (6, 8)
    assert prior.shape == (48, 8)
    assert coins.shape == (6,)
    for values, low in ((latents, -1), (prior, -1), (coins, 0)):
        assert values.min() >= low
        assert values.max() <= 1
    lengths = np.linalg.norm(directions, axis=1)
    np.testing.assert_allclose(lengths, 1, atol=1e-6)
    assert np.abs(directions.mean(axis=0)).max() < 0.1
    # One seed begins with the same numbers, whatever the shape.
    assert np.abs(latents - prior[:6]).max() > 0.1
    assert np.abs((latents.ravel()[:6] + 1) / 2 - coins).max() > 0.1
    jitter /= np.linalg.norm(jitter, axis=1, keepdims=True)
    assert np.abs(jitter - directions[:6]).max() > 0.1


def test_replicas_get_rows_of_their_own_and_the_same_directions(
    step, monkeypatch
):
    """As the second of two replicas would; two real ones: test_replicas."""

    def second_of_two(draw, count):
        return draw(2 * count)[count:]

    whole = StepNoise(3, step, 8)
    latents, (prior, directions) = whole.latents(12), whole.prior(12)
    coins, jitter = whole.coins(12), whole.jitter(12)
    monkeypatch.setattr(noise_module, "rows_of_replica", second_of_two)
    mine = everything(StepNoise(3, step, 8))
    expected = latents[6:], prior[48:], directions, coins[6:], jitter[6:]
    for a, b in zip(expected, mine, strict=True):
        np.testing.assert_array_equal(np.array(a), b)
