"""What an arm did is looked at more than once, and painted once."""

from collections import Counter

import pytest

from tfbegan.evaluation.against_regressor import compare_with_regressor
from tfbegan.evaluation.arms import RealArm
from tfbegan.evaluation.audio_measures import measure_arm, shuffled_opening_r
from tfbegan.evaluation.performance import Performance


class Counting(RealArm):
    """The true faces; counts how often each was asked for."""

    def __init__(self, held_out, identities):
        super().__init__(held_out.clips)
        object.__setattr__(self, "several", identities)
        object.__setattr__(self, "asked", Counter())

    @property
    def identities(self):
        return self.several

    def faces(self, identities, moments):
        clips, frames = moments
        self.asked[(*identities, *clips, *frames)] += 1
        return super().faces(identities, moments)


@pytest.mark.parametrize("identities", [8, 100])
def test_no_faces_are_painted_twice(held_out, identities):
    ours, theirs = (
        Performance(Counting(held_out, identities), held_out) for _ in range(2)
    )
    for performance in (ours, theirs):
        measure_arm(performance)
    painted = Counter(ours.arm.asked), Counter(theirs.arm.asked)
    shuffled_opening_r(ours)
    compare_with_regressor(ours, theirs)
    assert (ours.arm.asked, theirs.arm.asked) == painted
    assert len(ours.arm.asked) > len(held_out.clips)
