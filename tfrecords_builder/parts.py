"""Parts: what one worker makes at a time, staged until all are there.

A part is a TFRecord file and an index beside it. The index is written last,
holds the hash, and says where each record lies, so that the records can be
put in their final order by copying bytes.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfbegan.errors import DatasetError
from tfbegan.files import atomic_path, read_json, sha256_file, write_json
from tfbegan.records import Clip, encode_clip

_FRAMING_BYTES = 16
"""Of a TFRecord: length 8, its checksum 4, the data's checksum 4."""


@dataclass(frozen=True)
class StagedClip:
    """A record in a part.

    Attributes:
        clip_id: Of the clip.
        source_id: Its unit of the split.
        frames: Faces in it.
        has_audio: Whether it has an MFCC track.
        has_truth: Whether the mouth's true opening and width are known.
        offset: Of the framed record, in bytes.
        size: Of the framed record, in bytes.
        mfcc_rows: Rows of the MFCC track.
        mfcc_sum: Their sum, per coefficient.
        mfcc_square_sum: The sum of their squares, per coefficient.
    """

    clip_id: str
    source_id: str
    frames: int
    has_audio: bool
    has_truth: bool
    offset: int
    size: int
    mfcc_rows: int
    mfcc_sum: tuple[float, ...]
    mfcc_square_sum: tuple[float, ...]


@dataclass(frozen=True)
class Part:
    """A staged part.

    Attributes:
        path: Of the TFRecord file.
        clips: In the order of the file.
        report: What else its maker says, as JSON types.
    """

    path: Path
    clips: tuple[StagedClip, ...]
    report: Any = None


def write_part(path: Path, clips: Sequence[Clip], report: Any = None) -> Part:
    """Stages clips.

    Args:
        path: Of the TFRecord file; the index goes beside it.
        clips: The records.
        report: Kept in the index.

    Raises:
        OutputError: It can't be written.
    """
    import tensorflow as tf

    staged = []
    with atomic_path(path) as temporary:
        offset = 0
        with tf.io.TFRecordWriter(str(temporary)) as writer:
            for clip in clips:
                record = encode_clip(clip)
                writer.write(record)
                size = len(record) + _FRAMING_BYTES
                staged.append(_staged(clip, offset, size))
                offset += size
    index = {
        "sha256": sha256_file(path),
        "clips": [asdict(clip) for clip in staged],
        "report": report,
    }
    write_json(_index_path(path), index)
    return Part(path, tuple(staged), report)


def read_part(path: Path) -> Part | None:
    """A part that is staged and whole; None if it must be made again."""
    try:
        index = read_json(_index_path(path))
        if sha256_file(path) != index["sha256"]:
            return None
        clips = tuple(StagedClip(**clip) for clip in index["clips"])
        return Part(path, clips, index["report"])
    except (DatasetError, OSError, KeyError, TypeError):
        return None


def _staged(clip: Clip, offset: int, size: int) -> StagedClip:
    mfcc = np.asarray(clip.mfcc, np.float64)
    return StagedClip(
        clip_id=clip.clip_id,
        source_id=clip.source_id,
        frames=len(clip.frames),
        has_audio=len(clip.mfcc_centres) > 0,
        has_truth=len(clip.mouth_opening) > 0,
        offset=offset,
        size=size,
        mfcc_rows=len(mfcc),
        mfcc_sum=tuple(mfcc.sum(axis=0).tolist()),
        mfcc_square_sum=tuple((mfcc**2).sum(axis=0).tolist()),
    )


def _index_path(path: Path) -> Path:
    return path.with_suffix(".json")
