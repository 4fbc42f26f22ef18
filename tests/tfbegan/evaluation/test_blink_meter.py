"""Blinks are told from what drawn lids are known to do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfbegan.config import FaceConfig
from tfbegan.evaluation.blink_meter import (
    BlinkMeter,
    count_blinks,
    eye_pixels,
    transients,
)
from tfbegan.evaluation.speech_clips import as_float
from tfrecords_builder.puppets import PuppetPlan, performance, record_take

FACE = FaceConfig()
APART = 8


@pytest.fixture(scope="module", params=[0, 1])
def takes(request):
    """Faces of some puppets, or of one in many lights, and their lids."""
    plan = PuppetPlan(characters=14, looks=request.param, sentences=1)
    lids = []
    with pytest.MonkeyPatch.context() as patch:
        perform = performance.perform

        def watched(*arguments):
            expressions = perform(*arguments)
            lids.append(np.array([e.blink for e in expressions]))
            return expressions

        patch.setattr(performance, "perform", watched)
        faces = [
            as_float(record_take(plan, number).frames)
            for number in range(plan.characters)
        ]
    assert len(lids) == len(faces)
    return faces, lids


def test_the_meter_sees_the_true_lids(takes):
    faces, lids = takes
    eyes = [eye_pixels(clip, FACE) for clip in faces]
    meter = BlinkMeter.fit(eyes, FACE, APART)
    closing = np.concatenate(
        [transients(meter.position(clip), APART) for clip in faces]
    )
    truth = np.concatenate([transients(lid, APART) for lid in lids])
    assert np.corrcoef(closing, truth)[0, 1] > 0.95
    shut, still = closing[truth > 0.9], closing[np.abs(truth) < 0.1]
    assert len(shut) > 20
    assert shut.min() > 0.4
    assert np.median(shut) == pytest.approx(1, abs=0.3)
    assert still.max() < 0.3
    # One may be cut by the end of a clip.
    seen = sum(count_blinks(transients(c @ meter.axis, APART)) for c in eyes)
    true = sum(count_blinks(transients(lid, APART)) for lid in lids)
    assert true >= 10
    assert abs(seen - true) <= 1


def test_eyes_that_never_shut_are_told(takes):
    faces, lids = takes
    # Every clip stands still where its eyes are open, but for its camera.
    rng = np.random.default_rng(0)
    eyes = [
        eye_pixels(clip[[int(lid.argmin())] * 60], FACE)
        + rng.normal(0, 0.02, (60, 1))
        for clip, lid in zip(faces, lids, strict=True)
    ]
    assert BlinkMeter.fit(eyes, FACE, APART) is None


@pytest.mark.parametrize("noise", [0.01, 0.03, 0.06])
@pytest.mark.parametrize("per_minute", [3, 5, 8, 12, 20, 50])
def test_who_blinks_seldom_is_measured_as_who_blinks_often(per_minute, noise):
    rng = np.random.default_rng(per_minute)
    lids = np.zeros((64, 75))
    for clip in lids:
        for span in np.arange(0, 3, 60 / max(per_minute, 20)):
            if rng.random() < min(1, per_minute / 20):
                middle = span + rng.uniform(0.5, 60 / max(per_minute, 20) - 0.5)
                since = np.abs(np.arange(75) / 25 - middle)
                clip[:] = np.maximum(clip, (1 - since / 0.14).clip(0, 1))
    shape = rng.normal(0, 0.3, 252)
    eyes = [
        lid[:, None] * shape + rng.normal(0, noise, (75, 252)) for lid in lids
    ]
    meter = BlinkMeter.fit(eyes, FACE, APART)
    closing = [transients(clip @ meter.axis, APART) for clip in eyes]
    truth = [transients(lid, APART) for lid in lids]
    seen, true = (sum(map(count_blinks, some)) for some in (closing, truth))
    assert true >= 5
    assert abs(seen - true) <= 0.1 * true
    at_most = np.concatenate(closing)[np.concatenate(truth) > 0.95]
    assert np.median(at_most) == pytest.approx(1, abs=0.25)


def test_a_few_blinks_are_too_few_to_tell():
    rng = np.random.default_rng(0)
    shape = rng.normal(0, 0.3, 252)
    eyes = [rng.normal(0, 0.02, (75, 252)) for _ in range(16)]
    for clip in eyes[:4]:
        clip[40:43] += shape
    assert BlinkMeter.fit(eyes, FACE, APART) is None
    eyes[4][40:43] += shape
    assert BlinkMeter.fit(eyes, FACE, APART) is not None


@pytest.mark.parametrize("frames", [0, 1, 16, 17])
def test_what_is_too_short_or_stands_still_tells_nothing(frames):
    clips = [np.ones((frames, 4)), np.ones((frames, 4))]
    assert BlinkMeter.fit(clips, FACE, APART) is None


def test_eyes_of_less_than_a_pixel_tell_nothing():
    tiny = FaceConfig(image_size=32, eye_distance=0.05, eye_height=0.5)
    faces = np.random.default_rng(0).normal(0, 0.1, (40, 32, 32, 3))
    eyes = [eye_pixels(faces, tiny)] * 2
    assert eyes[0].shape == (40, 0)
    assert BlinkMeter.fit(eyes, tiny, APART) is None


@given(st.integers(0, 40), st.integers(1, 9))
def test_a_transient_is_of_what_comes_and_goes(length, apart):
    slope = 3.0 * np.arange(length)
    moved = transients(slope, apart)
    assert moved.shape == (max(0, length - 2 * apart),)
    assert np.abs(moved).max(initial=0) < 1e-9
    if length > 2 * apart:
        slope[apart] += 1
        assert transients(slope, apart)[0] == pytest.approx(1)


@pytest.mark.parametrize(
    ("closing", "blinks"),
    [
        ([], 0),
        ([0, 0.4, 0], 0),
        ([0, 0.6, 1, 0.6, 0], 1),
        ([1, 1, 0, 0, 1], 2),
    ],
)
def test_a_blink_is_counted_once(closing, blinks):
    assert count_blinks(np.array(closing)) == blinks
