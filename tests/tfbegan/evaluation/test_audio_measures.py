"""A1 to A11: the perfect passes, the collapsed fails as it should."""

import dataclasses
import math

import numpy as np
import pytest

from tfbegan.evaluation import audio_measures
from tfbegan.evaluation.arms import (
    GeneratorArm,
    MeanFaceArm,
    RealArm,
    ShuffledArm,
)
from tfbegan.evaluation.audio_measures import measure_arm, measure_real
from tfbegan.evaluation.held_out import HeldOut
from tfbegan.evaluation.performance import Performance


@pytest.fixture(scope="module")
def perfect(held_out, perfect_speaker):
    arm = GeneratorArm(perfect_speaker, held_out.clips, None)
    return measure_arm(Performance(arm, held_out))


@pytest.fixture(scope="module")
def collapsed(held_out):
    faces = [clip.images() for clip in held_out.instruments.training_clips]
    face = np.concatenate(faces).mean(axis=0)
    return measure_arm(Performance(MeanFaceArm(face), held_out))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("spread", 1),
        ("opening_r", 1),
        ("amplitude", 1),
        ("retrieval_ratio", 1),
        ("silence_offset", 0),
        ("silence_change", 1),
        ("ms_ssim_excess", 0),
        ("sharpness", 1),
        ("smoothness", 1),
        ("likeness_ratio", 1),
    ],
)
def test_true_faces_are_perfect(perfect, name, expected):
    estimate = perfect[name]
    assert estimate.value == pytest.approx(expected, abs=1e-5)
    assert estimate.low <= estimate.value + 1e-9
    assert estimate.high >= estimate.value - 1e-9


def test_one_face_for_all_reads_as_collapsed(perfect, collapsed):
    assert perfect["retrieval"].value > 0.5
    assert collapsed["retrieval"].value == pytest.approx(1 / 16, abs=0.03)
    assert collapsed["spread"].value == pytest.approx(0, abs=1e-5)
    assert math.isnan(collapsed["opening_r"].value)
    assert collapsed["amplitude"].value == pytest.approx(0, abs=1e-5)
    assert collapsed["smoothness"].value == pytest.approx(0, abs=1e-5)
    assert collapsed["ms_ssim_excess"].value > 0.2
    assert collapsed["kid_ae"].value > perfect["kid_ae"].value
    assert collapsed["sharpness"].value < 0.7
    assert perfect["likeness"].value > 3 * collapsed["likeness"].value
    assert collapsed["likeness"].value == pytest.approx(1 / 8, abs=0.05)


def test_shuffled_sound_moves_as_much_but_not_in_time(held_out):
    arm = ShuffledArm.of(RealArm(held_out.clips), held_out.clips, seed=0)
    figures = measure_arm(Performance(arm, held_out))
    assert abs(figures["opening_r"].value) < 0.2
    assert figures["retrieval"].value < 0.15
    assert figures["spread"].value == pytest.approx(1, abs=0.2)
    assert figures["silence_offset"].value > 1


def test_without_a_latent_there_are_no_shares(perfect, collapsed):
    # Of one face, whatever varies is the sound's, were it ever so little.
    for figures in (perfect, collapsed):
        assert "audio_share_mouth" not in figures
        assert "latent_share_outside" not in figures


class FreezesIn:
    """The true faces, but one still face in some clips."""

    def __init__(self, held_out, clips):
        self.real = RealArm(held_out.clips)
        self.clips = clips
        self.identities = self.real.identities

    def cast(self, clip):
        return self.real.cast(clip)

    def faces(self, identities, moments):
        clips, frames = moments
        still = np.isin(clips, self.clips)
        return self.real.faces(identities, (clips, np.where(still, 0, frames)))


def frozen_in(clips, held_out):
    arm = FreezesIn(held_out, range(clips))
    return measure_arm(Performance(arm, held_out))


def test_clips_in_which_a_face_freezes_count(held_out):
    figures = frozen_in(6, held_out)
    assert figures["opening_r"].value == pytest.approx(2 / 8)
    every = frozen_in(8, held_out)
    assert math.isnan(every["opening_r"].value)


def test_footage_that_stands_still_is_left_out(held_out, perfect_speaker):
    stopped = dataclasses.replace(
        held_out.clips[0],
        pixels=np.repeat(
            held_out.clips[0].pixels[:1], len(held_out.clips[0]), axis=0
        ),
    )
    clips = [stopped, *held_out.clips[1:]]
    performance = Performance(
        GeneratorArm(perfect_speaker, clips, None),
        HeldOut(clips, held_out.instruments),
    )
    figures = measure_arm(performance)
    for name in ("spread", "amplitude", "smoothness", "opening_r"):
        assert figures[name].value == pytest.approx(1, abs=1e-5)


def test_real_against_real_tells_what_can_be_reached(held_out):
    figures = measure_real(held_out)
    assert figures["opening_r"].value == pytest.approx(1)
    assert 0 < figures["audio_share_mouth"].value < 1
    assert figures["latent_share_outside"].value > 0.8
    for name in ("", "code_"):
        assert figures[f"{name}coverage_ratio"].value == pytest.approx(1)
        assert 0.5 < figures[f"{name}coverage"].value <= 1


def test_blur_is_told_by_sharpness_alone(held_out):
    class Blurred(RealArm):
        def faces(self, identities, moments):
            faces = super().faces(identities, moments)
            for axis in (1, 2):
                faces = (
                    faces + np.roll(faces, 1, axis) + np.roll(faces, -1, axis)
                ) / 3
            return faces

    figures = measure_arm(Performance(Blurred(held_out.clips), held_out))
    assert figures["opening_r"].value > 0.97
    assert figures["sharpness"].value < 0.5


def test_noise_in_time_is_told_by_smoothness(held_out):
    class Jittering(RealArm):
        def faces(self, identities, moments):
            faces = super().faces(identities, moments)
            noise = np.random.default_rng(0).normal(0, 0.05, faces.shape)
            return faces + noise

    figures = measure_arm(Performance(Jittering(held_out.clips), held_out))
    assert figures["smoothness"].value > 1.5
    assert figures["silence_change"].value > 1.2


class FaceOfItsOwn(RealArm):
    """Every identity is another training face, whatever is said."""

    def __init__(self, held_out, identities):
        super().__init__(held_out.clips)
        clips = held_out.instruments.training_clips
        faces = np.concatenate([clip.images() for clip in clips])
        order = np.random.default_rng(0).permutation(len(faces))
        object.__setattr__(self, "all_faces", faces[order])
        object.__setattr__(self, "several", identities)

    @property
    def identities(self):
        return self.several

    def cast(self, clip):
        return [0]

    def faces(self, identities, moments):
        return self.all_faces[identities]


def test_most_measures_take_the_first_64_identities(held_out):
    few, many = (FaceOfItsOwn(held_out, count) for count in (64, 400))
    for count in (8, 64, 200):
        chosen = held_out.random_identities(many, count)
        np.testing.assert_array_equal(
            chosen, held_out.random_identities(few, count)
        )
        assert len(set(chosen)) == min(count, 64)
    every = held_out.random_identities(many, 400, most=400)
    assert sorted(every) == list(range(400))


def test_looks_are_also_measured_with_all_identities(held_out, monkeypatch):
    monkeypatch.setattr(audio_measures, "FEW_IDENTITIES", 1)
    arm = FaceOfItsOwn(held_out, 400)
    figures = audio_measures._features(Performance(arm, held_out))
    faces = len(held_out.real_features.features)
    features = held_out.features_of(arm, 1).features
    assert len(features) == faces > 1
    # One face, but for what the size of a batch changes in the last digits.
    assert np.ptp(features, axis=0).max() < 0.01
    # Training faces, as many as the real ones have: as good as those.
    for kind in ("", "code_"):
        assert figures[f"{kind}coverage_ratio_of_all"].value > 0.8
        assert figures[f"{kind}coverage_ratio"].value < 0.5
        one, many = (figures[f"{kind}kid_ae{of}"] for of in ("", "_of_all"))
        assert many.value < 0.1 * one.value
    one = FaceOfItsOwn(held_out, 1)
    few = audio_measures._features(Performance(one, held_out))
    assert few == {
        name: value
        for name, value in figures.items()
        if not name.endswith("_of_all")
    }
