"""Two-way shares on layouts whose answer is known."""

import math

import numpy as np
import pytest

from tfbegan.evaluation.variance_shares import two_way_shares, within_share

RNG = np.random.default_rng(0)


def test_the_shares_of_a_sum_are_those_of_its_parts():
    latent = np.array([-1.0, 1.0])
    audio = np.array([-2.0, 2.0, -2.0, 2.0])
    shares = two_way_shares(latent[:, None] + audio[None])
    received = (shares.latent, shares.audio, shares.interaction)
    assert received == pytest.approx((0.2, 0.8, 0))


def test_only_sound_only_latent_and_only_both():
    audio = np.repeat(RNG.normal(size=(1, 6, 5)), 4, axis=0)
    assert two_way_shares(audio).audio == pytest.approx(1)
    latent = np.repeat(RNG.normal(size=(4, 1, 5)), 6, axis=1)
    assert two_way_shares(latent).latent == pytest.approx(1)
    product = np.outer([-1, 1], [-1, 1])
    assert two_way_shares(product).interaction == pytest.approx(1)


def test_a_collapsed_generator_has_no_shares():
    shares = two_way_shares(np.ones((3, 4, 8, 8, 3)))
    assert math.isnan(shares.audio)
    assert math.isnan(shares.latent)


def test_within_share_is_of_what_changes_in_a_clip():
    clips = [np.array([[0.0], [2.0]]), np.array([[10.0], [12.0]])]
    assert within_share(clips) == pytest.approx(4 / 104)
    assert within_share([np.array([[0.0], [2.0]])] * 2) == 1
