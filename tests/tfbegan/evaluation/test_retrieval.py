"""Line-ups of sounds."""

import numpy as np
import pytest

from tfbegan.errors import DatasetError
from tfbegan.evaluation.retrieval import (
    CHANCE,
    by_clip,
    draw_lineups,
    hits,
)


def test_a_lineup_is_four_far_frames_of_each_of_four_clips():
    lengths = [40, 20, 60, 12, 33, 75]
    lineups = draw_lineups(lengths, rounds=3, seed=0)
    assert set(lineups.clips.ravel()) == set(range(6))
    for clips, frames in zip(lineups.clips, lineups.frames, strict=True):
        assert len(set(clips)) == 4
        for clip in set(clips):
            chosen = frames[clips == clip]
            assert len(chosen) == 4
            assert (np.diff(chosen) == lengths[clip] // 4).all()
            assert chosen[0] >= 0 and chosen[-1] < lengths[clip]


def test_too_few_clips_are_told():
    with pytest.raises(DatasetError, match="4 held-out clips"):
        draw_lineups([40, 40, 40], 1, 0)


def test_true_pairs_are_found_and_one_face_for_all_is_a_guess():
    sounds = np.random.default_rng(0).normal(size=(64, 8))
    sounds /= np.linalg.norm(sounds, axis=1, keepdims=True)
    assert hits(sounds, sounds).all()
    collapsed = sounds[:1].repeat(64, axis=0)
    assert hits(collapsed, sounds).mean() == CHANCE


def test_hits_are_counted_by_clip():
    lineups = draw_lineups([40] * 4, rounds=2, seed=0)
    clips, _ = lineups.moments
    rates = by_clip(clips == 2, lineups)
    np.testing.assert_array_equal(rates, [0, 0, 1, 0])
