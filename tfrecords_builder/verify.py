"""Whether a data set is what its marker says, record by record."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfbegan.errors import DatasetError
from tfbegan.files import sha256_file
from tfbegan.records import DatasetInfo, ShardInfo, read_dataset_info

_LENGTH_BYTES, _CHECKSUM_BYTES = 8, 4
_LARGEST_RECORD = 1 << 31


@dataclass(frozen=True)
class Problem:
    """Something that is not as it should be.

    Attributes:
        file: Name of the file.
        record: Number of the first bad record, from 0; None for the file.
        detail: A sentence.
    """

    file: str
    record: int | None
    detail: str

    def __str__(self) -> str:
        place = "" if self.record is None else f", record {self.record}"
        return f"{self.file}{place}: {self.detail}"


def verify(folder: Path) -> list[Problem]:
    """Compares every byte of a data set with its marker.

    Args:
        folder: Of the data set.

    Returns:
        What is wrong; empty if nothing is.

    Raises:
        DatasetError: The folder is no data set at all.
    """
    folder = Path(folder)
    try:
        info = read_dataset_info(folder)
    except DatasetError as error:
        if not (folder / "dataset.json").is_file():
            raise
        return [Problem("dataset.json", None, str(error))]
    known = {shard.name for shard in info.shards}
    problems = [
        Problem(path.name, None, "The marker knows no such shard.")
        for path in sorted(folder.glob("*.tfrecord-*"))
        if path.name not in known
    ]
    for shard in info.shards:
        problem = _check_shard(folder / shard.name, shard)
        if problem is not None:
            problems.append(problem)
    return problems


def stats(folder: Path) -> dict[str, Any]:
    """Figures of a data set, as JSON types.

    Raises:
        DatasetError: The folder is no data set.
    """
    info = read_dataset_info(Path(folder))
    return {
        "image_size": info.face.image_size,
        "has_audio": info.has_audio,
        "has_truth": info.has_truth,
        "generator": info.generator,
        "bytes": sum(shard.size for shard in info.shards),
        "splits": {
            split: _split_stats(info, split)
            for split in ("train", "validation")
        },
    }


def _split_stats(info: DatasetInfo, split: str) -> dict[str, int]:
    return {
        "shards": len(info.shards_of(split)),
        "clips": info.clips(split),
        "frames": info.frames(split),
    }


def _check_shard(path: Path, shard: ShardInfo) -> Problem | None:
    if not path.is_file():
        return Problem(shard.name, None, "The shard is missing.")
    record, detail = _first_bad_record(path)
    if detail:
        return Problem(shard.name, record, detail)
    size = path.stat().st_size
    if size != shard.size:
        return Problem(
            shard.name,
            record,
            f"It has {size} bytes instead of {shard.size}, and {record}"
            f" records instead of {shard.clips}.",
        )
    if sha256_file(path) != shard.sha256:
        return Problem(
            shard.name, None, "Its SHA-256 is not the one in the marker."
        )
    return None


def _first_bad_record(path: Path) -> tuple[int, str]:
    """Number and fault of the first bad record, or the count and ""."""
    number = 0
    with path.open("rb") as file:
        while header := file.read(_LENGTH_BYTES + _CHECKSUM_BYTES):
            if len(header) < _LENGTH_BYTES + _CHECKSUM_BYTES:
                return number, "The file is cut inside the record's header."
            if not _is_sound(header):
                return number, "The record's length is damaged."
            (length,) = struct.unpack("<Q", header[:_LENGTH_BYTES])
            if length > _LARGEST_RECORD:
                return number, f"The record claims {length} bytes."
            data = file.read(length + _CHECKSUM_BYTES)
            if len(data) < length + _CHECKSUM_BYTES:
                return number, "The file is cut inside the record."
            if not _is_sound(data):
                return number, "The record's content is damaged."
            number += 1
    return number, ""


def _is_sound(framed: bytes) -> bool:
    """Whether the last four bytes are the masked CRC-32C of the rest."""
    import google_crc32c

    crc = google_crc32c.value(framed[:-_CHECKSUM_BYTES])
    masked = (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
    (stored,) = struct.unpack("<I", framed[-_CHECKSUM_BYTES:])
    return masked == stored
