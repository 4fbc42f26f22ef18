"""Cuts are noticed, and smoothing follows the head without jitter."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


FACE = np.array(
    [[-20.0, 0.0], [20.0, 0.0], [0.0, 22.0], [-14.0, 42.0], [14.0, 42.0]]
)
RATE = 25


def face_at(x, y):
    """Landmarks, float64 [5, 2], of a face with its eyes about a place."""
    return FACE + np.array([x, y])


def noise_scene(seed, height=240, width=320):
    """A textured picture, uint8 [H, W, 3]."""
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 255, (height // 4, width // 4, 3)).astype(np.uint8)
    return cv2.GaussianBlur(
        cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC),
        (0, 0),
        1.5,
    )


def moved(picture, angle, shift):
    """The picture turned about its middle and shifted, and the motion."""
    height, width = picture.shape[:2]
    motion = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    motion[:, 2] += shift
    return cv2.warpAffine(
        picture, motion, (width, height), borderMode=cv2.BORDER_REFLECT
    ), motion


class TaughtFinder:
    """Stands in for MTCNN: gives the landmarks registered for a picture."""

    def __init__(self):
        self.known = []
        self.calls = 0

    def add(self, pixels, *faces):
        self.known.append((pixels, faces))

    def find(self, pixels):
        self.calls += 1
        for known, faces in self.known:
            if known is pixels:
                return [Detection(face, 0.99) for face in faces]
        return []


def film(finder, pictures, rate=RATE, start_s=0.0):
    """Frames of (picture, faces)."""
    frames = []
    for number, (pixels, *faces) in enumerate(pictures):
        finder.add(pixels, *faces)
        frames.append(Frame(start_s + number / rate, pixels))
    return frames


def moving_head(count, seed=0, wander=12.0, noise=0.0):
    """Pictures of one moving face, and where its eyes truly are."""
    rng = np.random.default_rng(9)
    pictures, truth = [], []
    for number in range(count):
        phase = 2 * np.pi * number / 50
        pixels, motion = moved(
            noise_scene(seed),
            wander / 3 * np.sin(phase),
            (wander * np.sin(phase), 0.5 * wander * np.cos(phase)),
        )
        points = face_at(160, 110) @ motion[:, :2].T + motion[:, 2]
        truth.append(points[:2])
        pictures.append((pixels, points + noise * rng.standard_normal((5, 2))))
    return pictures, np.array(truth)


def test_detection_noise_does_not_make_the_crop_jitter():
    finder = TaughtFinder()
    pictures, _ = moving_head(75, wander=0, noise=1.0)
    tracking = TrackingConfig(smoothing_s=0.1)
    (track,) = follow_faces(film(finder, pictures), finder, tracking)
    distance = np.hypot(*(track.eyes[:, 1] - track.eyes[:, 0]).T)
    steps = np.abs(np.diff(distance)) / distance[1:]
    assert steps.max() < 0.005
    middle = track.eyes.mean(axis=1)
    assert np.hypot(*np.diff(middle, n=2, axis=0).T).max() < 0.25


def test_the_mouth_does_not_steer():
    """The lower face moves; eyes and crop stay."""
    finder = TaughtFinder()
    still = noise_scene(3)
    pictures = []
    for number in range(50):
        pixels = still.copy()
        lower, _ = moved(still, 0, (0, 8 * np.sin(number / 2)))
        pixels[130:] = lower[130:]
        pictures.append((pixels, face_at(160, 100)))
    (track,) = follow_faces(
        film(finder, pictures), finder, TrackingConfig(smoothing_s=0.0)
    )
    assert np.abs(track.eyes - face_at(160, 100)[:2]).max() < 0.5  # px


@pytest.mark.parametrize("rate", [12, 24, 30000 / 1001, 60])
def test_key_frames_are_apart_in_time_not_in_number(rate):
    finder = TaughtFinder()
    pictures, _ = moving_head(round(2 * rate))
    list(follow_faces(film(finder, pictures, rate), finder, TrackingConfig()))
    assert 4 <= finder.calls <= 7


def test_a_jump_cut_splits_the_track():
    finder = TaughtFinder()
    before, _ = moving_head(50, seed=1, wander=1.0)
    after, _ = moving_head(50, seed=2, wander=1.0)
    tracks = list(
        follow_faces(film(finder, before + after), finder, TrackingConfig())
    )
    assert [len(track.times_s) for track in tracks] == [50, 50]
    assert tracks[1].times_s[0] == 2.0


def test_a_new_size_of_the_picture_is_a_cut():
    finder = TaughtFinder()
    before, _ = moving_head(30)
    after = [
        (cv2.resize(pixels, (200, 150)), face * 0.625)
        for pixels, face in before
    ]
    tracks = list(
        follow_faces(film(finder, before + after), finder, TrackingConfig())
    )
    assert [len(track.times_s) for track in tracks] == [30, 30]


def test_faces_one_after_the_other_are_not_counted_together():
    finder = TaughtFinder()
    pixels = noise_scene(5, 240, 480)
    pictures = [
        (pixels.copy(), face_at(120 if number < 40 else 350, 110))
        for number in range(100)
    ]
    tracks = list(
        follow_faces(film(finder, pictures), finder, TrackingConfig())
    )
    assert [track.faces_in_shot for track in tracks] == [1, 1]


def test_short_appearances_are_left_out():
    finder = TaughtFinder()
    pictures, _ = moving_head(8)
    tracking = TrackingConfig(min_clip_s=0.4)
    assert list(follow_faces(film(finder, pictures), finder, tracking)) == []


def test_a_black_film_and_a_flat_face_are_no_trouble():
    finder = TaughtFinder()
    flat = [
        (np.full((120, 160, 3), 9, np.uint8), face_at(160, 100) / 2)
        for _ in range(30)
    ]
    (track,) = follow_faces(film(finder, flat), finder, TrackingConfig())
    np.testing.assert_allclose(
        track.eyes, np.tile((face_at(160, 100) / 2)[:2], (30, 1, 1)), atol=1e-6
    )


def test_cuts_are_seen_and_motion_is_not_one():
    detector = CutDetector(TrackingConfig().cut_threshold)
    before, _ = moving_head(60, seed=6, wander=0.5)
    after, _ = moving_head(40, seed=7, wander=20)
    cuts = [
        number
        for number, (pixels, _) in enumerate(before + after)
        if detector.is_cut(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))
    ]
    assert cuts == [60]


@settings(max_examples=50, deadline=None)
@given(
    count=st.integers(1, 60),
    sigma=st.floats(0, 20),
    angle=st.floats(-np.pi, np.pi),
    distance=st.floats(2, 300),
)
def test_smoothing_leaves_a_still_face_alone(count, sigma, angle, distance):
    half = distance / 2 * np.array([np.cos(angle), np.sin(angle)])
    eyes = np.tile([half, -half], (count, 1, 1))
    smoothed = smooth_eyes(eyes, sigma, 20)
    np.testing.assert_allclose(smoothed, eyes, atol=1e-6)


def test_a_turn_through_the_half_circle_is_no_jump():
    angles = np.linspace(np.pi - 0.4, np.pi + 0.4, 40)
    half = 20 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    eyes = np.stack([100 - half, 100 + half], axis=1)
    smoothed = smooth_eyes(eyes, 2.0, 20)
    distance = np.hypot(*(smoothed[:, 1] - smoothed[:, 0]).T)
    np.testing.assert_allclose(distance, 40, atol=1e-6)
    np.testing.assert_allclose(smoothed[5:-5], eyes[5:-5], atol=1.5)


def test_footage_with_a_jump_cut_every_three_seconds(shared_data):
    """Real footage: cuts between clips of the same scene."""
    from tfrecords_builder.decode import read_frames

    detector = CutDetector(TrackingConfig().cut_threshold)
    path = shared_data / "single_speaker/s1_train_02.mp4"
    cuts = [
        round(frame.time_s, 2)
        for frame in read_frames(path, 0, 31)
        if detector.is_cut(cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2GRAY))
    ]
    assert cuts == [3.0 * n for n in range(1, 11)]
