"""Intervals over clips."""

import math

import numpy as np
import pytest

from tfbegan.evaluation.estimates import (
    UNDEFINED,
    mean_over_clips,
    over_two_sets,
    ratio_over_clips,
)


def test_the_interval_of_a_mean_is_about_two_standard_errors():
    values = np.random.default_rng(0).normal(3, 1, 100)
    estimate = mean_over_clips(values)
    assert estimate.value == pytest.approx(values.mean())
    assert estimate.high - estimate.low == pytest.approx(0.39, abs=0.08)
    assert estimate.low < estimate.value < estimate.high
    assert mean_over_clips(values) == estimate


def test_clips_without_a_figure_are_left_out():
    assert mean_over_clips(np.array([1, np.nan, 3])).value == 2
    assert mean_over_clips(np.array([np.nan])) is UNDEFINED


def test_a_ratio_is_of_means_over_the_same_clips():
    below = np.array([1.0, 2.0, 5.0])
    estimate = ratio_over_clips(3 * below, below)
    assert [estimate.value, estimate.low, estimate.high] == pytest.approx(
        [3] * 3
    )
    assert ratio_over_clips(below, np.zeros(3)) is UNDEFINED
    assert math.isnan(UNDEFINED.value)


def test_two_sets_are_drawn_apart():
    first = np.random.default_rng(0).normal(3, 1, 100)
    second = np.random.default_rng(1).normal(1, 1, 50)
    estimate = over_two_sets(
        lambda one, other: first[one].mean() - second[other].mean(), 100, 50
    )
    assert estimate.value == pytest.approx(first.mean() - second.mean())
    # Two standard errors: of 100 and of 50, each with its own draw.
    width = 4 * np.hypot(1 / 10, 1 / 50**0.5)
    assert estimate.high - estimate.low == pytest.approx(width, abs=0.1)
