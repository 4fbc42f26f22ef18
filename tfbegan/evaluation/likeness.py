"""Does a face look like its clip? It is looked for among other clips.

What a look is, the frozen autoencoder says: who it is, but light, clothes and
ground as well, all of which a photograph shows. A model that copied the ground
alone would do well where every clip has another one.
"""

import math
from collections.abc import Sequence

import numpy as np
from scipy.spatial.distance import cdist

from tfbegan.evaluation.arms import Moments
from tfbegan.evaluation.instruments import spread_frames

CANDIDATES = 16
_FRAMES = 8


def gallery_moments(lengths: Sequence[int]) -> Moments:
    """Eight moments of every clip, evenly spread over it.

    Args:
        lengths: Frames of each clip, eight or more.
    """
    frames = [spread_frames(length, _FRAMES) for length in lengths]
    return np.repeat(np.arange(len(lengths)), _FRAMES), np.concatenate(frames)


def found_rates(faces: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    """How often a face is most like its own clip, among 16 clips.

    Each face is compared with a real frame of its own clip, half of the clip
    away so that the mouth says something else, and with frames of other clips.
    A rate is the mean over all choices of 15 of those, or over the only one
    where there are no more than 15.

    Args:
        faces: Features float [clips * 8, F], of faces at `gallery_moments`.
        gallery: Of the real faces there.

    Returns:
        float [clips], each in [0, 1]; by chance one in 16 on average, or one
        in as many as there are.
    """
    of_faces, of_gallery = (
        features.reshape(-1, _FRAMES, features.shape[-1]).astype(np.float64)
        for features in (faces, gallery)
    )
    away = np.roll(of_gallery, _FRAMES // 2, axis=1)
    rates = [
        _rates(cdist(ours, theirs))
        for ours, theirs in zip(
            of_faces.swapaxes(0, 1), away.swapaxes(0, 1), strict=True
        )
    ]
    return np.mean(rates, axis=0)


def _rates(distances: np.ndarray) -> np.ndarray:
    """Of distances [faces, clips], the own clip's on the diagonal."""
    farther = (distances > np.diag(distances)[:, None]).sum(axis=1)
    others = len(distances) - 1
    chosen = min(others, CANDIDATES - 1)
    ways = [math.comb(int(count), chosen) for count in farther]
    return np.array(ways) / math.comb(others, chosen)
