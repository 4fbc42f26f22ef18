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


def covered(
    real: FeatureSet, other: np.ndarray, neighbours: int = 5
) -> np.ndarray:
    """Which of the real features have another's near; their share is coverage.

    Near is within the distance of the k-th nearest other real feature.
    Naeem et al., "Reliable Fidelity and Diversity Metrics", ICML 2020, arXiv
    2002.09797, section 3. With many faces of each clip all neighbours are of
    the same clip, and hardly anything is near enough: take a few (4).

    Args:
        real: More than `neighbours` faces.
        other: float [M, F].
        neighbours: k.

    Returns:
        bool [N].
    """
    among_real = _distances(real.features, real.features)
    np.fill_diagonal(among_real, np.inf)
    radii = np.partition(among_real, neighbours - 1, axis=1)[:, neighbours - 1]
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
    rows, row_starts, row_counts = _sorted_by_clip(first)
    columns, column_starts, column_counts = _sorted_by_clip(second)
    kernel = (rows @ columns.T / rows.shape[1] + 1) ** _DEGREE
    sums = np.add.reduceat(kernel, row_starts, axis=0)
    sums = np.add.reduceat(sums, column_starts, axis=1)
    return sums, np.outer(row_counts, column_counts)


def _sorted_by_clip(
    faces: FeatureSet,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features in the order of their clips; where each starts; how many."""
    order = np.argsort(faces.clips, kind="stable")
    _, starts, counts = np.unique(
        faces.clips[order], return_index=True, return_counts=True
    )
    return faces.features[order].astype(np.float64), starts, counts


def _mean_of_pairs(
    block: tuple[np.ndarray, np.ndarray], chosen: np.ndarray
) -> float:
    """Mean kernel of faces from two different clips."""
    apart = chosen[:, None] != chosen[None]
    sums, counts = (part[np.ix_(chosen, chosen)][apart] for part in block)
    if not counts.size:  # the same clip was drawn every time
        return float("nan")
    return float(sums.sum() / counts.sum())


def _mean_of_all(
    block: tuple[np.ndarray, np.ndarray],
    first: np.ndarray,
    second: np.ndarray,
) -> float:
    sums, counts = (part[np.ix_(first, second)] for part in block)
    return float(sums.sum() / counts.sum())
