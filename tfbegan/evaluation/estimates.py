"""Figures with an interval that says what other clips might have given."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

RESAMPLINGS = 1_000
_INTERVAL = (2.5, 97.5)


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % bootstrap interval over clips.

    Attributes:
        value: The figure; NaN where it is undefined.
        low: Lower end.
        high: Upper end.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


UNDEFINED = Estimate(float("nan"), float("nan"), float("nan"))


def mean_over_clips(per_clip: np.ndarray, seed: int = 0) -> Estimate:
    """The mean of one figure a clip, clips without one (NaN) left out.

    Args:
        per_clip: float [clips].
        seed: Of the resampling.
    """
    defined = np.asarray(per_clip, float)
    defined = defined[np.isfinite(defined)]
    if not len(defined):
        return UNDEFINED
    return over_clips(lambda chosen: defined[chosen].mean(), len(defined), seed)


def ratio_over_clips(
    numerators: np.ndarray, denominators: np.ndarray, seed: int = 0
) -> Estimate:
    """The ratio of two means over the same clips.

    Args:
        numerators: float [clips].
        denominators: float [clips].
        seed: Of the resampling.

    Returns:
        `UNDEFINED` where the second mean is 0.
    """
    above, below = np.asarray(numerators), np.asarray(denominators)

    def ratio(chosen: np.ndarray) -> float:
        divisor = below[chosen].mean()
        return above[chosen].mean() / divisor if divisor else float("nan")

    if not below.mean():
        return UNDEFINED
    return over_clips(ratio, len(above), seed)


def over_clips(
    statistic: Callable[[np.ndarray], float], clips: int, seed: int = 0
) -> Estimate:
    """A statistic of all clips, and of clips drawn with replacement.

    The frames of a clip are alike, so it is the clips that are drawn.

    Args:
        statistic: Takes the indices of the clips, int [clips].
        clips: How many there are.
        seed: Of the resampling.

    Returns:
        The statistic of all, between percentiles of 1,000 resamplings;
        `UNDEFINED` where it is.
    """
    generator = np.random.default_rng(seed)
    drawn = generator.integers(0, clips, (RESAMPLINGS, clips))
    value = float(statistic(np.arange(clips)))
    if not np.isfinite(value):
        return UNDEFINED
    resampled = [statistic(chosen) for chosen in drawn]
    low, high = np.nanpercentile(resampled, _INTERVAL)
    return Estimate(value, float(low), float(high))


def over_two_sets(
    statistic: Callable[[np.ndarray, np.ndarray], float],
    first: int,
    second: int,
    seed: int = 0,
) -> Estimate:
    """As `over_clips`, of clips from two sets that are drawn apart.

    Args:
        statistic: Takes the indices of both, int [first] and int [second].
        first: Clips in the one set.
        second: Clips in the other.
        seed: Of the first set's resampling.
    """
    generator = np.random.default_rng(seed)

    def of_second(chosen: np.ndarray) -> float:
        return statistic(generator.integers(0, first, first), chosen)

    resampled = over_clips(of_second, second)
    value = float(statistic(np.arange(first), np.arange(second)))
    return Estimate(value, resampled.low, resampled.high)
