"""How the look of a face moves while it speaks, as the footage shows it."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from tfbegan.evaluation.fitting import in_batches
from tfbegan.evaluation.instruments import spread_frames
from tfbegan.evaluation.speech_clips import as_float, decode_faces
from tfbegan.models.blinking import Blinking

_FRAMES = 12
_MOST_AXES = 8
"""Puppets turn and nod along two; of the footage the eighth is a quarter as
long as the first."""


def pose_axes(
    generator: Any,
    records: Iterable[Mapping[str, Any]],
    blinking: Blinking | None = None,
) -> np.ndarray | None:
    """How look codes move within clips.

    A face that speaks stays who it is, in its light, and moves its head and
    eyes: what its codes do then is a small and flat part of what codes do.
    A natural pose walks there (`generation.pose.LookWalk`).

    Args:
        generator: With a look encoder.
        records: Clips that it learnt from, as `FaceDataset.clips` has them.
        blinking: Of the generator, where it is known: then eyes are opened
            before, for a walk is no way to blink.

    Returns:
        float32 [<= 8, h], principal axes, the longest first, each of the
        length of its standard deviation; None without a clip.
    """
    moved = []
    for record in records:
        kept = spread_frames(len(record["frames"]), _FRAMES)
        faces = as_float(decode_faces(record, kept))
        codes = in_batches(generator.encode, faces, len(faces))
        if blinking is not None:
            codes = blinking.opened(codes)
        moved.append(codes - codes.mean(axis=0))
    if not moved:
        return None
    apart = np.concatenate(moved).astype(np.float64)
    variances, axes = np.linalg.eigh(apart.T @ apart / len(apart))
    lengths = np.sqrt(np.maximum(variances, 0))
    longest = np.argsort(lengths)[::-1][:_MOST_AXES]
    return (axes * lengths).T[longest].astype(np.float32)
