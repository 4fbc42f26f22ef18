"""From staged parts to a finished data set: order, split, shards, marker."""

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfbegan.config import AudioConfig, FaceConfig
from tfbegan.errors import DatasetError
from tfbegan.files import atomic_path, sha256_file, write_json
from tfbegan.records import (
    MARKER_NAME,
    SPLITS,
    DatasetInfo,
    ShardInfo,
    shard_name,
)
from tfrecords_builder.contact_sheet import write_contact_sheet
from tfrecords_builder.parts import Part, StagedClip
from tfrecords_builder.tfds_files import write_tfds_files

_LEAST_STD = 1e-3
"""So that a coefficient that never changes can be divided by."""

_PlacedClip = tuple[Path, StagedClip]


@dataclass(frozen=True)
class DatasetSpec:
    """What a data set is, but for its records.

    Attributes:
        face: Geometry of the crops.
        audio: The MFCC front end.
        plan: Everything that decided its bytes, as JSON types.
        generator: Who writes it, such as "tfrecords_builder 0.1.0".
        validation_fraction: Share of the split units in validation.
        clips_per_shard: Records in a shard.
        salt: Changes the order of records and the split.
    """

    face: FaceConfig
    audio: AudioConfig
    plan: Mapping[str, Any]
    generator: str
    validation_fraction: float = 0.1
    clips_per_shard: int = 256
    salt: str = "tfbegan"


def write_dataset(
    parts: Sequence[Part], folder: Path, spec: DatasetSpec
) -> DatasetInfo:
    """Writes shards, descriptions, a contact sheet and, last, the marker.

    The order of records and the split are functions of ids and salt alone:
    neither workers nor the order of the sources change a byte.

    Args:
        parts: All of them, in any order.
        folder: To write into; made if missing. It holds no data set until
            the marker is there, so write beside the final name and rename.
        spec: What it is.

    Returns:
        The content of the marker.

    Raises:
        DatasetError: There is no clip at all, or one twice.
        OutputError: The disk is full.
    """
    clips = [(part.path, clip) for part in parts for clip in part.clips]
    if not clips:
        raise DatasetError(
            "There is not a single face to write, so there is no data set."
        )
    _refuse_twins(clips)
    clips.sort(key=lambda placed: _hash(spec.salt, placed[1].clip_id))
    held_out = _validation_units(clips, spec)
    splits: dict[str, list[_PlacedClip]] = {name: [] for name in SPLITS}
    for placed in clips:
        is_held_out = placed[1].source_id in held_out
        splits["validation" if is_held_out else "train"].append(placed)

    folder.mkdir(parents=True, exist_ok=True)
    shards: list[ShardInfo] = []
    for split in SPLITS:
        shards += _write_shards(folder, split, splits[split], spec)
    mean, std = _mfcc_statistics([c for _, c in splits["train"]], spec.audio)
    info = DatasetInfo(
        face=spec.face,
        audio=spec.audio,
        has_audio=all(clip.has_audio for _, clip in clips),
        has_truth=all(clip.has_truth for _, clip in clips),
        mfcc_mean=mean,
        mfcc_std=std,
        shards=tuple(shards),
        plan=spec.plan,
        generator=spec.generator,
    )
    write_tfds_files(folder, info)
    write_contact_sheet(folder, info)
    write_json(folder / MARKER_NAME, info.to_dict())
    return info


def _refuse_twins(clips: Sequence[_PlacedClip]) -> None:
    seen: dict[str, Path] = {}
    for path, clip in clips:
        if clip.clip_id in seen:
            raise DatasetError(
                f"The clip {clip.clip_id} is there twice: in"
                f" {seen[clip.clip_id]} and in {path}. Name each source once."
            )
        seen[clip.clip_id] = path


def _validation_units(
    clips: Sequence[_PlacedClip], spec: DatasetSpec
) -> set[str]:
    units = sorted(
        {clip.source_id for _, clip in clips},
        key=lambda unit: _hash(f"{spec.salt}/split", unit),
    )
    if len(units) < 2 or spec.validation_fraction == 0:
        return set()
    count = max(1, round(spec.validation_fraction * len(units)))
    return set(units[:count])


def _write_shards(
    folder: Path, split: str, clips: list[_PlacedClip], spec: DatasetSpec
) -> list[ShardInfo]:
    count = -(-len(clips) // spec.clips_per_shard)
    shards = []
    for index in range(count):
        # Evenly filled: no shard is a small rest.
        start, stop = (len(clips) * i // count for i in (index, index + 1))
        members = clips[start:stop]
        path = folder / shard_name(split, index, count)
        with atomic_path(path) as temporary, temporary.open("wb") as shard:
            for source, clip in members:
                shard.write(_framed_record(source, clip))
        shards.append(
            ShardInfo(
                name=path.name,
                split=split,
                clips=len(members),
                frames=sum(clip.frames for _, clip in members),
                size=path.stat().st_size,
                sha256=sha256_file(path),
            )
        )
    return shards


def _framed_record(path: Path, clip: StagedClip) -> bytes:
    with path.open("rb") as part:
        part.seek(clip.offset)
        record = part.read(clip.size)
    if len(record) != clip.size:
        raise DatasetError(
            f"The staged part {path} was cut while it was used. Run again."
        )
    return record


def _mfcc_statistics(
    clips: Sequence[StagedClip], audio: AudioConfig
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation per coefficient, over all rows."""
    heard = sorted(
        (clip for clip in clips if clip.has_audio), key=lambda c: c.clip_id
    )
    rows = sum(clip.mfcc_rows for clip in heard)
    if rows == 0:
        return (0.0,) * audio.n_mfcc, (1.0,) * audio.n_mfcc
    mean = np.sum([clip.mfcc_sum for clip in heard], axis=0) / rows
    square = np.sum([clip.mfcc_square_sum for clip in heard], axis=0) / rows
    std = np.sqrt(np.maximum(square - mean**2, _LEAST_STD**2))
    return tuple(mean.tolist()), tuple(std.tolist())


def _hash(salt: str, name: str) -> str:
    return hashlib.sha256(f"{salt}/{name}".encode()).hexdigest()


def publish(staged: Path, out: Path) -> None:
    """Gives a finished folder its final name, in one step."""
    if out.is_dir():
        out.rmdir()  # empty: the runner has made sure
    out.parent.mkdir(parents=True, exist_ok=True)
    staged.rename(out)


def discard(folder: Path) -> None:
    """Removes what is left of the staging."""
    shutil.rmtree(folder, ignore_errors=True)
