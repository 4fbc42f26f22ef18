"""What is called a collapse."""

import numpy as np
import pytest

from tfbegan.evaluation.audio_score import AudioScore
from tfbegan.training.alarm import collapses_of
from tfbegan.training.pictures import Look

PIXELS = np.zeros((64, 8, 8, 3), np.uint8)


def look_of(conditioning, spread, movement=None):
    score = None if movement is None else AudioScore(movement, 0.8, 1.0)
    return Look(
        PIXELS, PIXELS, spread, 0.5,
        score=score, sharpness=1.0, conditioning=conditioning,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("conditioning", "movement", "cure"),
    [
        ("noise", None, "--preset small-data."),
        ("audio+noise", 0.9, "--preset talking has both."),
        ("audio+noise", None, "--preset talking has both."),
        ("audio+face", 0.9, "--preset talking has both."),
    ],
)
def test_faces_that_are_the_same_are_told(conditioning, movement, cure):
    assert collapses_of(look_of(conditioning, 0.2, movement), 7) == {}
    told = collapses_of(look_of(conditioning, 0.1, movement), 7)
    assert told.keys() == {"faces"}
    assert "the faces of step 7 are nearly all the same" in told["faces"]
    assert "spread 0.100, real 0.500" in told["faces"]
    assert told["faces"].endswith(cure)


def test_faces_of_the_sound_alone_need_not_differ_but_in_the_mouth():
    assert collapses_of(look_of("audio", 0.02, 0.9), 7) == {}
    assert collapses_of(look_of("audio", 0.02), 7) == {}
    told = collapses_of(look_of("audio", 0.02, 0.05), 7)
    assert told.keys() == {"mouths"}
    assert "the mouths of step 7 hardly move" in told["mouths"]
    assert "0.05 of the real movement" in told["mouths"]


@pytest.mark.parametrize(("spread", "kinds"), [(0.5, 1), (0.1, 2)])
def test_different_faces_that_ignore_the_sound_are_a_collapse_as_well(
    spread, kinds
):
    told = collapses_of(look_of("audio+noise", spread, 0.05), 7)
    assert "the mouths of step 7 hardly move" in told["mouths"]
    assert len(told) == kinds
