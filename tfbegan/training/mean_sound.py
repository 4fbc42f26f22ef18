"""What sounds are like in the mean, to a generator."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from tfbegan.data.pipeline import clip_windows
from tfbegan.evaluation.fitting import in_batches
from tfbegan.records import DatasetInfo


def mean_sound(
    generator: Any, records: Iterable[Mapping[str, Any]], info: DatasetInfo
) -> np.ndarray | None:
    """The mean of what a generator hears in clips.

    It is what an articulation is measured from (`Generator.hear`). From the
    features of quiet sound instead, mouths are further open in silence, and
    the sounds harder to tell (docs/results/audio.md).

    Args:
        generator: That takes sound.
        records: Clips that it learnt from, as `FaceDataset.clips` has them.
        info: Of the data set.

    Returns:
        float32 [F]; None without a clip.
    """
    total: np.ndarray | float = 0.0
    count = 0
    for record in records:
        windows = clip_windows(record, info, range(len(record["frames"])))
        total += in_batches(generator.hear, windows).sum(axis=0, dtype=float)
        count += len(windows)
    return np.asarray(total / count, np.float32) if count else None
