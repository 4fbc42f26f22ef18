"""What is called a collapse."""

import numpy as np
import pytest

from tfbegan.evaluation.audio_score import AudioScore
from tfbegan.training.alarm import collapse_of
from tfbegan.training.pictures import Look

PIXELS = np.zeros((64, 8, 8, 3), np.uint8)


def look_of(spread, movement=None, has_looks=True):
    score = None if movement is None else AudioScore(movement, 0.8, 1.0)
    return Look(
        PIXELS, PIXELS, spread, 0.5,
        score=score, sharpness=1.0, has_looks=has_looks,
    )  # fmt: skip


@pytest.mark.parametrize("movement", [None, 0.9])
def test_faces_that_are_the_same_are_told(movement):
    assert collapse_of(look_of(0.2, movement), 7) is None
    told = collapse_of(look_of(0.1, movement), 7)
    assert "the faces of step 7 are nearly all the same" in told
    assert "spread 0.100, real 0.500" in told
    preset = "small-data" if movement is None else "talking"
    assert told.endswith(f"--preset {preset}.")


def test_faces_of_the_sound_alone_need_not_differ_but_in_the_mouth():
    assert collapse_of(look_of(0.02, 0.9, has_looks=False), 7) is None
    assert collapse_of(look_of(0.02, None, has_looks=False), 7) is None
    told = collapse_of(look_of(0.02, 0.05, has_looks=False), 7)
    assert "the mouths of step 7 hardly move" in told
    assert "0.05 of the real movement" in told


def test_different_faces_that_ignore_the_sound_are_a_collapse_as_well():
    told = collapse_of(look_of(0.5, 0.05), 7)
    assert "the mouths of step 7 hardly move" in told


def test_one_pose_and_light_cost_no_quality_where_the_sound_is_all():
    varied, alike = (
        look_of(0.05, 0.9, has_looks=has_looks) for has_looks in (True, False)
    )
    assert alike.quality == pytest.approx(0.8 * 0.9)
    assert varied.quality == pytest.approx(0.1 * 0.8 * 0.9)
