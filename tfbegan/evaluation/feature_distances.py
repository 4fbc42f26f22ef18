"""How far one set of faces is from another, in the features of a network.

KID is a squared distance of two distributions, without bias on any number of
samples; coverage is the share of the real ones that have a generated one near.
"""

from dataclasses import dataclass

import numpy as np

_DEGREE = 3


@dataclass(frozen=True)
class FeatureSet:
    """Features of some faces.

    Attributes:
        features: float [N, F].
        clips: int [N], the clip that each face comes from. Faces of one clip
            are no independent samples, and are not compared with each other.
    """

    features: np.ndarray
    clips: np.ndarray

    @classmethod
    def independent(cls, features: np.ndarray) -> "FeatureSet":
        """Faces of which every one is a clip of its own."""
        return cls(features, np.arange(len(features)))


class KernelSums:
    """Kernel values summed by clip, so that clips can be drawn again.

    Args:
        first: Of N faces.
        second: Of M faces.
    """

    def __init__(self, first: FeatureSet, second: FeatureSet) -> None:
        self.within_first = _by_clip(first, first)
        self.within_second = _by_clip(second, second)
        self.across = _by_clip(first, second)

    def distance(
        self,
        chosen_first: np.ndarray | None = None,
        chosen_second: np.ndarray | None = None,
    ) -> float:
        """Of the chosen clips, numbered from 0; of all by default."""
        first, second = (
            np.arange(size) if chosen is None else chosen
            for chosen, size in zip(
                (chosen_first, chosen_second),
                self.across[0].shape,
                strict=True,
            )
        )
        return (
            _mean_of_pairs(self.within_first, first)
            + _mean_of_pairs(self.within_second, second)
            - 2 * _mean_of_all(self.across, first, second)
        )


def kernel_distance(first: FeatureSet, second: FeatureSet) -> float:
    """KID: the unbiased squared maximum mean discrepancy.

    With the kernel (x . y / F + 1)^3, as Binkowski et al., "Demystifying MMD
    GANs", ICLR 2018, arXiv 1801.01401; with our own features it is no number
    to compare with theirs.

    Returns:
        About 0 (a little below or above) for two samples of one distribution.
    """
    return KernelSums(first, second).distance()


def coverage(real: FeatureSet, other: np.ndarray, neighbours: int = 5) -> float:
    """Share of the real features that have another's near.

    Near is within the distance of the k-th nearest real neighbour. Naeem et
    al., "Reliable Fidelity and Diversity Metrics", ICML 2020, arXiv
    2002.09797, section 3. Since the frames of a clip are alike, a neighbour
    is the nearest frame of another clip; where each face is a clip of its own
    this is the measure as published.

    Args:
        real: Of two clips or more.
        other: float [M, F].
        neighbours: k; fewer where there are not as many other clips.

    Returns:
        In [0, 1].
    """
    return float(covered(real, other, neighbours).mean())


def covered(real: FeatureSet, other: np.ndarray, neighbours: int) -> np.ndarray:
    """Which of the real features have another's near, bool [N]."""
    among_real = _distances(real.features, real.features)
    members = _membership(real.clips).astype(bool)
    to_clips = np.stack(
        [among_real[:, frames].min(axis=1) for frames in members], axis=1
    )  # [N, clips]
    to_clips[members.T] = np.inf
    nearest = np.sort(to_clips, axis=1)
    radii = nearest[:, min(neighbours, len(members) - 1) - 1]
    return _distances(real.features, other).min(axis=1) <= radii


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Squared Euclidean, float64 [N, M]."""
    one, other = first.astype(np.float64), second.astype(np.float64)
    squares = (one**2).sum(1)[:, None] + (other**2).sum(1)[None]
    return np.maximum(squares - 2 * one @ other.T, 0)


def _by_clip(
    first: FeatureSet, second: FeatureSet
) -> tuple[np.ndarray, np.ndarray]:
    """Sums of kernel values and numbers of pairs, [clips, clips] each."""
    dim = first.features.shape[1]
    products = first.features.astype(np.float64) @ second.features.T
    kernel = (products / dim + 1) ** _DEGREE
    one, other = (_membership(s.clips) for s in (first, second))
    counts = np.outer(one.sum(axis=1), other.sum(axis=1))
    return one @ kernel @ other.T, counts


def _membership(clips: np.ndarray) -> np.ndarray:
    """float [clips, N], 1 where a face belongs to a clip."""
    return (np.unique(clips)[:, None] == clips[None]).astype(float)


def _mean_of_pairs(
    block: tuple[np.ndarray, np.ndarray], chosen: np.ndarray
) -> float:
    """Mean kernel of faces from two different clips."""
    apart = chosen[:, None] != chosen[None]
    sums, counts = (part[np.ix_(chosen, chosen)][apart] for part in block)
    return float(sums.sum() / counts.sum())


def _mean_of_all(
    block: tuple[np.ndarray, np.ndarray],
    first: np.ndarray,
    second: np.ndarray,
) -> float:
    sums, counts = (part[np.ix_(first, second)] for part in block)
    return float(sums.sum() / counts.sum())
