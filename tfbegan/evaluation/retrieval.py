"""Can the true sound be told from others by looking at the mouth?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfbegan.errors import DatasetError
from tfbegan.evaluation.arms import Moments

CLIPS = 4
FRAMES = 4
CHANCE = 1 / (CLIPS * FRAMES)


@dataclass(frozen=True)
class Lineups:
    """Sets of 16 moments: 4, far apart, of each of 4 clips.

    Attributes:
        clips: int [lineups, 16].
        frames: int [lineups, 16].
    """

    clips: np.ndarray
    frames: np.ndarray

    @property
    def moments(self) -> Moments:
        """All of them, one after another."""
        return self.clips.ravel(), self.frames.ravel()


def check_clips(count: int, split: str = "held-out") -> None:
    """Raises DatasetError where there are too few clips for a line-up."""
    if count < CLIPS:
        raise DatasetError(
            f"Telling sounds apart needs {CLIPS} {split} clips of 8 frames or"
            f" more. Received: {count}. Name a larger data set."
        )


def draw_lineups(lengths: Sequence[int], rounds: int, seed: int) -> Lineups:
    """Every clip in `rounds` line-ups (some in one more, to fill the last).

    Args:
        lengths: Frames of each clip.
        rounds: How often each is drawn.
        seed: Of the drawing.

    Raises:
        DatasetError: There are less than 4 clips.
    """
    check_clips(len(lengths))
    generator = np.random.default_rng(seed)
    clips, frames = [], []
    for _ in range(rounds):
        order = generator.permutation(len(lengths))
        order = np.append(order, order[: -len(order) % CLIPS])
        for group in order.reshape(-1, CLIPS):
            clips.append(np.repeat(group, FRAMES))
            frames.append(
                np.concatenate(
                    [_far_apart(lengths[clip], generator) for clip in group]
                )
            )
    return Lineups(np.stack(clips), np.stack(frames))


def hits(mouths: np.ndarray, sounds: np.ndarray) -> np.ndarray:
    """Whether the nearest sound is the mouth's own.

    Args:
        mouths: float [lineups * 16, E], of length 1.
        sounds: float [lineups * 16, E], likewise, in the same order.

    Returns:
        bool [lineups * 16]; one in 16 where all mouths are the same.
    """
    size = CLIPS * FRAMES
    by_lineup = mouths.reshape(-1, size, mouths.shape[-1])
    heard = sounds.reshape(-1, size, sounds.shape[-1])
    similarities = np.einsum("lie,lje->lij", by_lineup, heard)
    return (similarities.argmax(axis=-1) == np.arange(size)).ravel()


def by_clip(values: np.ndarray, lineups: Lineups) -> np.ndarray:
    """The mean of each clip's values, float [clips]."""
    clips, _ = lineups.moments
    sums = np.bincount(clips, weights=np.asarray(values, float))
    return sums / np.bincount(clips)


def hit_rates(
    probe: Any, faces: np.ndarray, windows: np.ndarray, lineups: Lineups
) -> np.ndarray:
    """Share of moments whose sound is found, a clip: float [clips].

    Args:
        probe: A `SyncCritic`.
        faces: float32 [N, S, S, 3], at the line-ups' moments.
        windows: The sound there, float32 [N, window_frames, n_mfcc].
        lineups: The moments.
    """
    from tfbegan.evaluation.fitting import in_batches

    found = hits(
        in_batches(probe.embed_mouths, faces),
        in_batches(probe.embed_sounds, windows),
    )
    return by_clip(found, lineups)


def _far_apart(length: int, generator: np.random.Generator) -> np.ndarray:
    stride = length // FRAMES
    return generator.integers(0, stride) + stride * np.arange(FRAMES)
