"""Which share of what varies is due to the sound, which to z."""

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


@dataclass(frozen=True)
class TwoWayLayout:
    """What a two-way analysis of variance needs to know of G(z_i, a_j).

    Sums of squares are taken per feature (pixel) and added up, so a feature
    counts as much as it varies. They are all sums of products of two cells,
    so that many resamplings of the sounds cost no more pass over the pixels.

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
    def of(cls, values: np.ndarray) -> Self:
        """Of one value a cell.

        Args:
            values: float [I, J, ...], row i of one z, column j of one sound.
        """
        cells = values.reshape(*values.shape[:2], -1)
        # Without what all cells share, products are no larger than variances.
        grand = cells.mean(axis=(0, 1), dtype=np.float64)
        within = np.zeros((cells.shape[1],) * 2)
        total = np.zeros(cells.shape[1:])
        for row in cells:  # of one z at a time: pixels are many
            centred = row - grand
            within += centred @ centred.T
            total += centred
        return cls(len(cells), within, total @ total.T, 1e-9 * cells.size)

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
