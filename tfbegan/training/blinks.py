"""How a generator's faces blink, as the footage shows it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tfbegan.data.pipeline import clip_windows
from tfbegan.evaluation.blink_meter import (
    APART_S,
    BlinkMeter,
    count_blinks,
    eye_pixels,
    transients,
)
from tfbegan.evaluation.fitting import in_batches, while_wanted
from tfbegan.evaluation.speech_clips import as_float, decode_faces
from tfbegan.models.blinking import MOST_PER_MINUTE, Blinking
from tfbegan.records import DatasetInfo

_RIDGE = 0.01
_OPEN = 0.25
_LEAST_CLOSING = 0.3
"""Of a generated face, over the real one's: with less it only squints."""

_MOST_STRETCHED = 2.0


def find_blinking(
    generator: Any,
    records: Sequence[Mapping[str, Any]],
    info: DatasetInfo,
    stopped: Callable[[], bool] = lambda: False,
) -> Blinking | None:
    """What look codes do when the eyes in their frames shut.

    Codes come and go with blinks, so what they do on average while eyes shut
    is a regression of the ones' transients on the others'. By how much the
    faces that are generated then shut their eyes is measured, and the step
    made as long as it takes.

    Args:
        generator: With a look encoder.
        records: Clips that it learnt from, as `FaceDataset.clips` has them.
        info: Of the data set.
        stopped: Whether to give up, asked before every clip.

    Returns:
        None where nobody is seen to blink, or where the generator's faces
        don't: it was trained without `eye_weight`.

    Raises:
        StoppedError: `stopped` said so.
    """
    if not records:
        return None
    rate = _frame_rate(records)
    apart = max(1, round(APART_S * rate))
    eyes, codes = [], []
    # One after another: all faces at once fit no memory.
    for record in while_wanted(records, stopped):
        faces = as_float(decode_faces(record, range(len(record["frames"]))))
        eyes.append(eye_pixels(faces, info.face))
        codes.append(in_batches(generator.encode, faces).astype(np.float64))
    meter = BlinkMeter.fit(eyes, info.face, apart)
    if meter is None:
        return None
    closing = [transients(clip @ meter.axis, apart) for clip in eyes]
    moved = [transients(clip, apart) for clip in codes]
    shuts, moves = np.concatenate(closing), np.concatenate(moved)
    looks = np.concatenate([c[apart : len(c) - apart] for c in codes])
    opens = looks[np.abs(shuts) < _OPEN]
    if not (np.isfinite(moves).all() and moves.any() and len(opens)):
        return None  # codes that tell nothing, as of a collapsed encoder
    shut, telling = _regressions(moves, shuts)
    stretch = _stretch(generator, meter, opens, shut, _sounds(records, info))
    if stretch is None:
        return None
    telling /= telling @ (stretch * shut)
    return Blinking(
        (stretch * shut).astype(np.float32),
        telling.astype(np.float32),
        float(np.median(opens @ telling)),
        min(
            60.0 * sum(map(count_blinks, closing)) * rate / len(shuts),
            MOST_PER_MINUTE,
        ),
    )


def _frame_rate(records: Iterable[Mapping[str, Any]]) -> float:
    """Frames a second, the median."""
    steps = [np.diff(record["frame_times"]) for record in records]
    return float(1.0 / np.median(np.concatenate(steps)))


def _regressions(
    moved: np.ndarray, closing: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How codes move with lids, float64 [h], and lids with codes, [h]."""
    shut = closing @ moved / (closing @ closing)
    spread = moved.T @ moved
    ridge = _RIDGE * np.trace(spread) / len(spread)
    telling = np.linalg.solve(
        spread + ridge * np.eye(len(spread)), moved.T @ closing
    )
    return shut, telling


def _sounds(
    records: Sequence[Mapping[str, Any]], info: DatasetInfo
) -> np.ndarray:
    """The window in the middle of each clip, float32 [N, W, n_mfcc]."""
    return np.concatenate(
        [clip_windows(r, info, [len(r["frames"]) // 2]) for r in records]
    )


def _stretch(
    generator: Any,
    meter: BlinkMeter,
    codes: np.ndarray,
    shut: np.ndarray,
    windows: np.ndarray,
) -> float | None:
    """How many times `shut` makes generated eyes shut; None if they won't.

    Args:
        generator: Whose faces are measured.
        meter: Tells how far eyes shut.
        codes: float64 [N, h], of frames with open eyes.
        shut: float64 [h].
        windows: float32 [M, W, n_mfcc], some sounds.
    """
    spread = np.linspace(0, len(codes) - 1, len(windows)).astype(int)
    looks = codes[spread].astype(np.float32)
    sound = in_batches(generator.hear, windows)

    def position(stretch: float) -> float:
        moved = (looks + stretch * shut).astype(np.float32)
        faces = np.concatenate(
            [
                np.asarray(generator.paint(moved[i : i + 1], sound[i : i + 1]))
                for i in range(len(sound))
            ]
        )
        return float(meter.position(faces.clip(-1, 1)).mean())

    closed = position(1.0) - position(0.0)
    if not closed >= _LEAST_CLOSING:
        return None
    return min(1.0 / closed, _MOST_STRETCHED)
