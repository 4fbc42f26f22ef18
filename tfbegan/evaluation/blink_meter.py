"""When eyes are shut, learnt from footage without anybody's labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from tfbegan.config import FaceConfig

APART_S = 0.32
"""A blink is over within so many seconds before and after its middle."""

_LEAST_SKEWNESS = 0.5
_FEWEST_BLINKS = 5
_OPPOSITE = 0.999
"""Of frames, this share goes less far against blinks than what is no blink."""


def transients(values: np.ndarray, apart: int) -> np.ndarray:
    """What comes and goes: x_t - (x_(t-w) + x_(t+w)) / 2.

    A blink stays whole; what moves slowly is gone, and what jumps and stays,
    as a gaze does, is half as much once with either sign.

    Args:
        values: float [T, ...], one after another.
        apart: w, in frames.

    Returns:
        float [max(0, T - 2 w), ...], of the frames from w on.
    """
    if len(values) <= 2 * apart:
        return np.zeros((0, *values.shape[1:]), values.dtype)
    around = values[: -2 * apart] + values[2 * apart :]
    return values[apart:-apart] - 0.5 * around


@dataclass(frozen=True, eq=False)
class BlinkMeter:
    """How far eyes shut for a moment: 0 not at all, 1 as in a blink.

    In aligned crops nothing in the boxes of the eyes comes and goes as far and
    as often in one direction as lids do, so the axis is the first principal
    component of transients, and its sign is the one in which they are skewed.
    (Of drawn faces it correlates with the true lids by .97 and more:
    tests/tfbegan/evaluation/test_blink_meter.py.)

    Attributes:
        face: Geometry of the crops.
        axis: float64 [P], over the grey pixels of both boxes, of such a length
            that `transients` of `position` are in units of a blink.
    """

    face: FaceConfig
    axis: np.ndarray

    @classmethod
    def fit(
        cls, clips: Sequence[np.ndarray], face: FaceConfig, apart: int
    ) -> Self | None:
        """Finds the axis.

        Args:
            clips: `eye_pixels` of all the frames of each.
            face: Geometry of the crops.
            apart: `APART_S` in frames.

        Returns:
            None where nobody is seen to blink.
        """
        moved = np.concatenate([transients(clip, apart) for clip in clips])
        if len(moved) < 2 or not moved.size:  # boxes of less than a pixel
            return None
        _, axes = np.linalg.eigh(moved.T @ moved)
        along = moved @ axes[:, -1]
        skewness = _skewness(along)
        if not abs(skewness) >= _LEAST_SKEWNESS:  # also of what stands still
            return None
        axis = axes[:, -1] * np.sign(skewness)
        closing = [transients(clip, apart) @ axis for clip in clips]
        peaks = _peaks(closing)
        if len(peaks) < _FEWEST_BLINKS:
            return None
        return cls(face, axis / np.median(peaks))

    def position(self, images: np.ndarray) -> np.ndarray:
        """Where eyes are on the axis; only differences mean something.

        Args:
            images: float [T, S, S, 3] in [-1, 1].

        Returns:
            float64 [T].
        """
        return eye_pixels(images, self.face) @ self.axis


def eye_pixels(images: np.ndarray, face: FaceConfig) -> np.ndarray:
    """The boxes of both eyes in grey.

    Args:
        images: float [T, S, S, 3] in [-1, 1].
        face: Geometry of the crops.

    Returns:
        float64 [T, P].
    """
    boxes = [
        images[:, rows, columns].mean(axis=-1, dtype=np.float64)
        for rows, columns in face.eye_slices()
    ]
    return np.concatenate([box.reshape(len(images), -1) for box in boxes], 1)


def count_blinks(closing: np.ndarray) -> int:
    """How often eyes shut by more than half.

    Args:
        closing: float [T], `transients` of a `BlinkMeter.position`.
    """
    shut = np.concatenate([[False], closing > 0.5])
    return int((shut[1:] & ~shut[:-1]).sum())


def _peaks(closing: Sequence[np.ndarray]) -> np.ndarray:
    """How far eyes shut in the middle of each blink, in any unit.

    Only blinks go farther in their direction than anything goes in the other:
    before and after one, a transient is half of it, with the other sign.

    Args:
        closing: float [T] of each clip.
    """
    floor = np.quantile(-np.concatenate(closing), _OPPOSITE)
    peaks = []
    for clip in closing:
        above = np.concatenate([[False], clip > floor, [False]])
        edges = np.flatnonzero(above[1:] != above[:-1])
        peaks += [
            clip[start:stop].max()
            for start, stop in zip(edges[::2], edges[1::2], strict=True)
        ]
    return np.array(peaks)


def _skewness(values: np.ndarray) -> float:
    centred = values - np.median(values)
    scale = np.sqrt((centred**2).mean())
    return float((centred**3).mean() / scale**3) if scale > 0 else 0.0
