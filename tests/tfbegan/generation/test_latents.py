"""Drawing z, walking through it, and finding it again."""

import numpy as np
import pytest

from tfbegan import Generator
from tfbegan.errors import ConfigError
from tfbegan.generation.latents import (
    LatentSearch,
    draw_latents,
    find_latent,
    interpolate,
)


def test_z_is_of_the_prior_and_of_the_seed():
    latents = draw_latents(1_000, 8, seed=1)
    assert latents.dtype == np.float32
    assert np.abs(latents).max() <= 1
    assert latents.std() == pytest.approx(1 / np.sqrt(3), abs=0.02)
    np.testing.assert_array_equal(latents, draw_latents(1_000, 8, seed=1))
    assert np.abs(latents - draw_latents(1_000, 8, seed=2)).max() > 0.5


def test_the_i_th_z_does_not_depend_on_how_many():
    np.testing.assert_array_equal(
        draw_latents(3, 8, seed=5), draw_latents(50, 8, seed=5)[:3]
    )


def test_truncation_draws_the_same_z_nearer_to_the_middle():
    whole = draw_latents(1_000, 8, seed=1)
    np.testing.assert_array_equal(whole, draw_latents(1_000, 8, 1, 1.0))
    before = whole
    for truncation in (0.9, 0.5, 0.1):
        nearer = draw_latents(1_000, 8, 1, truncation)
        assert nearer.dtype == np.float32
        assert (np.abs(nearer) <= np.abs(before)).all()
        assert (np.sign(nearer) == np.sign(whole)).all()
        before = nearer
    assert not draw_latents(5, 8, 1, 0.0).any()


def test_truncation_scales_what_a_flow_begins_with():
    from tfbegan.layers.flow import Flow

    flow = Flow(seed=0)  # untrained: logistic, in another order
    whole = np.array(flow(draw_latents(200, 8, seed=1)))
    half = np.array(flow(draw_latents(200, 8, 1, 0.5)))
    np.testing.assert_allclose(half, whole / 2, atol=2e-3)


@pytest.mark.parametrize("truncation", [-0.1, 1.1, float("nan")])
def test_a_truncation_that_is_none_is_refused(truncation):
    with pytest.raises(ConfigError, match=f"Received: {truncation}"):
        draw_latents(2, 8, 0, truncation)


@pytest.mark.parametrize(("n", "seed"), [(0, 0), (-1, 0), (10**9, 0), (1, -1)])
def test_senseless_numbers_are_refused(n, seed):
    with pytest.raises(ConfigError, match="Received"):
        draw_latents(n, 8, seed)


def test_the_way_is_straight_and_has_both_ends():
    first, last = np.zeros(4), np.ones(4)
    path = interpolate(first, last, 5)
    np.testing.assert_allclose(path[:, 0], [0, 0.25, 0.5, 0.75, 1])
    for steps in (1, 100_001):
        with pytest.raises(ConfigError, match=r"path must be in \[2, 100000"):
            interpolate(first, last, steps)


@pytest.mark.parametrize("steps", [0, 100_001])
def test_a_search_takes_a_number_of_steps_that_makes_sense(steps):
    with pytest.raises(ConfigError, match=r"search must be in \[1, 100000"):
        LatentSearch(steps=steps)


@pytest.mark.slow
def test_the_search_finds_the_z_of_a_generated_face():
    """The best-known public code runs zero steps of this."""
    generator = Generator(32, filters=8, latent_dim=4, seed=2)
    scaled = [4 * w for w in generator.decoder.to_map.get_weights()]
    generator.decoder.to_map.set_weights(scaled)  # so that z shows
    truth = draw_latents(1, 4, seed=9)
    image = np.array(generator(truth))[0]
    others = np.array(generator(draw_latents(64, 4, seed=1)))
    of_the_mean = np.abs(image - others.mean(axis=0)).mean()
    of_the_nearest = np.abs(image - others).mean(axis=(1, 2, 3)).min()

    latent, error = find_latent(generator, image, LatentSearch(steps=300))
    assert error < 0.1 * of_the_nearest
    assert error < 0.1 * of_the_mean
    found = np.array(generator(latent[None]))[0]
    assert np.abs(found - image).mean() == pytest.approx(error, rel=0.05)
    np.testing.assert_allclose(latent, truth[0], atol=0.05)
