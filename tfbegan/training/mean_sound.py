"""What sounds are like in the mean, to a generator."""

from typing import Any

import numpy as np

from tfbegan.data.dataset import FaceDataset
from tfbegan.data.pipeline import clip_windows
from tfbegan.evaluation.fitting import in_batches
from tfbegan.evaluation.speech_clips import clip_records

_CLIPS = 64


def mean_sound(generator: Any, dataset: FaceDataset) -> np.ndarray | None:
    """The mean of what a generator hears in the training split.

    It is what an articulation is measured from (`Generator.hear`): of the
    features of silence, sounds are all on one side, and lips that hardly part
    would part further, too.

    Args:
        generator: That takes sound.
        dataset: What it learnt from.

    Returns:
        float32 [F]; None where every clip is too short.

    Raises:
        DatasetError: The data set is damaged.
    """
    total: np.ndarray | float = 0.0
    count = 0
    for record in clip_records(dataset, ("train",), _CLIPS):
        frames = range(len(record["frames"]))
        windows = clip_windows(record, dataset.info, frames)
        total += in_batches(generator.hear, windows).sum(axis=0, dtype=float)
        count += len(windows)
    return np.asarray(total / count, np.float32) if count else None
