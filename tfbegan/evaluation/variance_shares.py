"""Which share of what varies is due to the sound, which to z."""

from dataclasses import dataclass

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


def two_way_shares(values: np.ndarray) -> VarianceShares:
    """Two-way analysis of variance of G(z_i, a_j), one value a cell.

    Sums of squares are taken per feature (pixel) and added up, so a feature
    counts as much as it varies.

    Args:
        values: float [I, J, ...], row i of one z, column j of one sound.
    """
    cells = values.reshape(*values.shape[:2], -1).astype(np.float64)
    grand = cells.mean(axis=(0, 1))
    of_latent = cells.mean(axis=1) - grand  # [I, features]
    of_audio = cells.mean(axis=0) - grand  # [J, features]
    total = ((cells - grand) ** 2).sum()
    if total < 1e-9 * max(cells.size, 1):
        return VarianceShares(*(float("nan"),) * 3)
    latent = cells.shape[1] * (of_latent**2).sum() / total
    audio = cells.shape[0] * (of_audio**2).sum() / total
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
