"""Measures of pixels, against the slow way to compute them."""

import itertools

import numpy as np
import pytest

from tfbegan.config import FaceConfig
from tfbegan.evaluation.regions import (
    MouthBox,
    change_over_time,
    mean_pairwise_distance,
    sharpness,
)

IMAGES = np.random.default_rng(0).uniform(-1, 1, (6, 8, 8, 3))


def test_mean_pairwise_distance_is_that_of_all_pairs():
    pairs = itertools.combinations(IMAGES, 2)
    expected = np.mean([np.abs(a - b).mean() for a, b in pairs])
    assert mean_pairwise_distance(IMAGES) == pytest.approx(expected)
    assert mean_pairwise_distance(IMAGES[:1].repeat(4, 0)) == pytest.approx(0)


def test_change_over_time_is_of_neighbours():
    ramp = np.arange(5.0)[:, None] * np.ones((5, 7))
    assert change_over_time(ramp) == 1


def test_sharpness_knows_no_level_and_squares_the_contrast():
    assert sharpness(np.full((2, 8, 8, 3), 0.4)) == pytest.approx(0)
    expected = sharpness(IMAGES)
    assert sharpness(0.5 * IMAGES + 0.2) == pytest.approx(expected / 4)
    edge = np.zeros((1, 8, 8, 3))
    edge[:, :, 4:] = 1
    soft = edge.copy()
    soft[:, :, 4] = 0.5
    assert sharpness(edge) > sharpness(soft) > 0


def test_inside_and_outside_of_the_mouth_are_all_pixels_once():
    box = MouthBox.of(FaceConfig(image_size=32))
    images = np.random.default_rng(1).uniform(size=(2, 5, 32, 32, 3))
    inside, outside = box.crop(images), box.outside(images)
    assert inside.shape[:2] == outside.shape[:2] == (2, 5)
    assert inside[0, 0].size + outside[0, 0].size == 32 * 32 * 3
    total = inside.sum() + outside.sum()
    assert total == pytest.approx(images.sum())
