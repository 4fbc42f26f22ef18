"""Whose face it is."""

import numpy as np
import pytest

from tfbegan.evaluation.likeness import found_rates, gallery_moments


def people(count, spread, seed=0):
    """Features of eight frames of each, around a place of each one's own."""
    rng = np.random.default_rng(seed)
    places = np.repeat(rng.normal(0, 1, (count, 12)), 8, axis=0)
    return places + rng.normal(0, spread, places.shape)


def test_the_moments_are_spread_over_every_clip():
    clips, frames = gallery_moments([8, 80])
    np.testing.assert_array_equal(clips, [0] * 8 + [1] * 8)
    np.testing.assert_array_equal(frames[:8], np.arange(8))
    np.testing.assert_array_equal(frames[8:], 5 + 10 * np.arange(8))


@pytest.mark.parametrize("count", [4, 16, 40])
def test_everybody_is_found_by_a_face_of_their_own(count):
    gallery = people(count, 0.01)
    np.testing.assert_allclose(found_rates(gallery, gallery), 1)


@pytest.mark.parametrize(("count", "chance"), [(4, 1 / 4), (40, 1 / 16)])
def test_one_face_for_all_is_a_guess(count, chance):
    gallery = people(count, 0.01)
    rates = found_rates(np.zeros_like(gallery), gallery)
    assert rates.mean() == pytest.approx(chance)


def test_strangers_are_a_guess():
    rates = found_rates(people(400, 0.3, seed=1), people(400, 0.3))
    assert rates.mean() == pytest.approx(1 / 16, abs=0.02)


def test_the_clip_s_face_is_compared_with_another_moment_of_it():
    # The second half of each clip shows somebody else.
    clips = people(20, 0.0).reshape(20, 8, -1)
    clips[:, 4:] = clips[::-1, 4:].copy()
    swapped = np.roll(clips, 4, axis=1)
    gallery, ours = (part.reshape(160, -1) for part in (clips, swapped))
    np.testing.assert_allclose(found_rates(ours, gallery), 1)
    assert found_rates(gallery, gallery).mean() < 0.1


def test_a_rate_is_the_mean_over_all_choices_of_others():
    # 1 of 20 others is nearer: it is left out of 15 in a quarter of choices.
    places = np.concatenate([[0, 0.5], 10 + np.arange(19)])[:, None]
    gallery = np.repeat(places, 8, axis=0)
    faces = gallery.copy()
    faces[:8] = 0.4
    assert found_rates(faces, gallery)[0] == pytest.approx(1 / 4)
