"""Which share of what varies is due to the sound, which to z."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True)
class VarianceShares:
    """Shares of a total of 1, or NaN each where nothing varies.

    Attributes:
        latent: Of z alone.
        audio: Of the sound alone.
        interaction: Of what neither explains alone.
    """

    latent: float
    audio: float
    interaction: float


@dataclass(frozen=True, eq=False)
class TwoWayLayout:
    """What a two-way analysis of variance needs to know of G(z_i, a_j).

    Sums of squares are taken per feature (pixel) and added up, so a feature
    counts as much as it varies. They are all sums of products of two cells,
    so that resampling the sounds a thousand times needs no pixels any more.

    Attributes:
        latents: I, how many z.
        within: float [J, J], sum over z_i of <x_ij, x_ij'>.
        across: float [J, J], <sum_i x_ij, sum_i x_ij'>.
        negligible: A total below this is rounding.
    """

    latents: int
    within: np.ndarray
    across: np.ndarray
    negligible: float

    @classmethod
    def of(cls, rows: Sequence[np.ndarray]) -> Self:
        """Of one value a cell.

        Args:
            rows: float [J, ...] each, one for every sound; row i of one z.
        """
        flat = [row.reshape(len(row), -1) for row in rows]
        # Without what all cells share, products are no larger than variances.
        grand = np.mean([row.mean(axis=0, dtype=np.float64) for row in flat], 0)
        within = np.zeros((len(flat[0]),) * 2)
        total = np.zeros(flat[0].shape)
        for row in flat:
            centred = row - grand
            within += centred @ centred.T
            total += centred
        cells = len(flat) * flat[0].size
        return cls(len(flat), within, total @ total.T, 1e-9 * cells)

    def shares(self, sounds: np.ndarray | None = None) -> VarianceShares:
        """The shares, of all sounds or of some.

        Args:
            sounds: int [N], which of them, repeats allowed; None takes all.
        """
        every = np.arange(len(self.within)) if sounds is None else sounds
        count = len(every)
        within = self.within[np.ix_(every, every)]
        across = self.across[np.ix_(every, every)]
        grand = across.sum() / (self.latents * count)
        total = np.trace(within) - grand
        if total < self.negligible:
            return VarianceShares(*(float("nan"),) * 3)
        latent = (within.sum() / count - grand) / total
        audio = (np.trace(across) / self.latents - grand) / total
        return VarianceShares(latent, audio, 1 - latent - audio)


def within_share(groups: list[np.ndarray]) -> float:
    """Share of the variance of real faces that lies within clips.

    The reference for the audio's share: what one could see at most if all
    change within a clip were the sound's.

    Args:
        groups: One float [T, ...] a clip.
    """
    flat = [group.reshape(len(group), -1) for group in groups]
    grand = np.concatenate(flat).mean(axis=0)
    within = sum(((g - g.mean(axis=0)) ** 2).sum() for g in flat)
    total = sum(((g - grand) ** 2).sum() for g in flat)
    return float(within / total) if total > 0 else float("nan")
