"""z walks slowly, smoothly, for ever, and never leaves the cube."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfbegan.errors import ConfigError
from tfbegan.generation.latents import draw_latents
from tfbegan.generation.pose import LookWalk, Pose, centre_of
from tfbegan.models.blinking import Blinking

CENTRE = draw_latents(1, 16, seed=3)[0]


@given(
    seed=st.integers(0, 2**40),
    movement=st.floats(0, 1),
    time_s=st.floats(0, 1e6),
)
def test_z_stays_in_the_cube_and_near_its_place(seed, movement, time_s):
    pose = Pose(CENTRE, movement, seed)
    latents = pose.at(np.array([time_s]))
    assert latents.shape == (1, 16)
    assert np.abs(latents).max() <= 1
    assert np.abs(latents - CENTRE).max() <= movement + 1e-6


def test_a_frame_does_not_depend_on_the_others():
    pose = Pose(CENTRE, 0.2, seed=1)
    times = np.arange(1_000) / 25
    whole = pose.at(times)
    np.testing.assert_array_equal(pose.at(times[700:710]), whole[700:710])
    again = Pose(CENTRE, 0.2, seed=1).at(times)
    np.testing.assert_array_equal(again, whole)
    assert np.abs(Pose(CENTRE, 0.2, seed=2).at(times) - whole).max() > 0.05


def test_it_moves_but_no_faster_than_it_says():
    pose = Pose(CENTRE, 0.2, seed=1)
    steps = np.abs(np.diff(pose.at(np.arange(20_000) / 25), axis=0))
    assert steps.max() <= pose.largest_speed / 25 + 1e-6
    assert pose.largest_speed / 25 < 0.02
    assert steps.mean() > 1e-4


def test_it_is_the_same_walk_at_any_time():
    pose = Pose(np.zeros(64), 0.2, seed=5)
    early = pose.at(np.arange(0, 2_000, 0.2))
    late = pose.at(np.arange(1e5, 1e5 + 2_000, 0.2))
    assert np.abs(early.mean(0)).max() < 0.02
    np.testing.assert_allclose(early.std(0), late.std(0), rtol=0.25)


def test_a_still_pose_stands_still():
    pose = Pose(CENTRE, 0.0, seed=1)
    np.testing.assert_array_equal(pose.at(np.arange(9.0)), CENTRE[None])
    assert pose.largest_speed == 0


def test_a_coordinate_beyond_the_cube_stays_where_it_is():
    pose = Pose(np.array([1.5, 0.0]), 0.5, seed=0)
    latents = pose.at(np.arange(100.0))
    assert (latents[:, 0] == 1.5).all()
    assert np.ptp(latents[:, 1]) > 0.3


class Flowing:
    """A generator whose codes are three times artanh(z), and its pose."""

    pose = np.array([[0.5, 0.0, 0.0], [0.0, 0.2, 0.0]], np.float32)
    blinking: Blinking | None = None

    def code_of(self, latents):
        return 3 * np.arctanh(latents)

    def latent_of(self, codes):
        return np.tanh(codes / 3).astype(np.float32)


def test_a_look_walks_as_far_as_in_footage_and_along_no_other_axis():
    model, centre = Flowing(), np.array([0.3, -0.5, 0.9])
    latents = LookWalk(model, centre, 1.0, seed=1).at(np.arange(0, 4_000, 0.2))
    assert latents.dtype == np.float32
    codes = model.code_of(latents) - model.code_of(centre)
    assert codes[:, 0].std() == pytest.approx(0.5, rel=0.05)
    assert codes[:, 1].std() == pytest.approx(0.2, rel=0.05)
    np.testing.assert_allclose(codes[:, 2], 0, atol=1e-4)
    half = LookWalk(model, centre, 0.5, seed=1).at(np.arange(9.0))
    whole = LookWalk(model, centre, 1.0, seed=1).at(np.arange(9.0))
    np.testing.assert_allclose(
        2 * (model.code_of(half) - model.code_of(centre)),
        model.code_of(whole) - model.code_of(centre),
        atol=1e-4,
    )


def test_a_look_s_frame_does_not_depend_on_the_others():
    walk = LookWalk(Flowing(), np.zeros(3), 1.0, seed=1)
    times = np.arange(1_000) / 25
    whole = walk.at(times)
    np.testing.assert_array_equal(walk.at(times[700:710]), whole[700:710])
    assert np.abs(np.diff(whole, axis=0)).max() < 0.05
    other = LookWalk(Flowing(), np.zeros(3), 1.0, seed=2).at(times)
    assert np.abs(other - whole).max() > 0.05


class Blinks(Flowing):
    """Shuts its eyes along the last number of its codes, which walks too."""

    pose = np.array([[0.5, 0.0, 0.0], [0.0, 0.2, 0.3]], np.float32)
    blinking = Blinking(
        shut=np.array([0, 0, 2], np.float32),
        telling=np.array([0, 0, 0.5], np.float32),
        open_at=0.1,
        per_minute=15.0,
    )


def lids_of(model, seed, times, centre=(0.0, 0.0, 0.0)):
    codes = model.code_of(
        LookWalk(model, np.array(centre), 1.0, seed).at(times)
    )
    return codes @ model.blinking.telling - model.blinking.open_at


@pytest.mark.parametrize("seed", range(3))
def test_a_look_blinks_as_often_as_the_footage(seed):
    times = np.arange(0, 600, 1 / 25)
    shut = lids_of(Blinks(), seed, times) > 0.5
    starts = times[1:][shut[1:] & ~shut[:-1]]
    assert len(starts) == pytest.approx(150, abs=2)
    apart = np.diff(starts)
    assert 0.45 < apart.min() < 1.5  # of four seconds on average
    assert 6 < apart.max() < 7.6
    assert 0.3 < apart.std() / apart.mean() < 0.5
    # A blink takes .3 s, of which the lids are nearly shut for a tenth.
    assert shut.mean() == pytest.approx(0.17 * 15 / 60, rel=0.3)


def test_lids_shut_wholly_and_open_wholly():
    lids = lids_of(Blinks(), 1, np.arange(0, 60, 1 / 200))
    assert lids.max() == pytest.approx(1, abs=0.02)
    assert np.median(lids) <= 1e-6
    assert np.abs(np.diff(lids)).max() < 0.15  # of the way in 5 ms


def test_who_was_drawn_with_shut_eyes_opens_them():
    shut = np.tanh(np.array([0, 0, 2.2]) / 3)
    lids = lids_of(Blinks(), 1, np.arange(0, 60, 1 / 25), shut)
    assert np.median(lids) == pytest.approx(0, abs=1e-6)


def test_a_blink_does_not_depend_on_the_frames_before():
    walk = LookWalk(Blinks(), np.zeros(3), 1.0, seed=1)
    times = np.arange(2_000) / 25
    whole = walk.at(times)
    parts = [walk.at(times[i : i + 32]) for i in range(0, 2_000, 32)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    late = walk.at(np.array([1e6]))  # after eleven days
    assert np.isfinite(late).all()


@pytest.mark.parametrize(("per_minute", "most"), [(0.0, 0), (120.0, 60)])
def test_nobody_blinks_who_never_did_nor_without_a_pause(per_minute, most):
    model = Blinks()
    model.blinking = dataclasses.replace(Blinks.blinking, per_minute=per_minute)
    lids = lids_of(model, 1, np.arange(0, 60, 1 / 100))
    shut = lids > 0.5
    assert (shut[1:] & ~shut[:-1]).sum() == most
    assert np.abs(np.diff(lids)).max() < 0.3  # in 10 ms: none is cut off


def test_the_seed_s_face_is_the_first_that_generate_draws():
    expected = draw_latents(5, 16, seed=9)[0]
    np.testing.assert_array_equal(centre_of(None, 16, seed=9), expected)
    nearer = draw_latents(5, 16, 9, 0.4)[0]
    np.testing.assert_array_equal(centre_of(None, 16, 9, 0.4), nearer)
    np.testing.assert_array_equal(centre_of(CENTRE, 16, 9, 0.4), CENTRE)


@pytest.mark.parametrize(
    "call",
    [
        lambda: Pose(CENTRE, 1.5, 0),
        lambda: Pose(CENTRE, float("nan"), 0),
        lambda: LookWalk(Flowing(), np.zeros(3), 1.5, 0),
        lambda: LookWalk(Flowing(), np.zeros(3), 1.0, -1),
        lambda: centre_of(np.zeros(3), 16, 0),
        lambda: centre_of(np.full(16, np.nan), 16, 0),
        lambda: centre_of(None, 16, -1),
        lambda: centre_of(None, 16, 0, 2.0),
    ],
)
def test_nonsense_is_refused(call):
    with pytest.raises(ConfigError, match="Received"):
        call()


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_that_is_none_is_refused(seed):
    with pytest.raises(ConfigError, match=f"Received: {seed}"):
        Pose(np.zeros(4), 0.2, seed)
