"""Follows faces through a video, one shot at a time.

MTCNN looks at key frames only; in between, the motion of the face is a
similarity transform fitted to optical flow, carried forward from the key frame
before and backward from the one after, and blended. What is kept is a few
numbers a frame, so memory does not grow with the size of the pictures.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.optimize import linear_sum_assignment

from tfrecords_builder.decode import Frame
from tfrecords_builder.faces import Detection, FaceFinder
from tfrecords_builder.plan import TrackingConfig

_FLOW_HEIGHT = 240
_FLOW_POINTS = 60
_LEAST_POINTS = 8
_LARGEST_STEP = 1.0
"""Between key frames, in distances of the eyes: farther is another face."""

_LEAST_SIGMA = 0.05
_DISTANCE_SMOOTHING_S = 0.8

_USUAL_CHANGES = 25
_LATEST_CHANGES = 3
_SUDDENNESS = 2.0
"""A cut changes so many times what the last pictures did: a swift movement
does so only as it begins."""

_LEAST_CUT = 3.0
"""Grey levels: what changes less is no cut, however still the picture."""

_RECENT_CHANGES_FLOOR = 0.6


@dataclass(frozen=True)
class Track:
    """One face over time, within one shot.

    Attributes:
        times_s: float64 [T], rising.
        eyes: float64 [T, 2, 2], x, y of the left and right eye in source
            pixels, smoothed.
        faces_in_shot: Faces that were followed beside this one at some time
            of it, and it.
    """

    times_s: np.ndarray
    eyes: np.ndarray
    faces_in_shot: int


@dataclass
class _Face:
    """A face that is being followed: eyes by frame number."""

    eyes: dict[int, np.ndarray] = field(default_factory=dict)
    last_key: int = -1

    def followed(self) -> list[int]:
        """Frames up to where it was last seen; empty if seen only once."""
        numbers = sorted(n for n in self.eyes if n <= self.last_key)
        return numbers if len(numbers) > 1 else []


@dataclass(frozen=True)
class _Picture:
    """What is kept of a frame between two key frames."""

    number: int
    time_s: float
    grey: np.ndarray
    scale: float


class CutDetector:
    """Notices the first frame of a new shot.

    A cut changes the picture several times as much as frames have lately
    changed. Jump cuts within one scene, which a histogram does not see, change
    edges too, so that they show.

    Args:
        threshold: Multiple of the usual change that counts as a cut.
    """

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self._last: np.ndarray | None = None
        self._changes: list[float] = []

    def is_cut(self, grey: np.ndarray) -> bool:
        """Whether this frame, uint8 [H, W], begins a new shot."""
        small = cv2.resize(grey, (96, 72), interpolation=cv2.INTER_AREA)
        last, self._last = self._last, small.astype(np.float32)
        if last is None:
            return False
        change = float(np.abs(self._last - last).mean())
        before = self._changes
        self._changes = [*before[1 - _USUAL_CHANGES :], change]
        if not before:
            return False
        usual = max(_RECENT_CHANGES_FLOOR, float(np.median(before)))
        # Several, since some may repeat a picture and change nothing.
        latest = max(before[-_LATEST_CHANGES:])
        return change > max(
            _LEAST_CUT, self.threshold * usual, _SUDDENNESS * latest
        )


def follow_faces(
    frames: Iterable[Frame], finder: FaceFinder, tracking: TrackingConfig
) -> Iterator[Track]:
    """The tracks of a video, shot after shot.

    Args:
        frames: In order.
        finder: Looks at the key frames.
        tracking: The limits.

    Yields:
        Tracks of at least `min_clip_s`, when their shot has ended.
    """
    cuts = CutDetector(tracking.cut_threshold)
    shot = _Shot(finder, tracking)
    shape: tuple[int, ...] = ()
    for number, frame in enumerate(frames):
        grey = cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2GRAY)
        is_cut = cuts.is_cut(grey)
        if is_cut or grey.shape != shape:
            yield from shot.end()
            shot = _Shot(finder, tracking)
            shape = grey.shape
        shot.add(number, frame, grey)
    yield from shot.end()


class _Shot:
    """The faces between two cuts."""

    def __init__(self, finder: FaceFinder, tracking: TrackingConfig) -> None:
        self.finder = finder
        self.tracking = tracking
        self.times: dict[int, float] = {}
        self.faces: list[_Face] = []
        self.since_key: list[_Picture] = []
        self.last_frame: Frame | None = None

    def add(self, number: int, frame: Frame, grey: np.ndarray) -> None:
        scale = min(1.0, _FLOW_HEIGHT / grey.shape[0])
        if scale < 1:
            grey = cv2.resize(
                grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA
            )
        self.times[number] = frame.time_s
        self.since_key.append(_Picture(number, frame.time_s, grey, scale))
        self.last_frame = frame
        begun = self.since_key[0]
        is_first = len(self.times) == 1
        waited = frame.time_s - begun.time_s
        if is_first or waited >= self.tracking.key_interval_s - 1e-6:
            self._key_frame(frame)

    def end(self) -> list[Track]:
        """The tracks of the shot; the last frame becomes a key frame."""
        if self.last_frame is not None and len(self.since_key) > 1:
            self._key_frame(self.last_frame)
        tracks = [self._track(face) for face in self.faces]
        return [track for track in tracks if track is not None]

    def _key_frame(self, frame: Frame) -> None:
        """Finds faces, joins them to those before, fills what lies between."""
        found = self.finder.find(frame.pixels)[: self.tracking.max_faces]
        number = self.since_key[-1].number
        first = self.since_key[0].number
        active = [face for face in self.faces if first in face.eyes]
        forward = [self._carry(face.eyes[first]) for face in active]
        pairs = _assign([eyes[-1] for eyes in forward], found)
        for index, face in enumerate(active):
            if index not in pairs:
                # Kept going by flow alone for one interval, not two.
                if face.last_key == first:
                    self._fill(face, forward[index])
                continue
            detection = found[pairs[index]]
            backward = self._carry(detection.landmarks[:2], reverse=True)
            self._fill(face, _blend(forward[index], backward))
            face.last_key = number
        taken = set(pairs.values())
        for index, detection in enumerate(found):
            if index not in taken:
                self.faces.append(
                    _Face({number: detection.landmarks[:2]}, number)
                )
        self.since_key = self.since_key[-1:]

    def _fill(self, face: _Face, eyes: np.ndarray) -> None:
        for picture, value in zip(self.since_key, eyes, strict=True):
            face.eyes[picture.number] = value

    def _carry(self, eyes: np.ndarray, reverse: bool = False) -> np.ndarray:
        """Eyes in every picture since the last key frame, by flow.

        Returns:
            float64 [pictures, 2, 2], in the order of the pictures.
        """
        pictures = self.since_key[::-1] if reverse else self.since_key
        carried = [np.asarray(eyes, np.float64)]
        for before, after in itertools.pairwise(pictures):
            carried.append(_moved(carried[-1], before, after))
        return np.array(carried[::-1] if reverse else carried)

    def _track(self, face: _Face) -> Track | None:
        numbers = face.followed()
        if not numbers:
            return None
        times = np.array([self.times[n] for n in numbers])
        step = float(np.median(np.diff(times)))
        if times[-1] - times[0] + step < self.tracking.min_clip_s - 1e-6:
            return None
        eyes = np.array([face.eyes[n] for n in numbers])
        smoothed = smooth_eyes(
            eyes,
            self.tracking.smoothing_s / step,
            _DISTANCE_SMOOTHING_S / step,
        )
        beside = [
            other
            for other in self.faces
            if any(numbers[0] < n <= numbers[-1] for n in other.followed())
        ]
        return Track(times, smoothed, len(beside))


def smooth_eyes(
    eyes: np.ndarray, sigma: float, distance_sigma: float = 0.0
) -> np.ndarray:
    """Smooths where the eyes are, more so their angle, most their distance.

    The head moves, and the crop has to go along; but its size hardly changes.

    Args:
        eyes: float64 [T, 2, 2].
        sigma: Of the Gaussian for the position, in frames; twice that for
            the angle. About 0, nothing is smoothed.
        distance_sigma: For the distance, in frames; at least that for the
            angle is taken.

    Returns:
        float64 [T, 2, 2].
    """
    if sigma < _LEAST_SIGMA or len(eyes) < 2:
        return eyes
    middle = gaussian_filter1d(eyes.mean(axis=1), sigma, 0, mode="nearest")
    across = eyes[:, 1] - eyes[:, 0]
    steady = max(2 * sigma, distance_sigma)
    logs = np.log(np.hypot(*across.T))
    distance = np.exp(gaussian_filter1d(logs, steady, mode="nearest"))
    angle = np.unwrap(np.arctan2(across[:, 1], across[:, 0]))
    angle = gaussian_filter1d(angle, 2 * sigma, mode="nearest")
    half = np.column_stack([np.cos(angle), np.sin(angle)])
    half *= 0.5 * distance[:, None]
    return np.stack([middle - half, middle + half], axis=1)


def _moved(eyes: np.ndarray, before: _Picture, after: _Picture) -> np.ndarray:
    """Eyes after the motion of the upper face between two pictures."""
    middle = eyes.mean(axis=0) * before.scale
    reach = 1.3 * np.hypot(*(eyes[1] - eyes[0])) * before.scale
    mask = np.zeros_like(before.grey)
    # Eyes, brows, nose: the mouth moves by itself and must not steer.
    reaches = reach * np.array([[-1, -0.9], [1, 0.55]])
    top_left, bottom_right = (middle + reaches).astype(int)
    cv2.rectangle(mask, top_left.tolist(), bottom_right.tolist(), 255, -1)
    points = cv2.goodFeaturesToTrack(
        before.grey, _FLOW_POINTS, 0.01, 3, mask=mask
    )
    if points is None or len(points) < _LEAST_POINTS:
        return eyes
    # OpenCV takes None for the guess, though its stub doesn't say so.
    guess: Any = None
    tracked, status, _ = cv2.calcOpticalFlowPyrLK(
        before.grey, after.grey, points, guess, winSize=(15, 15), maxLevel=2
    )
    good = status.ravel() == 1
    if good.sum() < _LEAST_POINTS:
        return eyes
    motion, _ = cv2.estimateAffinePartial2D(
        points[good], tracked[good], ransacReprojThreshold=1.5
    )
    if motion is None:
        return eyes
    scaled = eyes * before.scale
    return (scaled @ motion[:, :2].T + motion[:, 2]) / before.scale


def _blend(forward: np.ndarray, backward: np.ndarray) -> np.ndarray:
    """From the first of `forward` to the last of `backward`, evenly."""
    share = np.linspace(0, 1, len(forward))[:, None, None]
    return (1 - share) * forward + share * backward


def _assign(
    expected: list[np.ndarray], found: list[Detection]
) -> dict[int, int]:
    """Which detection is which face: index of the one to the other's."""
    if not expected or not found:
        return {}
    cost = np.array(
        [
            [
                np.hypot(*(eyes.mean(0) - face.landmarks[:2].mean(0)))
                / max(np.hypot(*(eyes[1] - eyes[0])), 1e-6)
                for face in found
            ]
            for eyes in expected
        ]
    )
    rows, columns = linear_sum_assignment(cost)
    return {
        int(row): int(column)
        for row, column in zip(rows, columns, strict=True)
        if cost[row, column] <= _LARGEST_STEP
    }
