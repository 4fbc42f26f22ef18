"""A lead over the regressor, clip by clip in pairs."""

import itertools
import math

import numpy as np
import pytest

from tfbegan.evaluation.against_regressor import compare_with_regressor
from tfbegan.evaluation.arms import GeneratorArm, MeanFaceArm, RealArm
from tfbegan.evaluation.audio_measures import measure_arm
from tfbegan.evaluation.performance import Performance


class Hazy:
    """True faces, with less contrast, in the light that z tells."""

    def __init__(self, speaker, haze):
        self.speaker, self.haze = speaker, haze

    def speak(self, latents, windows):
        faces = (1 - self.haze) * self.speaker.speak(None, windows)
        return faces + 0.3 * latents[:, :1, None, None]


@pytest.fixture
def hazy(held_out, perfect_speaker):
    z = np.random.default_rng(0).uniform(-1, 1, (100, 1)).astype(np.float32)

    def arm(haze, count=100):
        speaker = Hazy(perfect_speaker, haze)
        return Performance(
            GeneratorArm(speaker, held_out.clips, z[:count]), held_out
        )

    return arm


def test_against_itself_nothing_is_better_or_worse(held_out, hazy):
    figures = compare_with_regressor(hazy(0), hazy(0))
    for name, figure in figures.items():
        same = 0 if "minus" in name else 1
        assert (figure.low, figure.value, figure.high) == (same,) * 3
    assert set(figures) == {
        "opening_r_over_regressor",
        "retrieval_over_regressor",
        "kid_ae_minus_regressor",
        "kid_ae_minus_regressor_of_all",
        "code_kid_ae_minus_regressor",
        "code_kid_ae_minus_regressor_of_all",
        "sharpness_over_regressor",
    }


def test_a_lead_shows_where_the_two_intervals_overlap(held_out, hazy):
    clear, hazed = hazy(0), hazy(0.12)
    one, other = (measure_arm(each) for each in (clear, hazed))
    lead = compare_with_regressor(clear, hazed)
    for kind, of in itertools.product(("", "code_"), ("", "_of_all")):
        name = f"{kind}kid_ae{of}"
        assert one[name].high > other[name].low or not kind
        difference = lead[f"{kind}kid_ae_minus_regressor{of}"]
        assert difference.value == pytest.approx(
            one[name].value - other[name].value
        )
        assert difference.low < difference.value < difference.high < 0
    assert lead["sharpness_over_regressor"].low > 1


def test_with_few_identities_there_is_one_kid(held_out, hazy):
    figures = compare_with_regressor(hazy(0), hazy(0.05, count=2))
    assert "kid_ae_minus_regressor" in figures
    assert "kid_ae_minus_regressor_of_all" not in figures


def test_a_regressor_that_moves_against_the_sound_is_none_to_be_over(
    held_out, hazy, perfect_speaker
):
    class Inverted:
        def speak(self, latents, windows):
            return -perfect_speaker.speak(None, windows)

    inverted = GeneratorArm(Inverted(), held_out.clips, None)
    figures = compare_with_regressor(hazy(0), Performance(inverted, held_out))
    assert math.isnan(figures["opening_r_over_regressor"].value)


def test_a_still_regressor_has_no_sync_to_be_compared(held_out):
    still = MeanFaceArm(np.full((32, 32, 3), 0.2, np.float32))
    figures = compare_with_regressor(
        *(Performance(a, held_out) for a in (RealArm(held_out.clips), still))
    )
    assert math.isnan(figures["opening_r_over_regressor"].value)
    assert figures["retrieval_over_regressor"].value > 5
