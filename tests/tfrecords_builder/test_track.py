"""Cuts are noticed, and smoothing follows the head without jitter."""

import numpy as np
import pytest

from tfrecords_builder.decode import Frame
from tfrecords_builder.faces import Detection
from tfrecords_builder.plan import TrackingConfig
from tfrecords_builder.track import CutDetector, follow_faces, smooth_eyes


def scene(seed, size=(120, 160)):
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 255, (12, 16)).astype(np.uint8)
    return coarse.repeat(size[0] // 12, 0).repeat(size[1] // 16, 1)


def test_a_cut_is_noticed_once_and_noise_is_not():
    generator = np.random.default_rng(0)
    detector = CutDetector(5.0)
    cuts = []
    for number in range(90):
        grey = scene(number // 30).astype(int)
        grey = grey + generator.integers(-3, 4, grey.shape)
        if detector.is_cut(np.clip(grey, 0, 255).astype(np.uint8)):
            cuts.append(number)
    assert cuts == [30, 60]


def test_a_slow_pan_is_no_cut():
    wide = scene(1, (120, 1600))
    detector = CutDetector(5.0)
    assert not any(
        detector.is_cut(wide[:, x : x + 160]) for x in range(0, 300, 3)
    )


def test_smoothing_removes_jitter_and_keeps_a_slow_move():
    generator = np.random.default_rng(0)
    drift = np.linspace(0, 30, 100)[:, None, None] * [[[1.0, 0.0]]]
    truth = np.array([[100.0, 80.0], [140.0, 82.0]]) + drift
    noisy = truth + generator.normal(0, 0.8, truth.shape)
    smooth = smooth_eyes(noisy, 8.0)
    inner = slice(20, 80)
    assert np.abs(smooth - truth)[inner].max() < 0.8
    distance = np.hypot(*(smooth[:, 1] - smooth[:, 0]).T)
    assert np.abs(np.diff(distance)).max() / distance.mean() < 0.002
    raw = np.hypot(*(noisy[:, 1] - noisy[:, 0]).T)
    assert np.abs(np.diff(raw)).max() / raw.mean() > 0.02


def test_smoothing_of_one_frame_or_with_no_width_changes_nothing():
    eyes = np.array([[[1.0, 2.0], [3.0, 2.0]]])
    np.testing.assert_array_equal(smooth_eyes(eyes, 5.0), eyes)
    many = eyes.repeat(4, axis=0)
    np.testing.assert_array_equal(smooth_eyes(many, 0.0), many)


class Oracle:
    """Finds the faces that a test has put into its pictures."""

    def __init__(self, faces_at):
        self.faces_at = faces_at
        self.calls = 0

    def find(self, pixels):
        self.calls += 1
        number = int(pixels[0, 0, 0])
        return [Detection(f, 0.99) for f in self.faces_at(number)]


def textured_face(x, y):
    base = np.array([[-20, 0], [20, 0], [0, 20], [-14, 40], [14, 40]], float)
    return base + np.array([x, y])


def moving_pictures(count, shift):
    """A textured square that moves `shift` pixels a frame."""
    texture = np.random.default_rng(3).integers(0, 255, (30, 30))
    texture = texture.astype(np.uint8).repeat(4, 0).repeat(4, 1)
    for number in range(count):
        pixels = np.full((240, 320, 3), 60, np.uint8)
        left = 60 + round(number * shift)
        pixels[60:180, left : left + 120] = texture[..., None]
        pixels[0, 0] = number
        yield Frame(number / 25, pixels)


def test_a_face_is_followed_between_key_frames():
    shift = 1.0

    def faces_at(number):
        return [textured_face(120 + number * shift, 110)]

    oracle = Oracle(faces_at)
    tracking = TrackingConfig(smoothing_s=0.0, key_interval_s=0.48)
    (track,) = follow_faces(moving_pictures(50, shift), oracle, tracking)
    assert len(track.times_s) == 50
    assert oracle.calls <= 7
    middles = track.eyes.mean(axis=1)
    expected = 120 + np.arange(50) * shift
    assert np.abs(middles[:, 0] - expected).max() < 1.0
    assert np.abs(middles[:, 1] - 110).max() < 1.0


def test_a_face_that_is_overlooked_once_is_still_one_track():
    def faces_at(number):
        return [] if 10 <= number < 14 else [textured_face(120, 110)]

    tracking = TrackingConfig(smoothing_s=0.0)
    (track,) = follow_faces(moving_pictures(50, 0), Oracle(faces_at), tracking)
    assert len(track.times_s) == 50


def test_a_face_that_leaves_ends_its_track():
    def faces_at(number):
        return [textured_face(120, 110)] if number <= 25 else []

    tracking = TrackingConfig(smoothing_s=0.0)
    (track,) = follow_faces(moving_pictures(75, 0), Oracle(faces_at), tracking)
    assert track.times_s[-1] <= 26 / 25


def test_two_faces_are_two_tracks_that_do_not_swap():
    def faces_at(number):
        faces = [textured_face(110, 110), textured_face(230, 110)]
        return faces[:: 1 if number % 2 else -1]

    tracking = TrackingConfig(smoothing_s=0.0)
    tracks = list(
        follow_faces(moving_pictures(40, 0), Oracle(faces_at), tracking)
    )
    assert len(tracks) == 2
    for track in tracks:
        assert np.ptp(track.eyes[..., 0], axis=0).max() < 2
        assert track.faces_in_shot == 2


@pytest.mark.parametrize("count", [0, 1, 4])
def test_too_little_to_follow_gives_no_track(count):
    oracle = Oracle(lambda number: [textured_face(120, 110)])
    frames = moving_pictures(count, 0)
    assert list(follow_faces(frames, oracle, TrackingConfig())) == []
