"""Two-way shares on layouts whose answer is known."""

import math
from dataclasses import astuple

import numpy as np
import pytest

from tfbegan.evaluation.variance_shares import TwoWayLayout, within_share

RNG = np.random.default_rng(0)


def test_the_shares_of_a_sum_are_those_of_its_parts():
    latent = np.array([-1.0, 1.0])
    audio = np.array([-2.0, 2.0, -2.0, 2.0])
    shares = TwoWayLayout.of(latent[:, None] + audio[None]).shares()
    received = (shares.latent, shares.audio, shares.interaction)
    assert received == pytest.approx((0.2, 0.8, 0))


def test_only_sound_only_latent_and_only_both():
    audio = np.repeat(RNG.normal(size=(1, 6, 5)), 4, axis=0)
    assert TwoWayLayout.of(audio).shares().audio == pytest.approx(1)
    latent = np.repeat(RNG.normal(size=(4, 1, 5)), 6, axis=1)
    assert TwoWayLayout.of(latent).shares().latent == pytest.approx(1)
    product = np.outer([-1, 1], [-1, 1])
    assert TwoWayLayout.of(product).shares().interaction == pytest.approx(1)


def test_a_collapsed_generator_has_no_shares():
    shares = TwoWayLayout.of(np.ones((3, 4, 8, 8, 3))).shares()
    assert math.isnan(shares.audio)
    assert math.isnan(shares.latent)


@pytest.mark.parametrize("seed", range(4))
def test_sounds_drawn_again_are_those_of_a_layout_of_them(seed):
    rng = np.random.default_rng(seed)
    cells = 50 + rng.normal(size=(5, 7, 3, 2))
    drawn = rng.integers(0, 7, 9)
    shares = TwoWayLayout.of(cells).shares(drawn)
    chosen = cells[:, drawn]
    grand = chosen.mean(axis=(0, 1))
    total = ((chosen - grand) ** 2).sum()
    latent = 9 * ((chosen.mean(axis=1) - grand) ** 2).sum() / total
    audio = 5 * ((chosen.mean(axis=0) - grand) ** 2).sum() / total
    assert shares.latent == pytest.approx(latent)
    assert shares.audio == pytest.approx(audio)
    assert sum(astuple(shares)) == pytest.approx(1)


def test_within_share_is_of_what_changes_in_a_clip():
    clips = [np.array([[0.0], [2.0]]), np.array([[10.0], [12.0]])]
    assert within_share(clips) == pytest.approx(4 / 104)
    assert within_share([np.array([[0.0], [2.0]])] * 2) == 1
