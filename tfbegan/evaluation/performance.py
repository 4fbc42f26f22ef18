"""What an arm did on the held-out clips, each thing once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from tfbegan.evaluation.arms import Arm, perform
from tfbegan.evaluation.feature_distances import FeatureSet
from tfbegan.evaluation.held_out import HeldOut
from tfbegan.evaluation.mouth_meters import correlation, varies
from tfbegan.evaluation.regions import (
    change_over_time,
    mean_pairwise_distance,
    over_real,
    sharpness,
)


@dataclass
class ClipFigures:
    """What is measured of whole clips: one figure each, but for two.

    Attributes:
        openings: Over time, float [T], by the first who speaks.
        silences: Openings and changes in silence, of `_silence`.
    """

    openings: list[np.ndarray] = field(default_factory=list)
    spread: list[float] = field(default_factory=list)
    opening_r: list[float] = field(default_factory=list)
    width_r: list[float] = field(default_factory=list)
    amplitude: list[float] = field(default_factory=list)
    sharpness: list[float] = field(default_factory=list)
    smoothness: list[float] = field(default_factory=list)
    silences: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)


@dataclass(frozen=True)
class Performance:
    """An arm on held-out clips.

    Painting takes nearly all of the time, so what several measures look at is
    painted once and kept.

    Attributes:
        arm: Who speaks.
        held_out: What it speaks, and what measures it.
    """

    arm: Arm
    held_out: HeldOut
    _features: dict[int, FeatureSet] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @cached_property
    def by_clip(self) -> ClipFigures:
        """Of whole clips: averaged over those who speak each."""
        return _figures_by_clip(self.arm, self.held_out)

    @property
    def openings(self) -> list[np.ndarray]:
        """Over time, float [T] a clip, by the first who speaks it."""
        return self.by_clip.openings

    @cached_property
    def hit_rates(self) -> np.ndarray:
        """A4, float [clips]."""
        return self.held_out.hit_rates(self.arm)

    @cached_property
    def likeness(self) -> np.ndarray:
        """A11, float [clips]."""
        return self.held_out.likeness(self.arm)

    def features(self, identities: int) -> FeatureSet:
        """For A8, of so many identities at most; see `HeldOut.features_of`."""
        several = min(identities, self.arm.identities)
        if several not in self._features:
            self._features[several] = self.held_out.features_of(
                self.arm, several
            )
        return self._features[several]


def _figures_by_clip(arm: Arm, held_out: HeldOut) -> ClipFigures:
    """What is measured of whole clips: averaged over those who speak each."""
    figures = ClipFigures()
    for index, clip in enumerate(held_out.clips):
        performances = perform(arm, index, len(clip))
        _add_clip(figures, held_out, index, performances)
    _count_stillness(figures.opening_r, held_out.targets)
    _count_stillness(figures.width_r, [clip.width for clip in held_out.clips])
    return figures


def _count_stillness(rs: list[float], targets: Sequence[np.ndarray]) -> None:
    """r is 0 of a clip in which a face stands still though it should move.

    Left undefined, such clips would be left out, and the others flatter. A
    face that stands still in every clip keeps no r at all.
    """
    if not np.isnan(rs).all():
        for index, target in enumerate(targets[: len(rs)]):
            if np.isnan(rs[index]) and varies(target):
                rs[index] = 0.0


def _add_clip(
    figures: ClipFigures,
    held_out: HeldOut,
    index: int,
    performances: np.ndarray,
) -> None:
    """Adds one clip's figures, averaged over the identities that speak it."""
    clip, tools = held_out.clips[index], held_out.instruments
    box, real = tools.box, clip.images()
    openings = [tools.opening.measure(faces) for faces in performances]
    real_opening = held_out.real_openings[index]
    target = held_out.targets[index]
    figures.openings.append(openings[0])
    figures.spread.append(
        over_real(
            _mean(mean_pairwise_distance(box.crop(f)) for f in performances),
            mean_pairwise_distance(box.crop(real)),
        )
    )
    figures.opening_r.append(_mean_correlation(openings, target))
    figures.amplitude.append(
        over_real(
            _mean(opening.std() for opening in openings), real_opening.std()
        )
    )
    if held_out.knows_truth and tools.true_mouth is not None:
        measure_width = tools.true_mouth.measure_width
        widths = [measure_width(faces) for faces in performances]
        figures.width_r.append(_mean_correlation(widths, clip.width))
    figures.sharpness.append(
        over_real(
            _mean(sharpness(box.crop(faces)) for faces in performances),
            sharpness(box.crop(real)),
        )
    )
    figures.smoothness.append(
        over_real(
            _mean(change_over_time(box.outside(f)) for f in performances),
            change_over_time(box.outside(real)),
        )
    )
    figures.silences.append(_silence(held_out, index, performances))


def _mean_correlation(
    tracks: Sequence[np.ndarray], target: np.ndarray
) -> float:
    """Mean r of those who speak a clip with what should be.

    One that stands still where another moves has missed the target: r is 0.
    NaN where the target, or all of them, stand still.
    """
    rs = [correlation(track, target) for track in tracks]
    if np.isnan(rs).all():
        return float("nan")
    return _mean(np.nan_to_num(rs))


def _silence(
    held_out: HeldOut, index: int, performances: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Openings and changes in a clip's silence.

    Openings count from the mean opening of the whole clip in the same face
    where there is no truth, since the eigen-mouth has no zero.

    Returns:
        Float [n, 2] openings (generated, real) of silent frames, and float
        [m, 2] changes of the mouth box between two silent frames in a row.
    """
    silent = held_out.silent[index]
    tools, clip = held_out.instruments, held_out.clips[index]
    openings = [tools.opening.measure(faces) for faces in performances]
    real = held_out.real_openings[index]
    if tools.true_mouth is None:
        openings = [opening - opening.mean() for opening in openings]
        real = real - real.mean()
    generated = np.mean(openings, axis=0)
    pairs = silent[:-1][np.diff(silent) == 1]
    changes = np.array(
        [
            (
                _mean(_change(tools.box.crop(f), t) for f in performances),
                _change(tools.box.crop(clip.images(slice(t, t + 2))), 0),
            )
            for t in pairs
        ]
    ).reshape(-1, 2)
    return np.stack([generated[silent], real[silent]], axis=1), changes


def _change(images: np.ndarray, frame: int) -> float:
    return float(np.abs(images[frame + 1] - images[frame]).mean())


def _mean(values: Any) -> float:
    return float(np.mean(list(values)))
