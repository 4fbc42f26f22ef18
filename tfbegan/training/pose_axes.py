"""How the look of a face moves while it speaks, as the footage shows it."""

from typing import Any

import numpy as np

from tfbegan.data.dataset import FaceDataset
from tfbegan.evaluation.fitting import in_batches
from tfbegan.evaluation.instruments import spread_frames
from tfbegan.evaluation.speech_clips import as_float, clip_records, decode_faces

_CLIPS, _FRAMES = 64, 12
_MOST_AXES = 8
"""Puppets turn and nod along two; of the footage the eighth is a quarter as
long as the first."""


def pose_axes(generator: Any, dataset: FaceDataset) -> np.ndarray | None:
    """How look codes move within the clips of the training split.

    A face that speaks stays who it is, in its light, and moves its head and
    eyes: what its codes do then is a small and flat part of what codes do.
    A natural pose walks there (`generation.pose.LookWalk`).

    Args:
        generator: With a look encoder.
        dataset: What it learnt from.

    Returns:
        float32 [<= 8, h], principal axes, the longest first, each of the
        length of its standard deviation; None where no clip is long enough to
        tell.

    Raises:
        DatasetError: The data set is damaged.
    """
    moved = []
    for record in clip_records(dataset, ("train",), _CLIPS):
        kept = spread_frames(len(record["frames"]), _FRAMES)
        faces = as_float(decode_faces(record, kept))
        codes = in_batches(generator.encode, faces, len(faces))
        moved.append(codes - codes.mean(axis=0))
    if not moved:
        return None
    apart = np.concatenate(moved).astype(np.float64)
    variances, axes = np.linalg.eigh(apart.T @ apart / len(apart))
    lengths = np.sqrt(np.maximum(variances, 0))
    longest = np.argsort(lengths)[::-1][:_MOST_AXES]
    return (axes * lengths).T[longest].astype(np.float32)
