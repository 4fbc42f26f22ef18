"""The opening, measured with and without knowing the truth."""

import math

import numpy as np
import pytest

from tfbegan.data.dataset import open_dataset
from tfbegan.evaluation import mouth_meters
from tfbegan.evaluation.fitting import Fit
from tfbegan.evaluation.mouth_meters import (
    EigenMouth,
    TrueMouth,
    correlation,
    train_true_mouth,
)
from tfbegan.evaluation.regions import MouthBox
from tfbegan.evaluation.speech_clips import load_clips


def test_the_eigen_mouth_opens_with_the_mouth(drawn_clips, instruments):
    meter = instruments.eigen_mouth
    assert np.linalg.norm(meter.component) == pytest.approx(1, abs=1e-5)
    assert meter.explained > 0.5
    for clip in drawn_clips:
        assert correlation(meter.measure(clip.images()), clip.opening) > 0.95


def test_light_moves_the_eigen_mouth_but_not_its_course(
    drawn_clips, instruments
):
    meter, clip = instruments.eigen_mouth, drawn_clips[0]
    images = clip.images()
    first, second = meter.measure(images), meter.measure(0.8 * images + 0.1)
    assert correlation(first, second) == pytest.approx(1)


def test_correlation_of_what_does_not_vary_is_undefined():
    assert correlation(np.arange(4), 3 - 2 * np.arange(4)) == pytest.approx(-1)
    assert math.isnan(correlation(np.arange(4), np.ones(4)))
    rounding = np.float32(20) + 1e-6 * np.arange(4)
    assert math.isnan(correlation(np.arange(4), rounding))


@pytest.fixture(scope="module")
def puppets(puppet_dataset):
    dataset = open_dataset(puppet_dataset)
    return (
        load_clips(dataset, ("train",)),
        load_clips(dataset, ("validation",)),
        MouthBox.of(dataset.info.face),
    )


@pytest.mark.slow
def test_the_eigen_mouth_follows_the_truth_of_unseen_puppets(puppets):
    training, held_out, box = puppets
    meter = EigenMouth.fit(training, box)
    received = [
        correlation(meter.measure(clip.images()), clip.opening)
        for clip in held_out
    ]
    # The default data set, of five times as many characters, gives 0.96.
    assert np.mean(received) > 0.7


@pytest.mark.slow
def test_a_network_learns_opening_and_width(puppets, monkeypatch):
    training, _, box = puppets
    monkeypatch.setattr(mouth_meters, "_TRUTH_FIT", Fit(steps=900))
    meter = TrueMouth(train_true_mouth(training, box, seed=0), box)
    images, clip = training[0].images(), training[0]
    assert correlation(meter.measure(images), clip.opening) > 0.9
    assert correlation(meter.measure_width(images), clip.width) > 0.5
