"""What there is to build from, and ids that do not depend on its names."""

import csv
import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tfbegan.errors import SourceError, UsageError
from tfbegan.files import sha256_file

# fmt: off
VIDEO_SUFFIXES = frozenset([
    ".3gp", ".avi", ".flv", ".m2ts", ".m4a", ".m4v", ".mkv", ".mov", ".mp4",
    ".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv",
])
IMAGE_SUFFIXES = frozenset([
    ".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp",
])
# fmt: on

_RANGE_COLUMNS = ("file", "start_s", "end_s")

Kind = Literal["video", "image"]


@dataclass(frozen=True)
class Source:
    """A file, or a range of one.

    Attributes:
        source_id: 16 hexadecimal digits, from content and range.
        kind: "video" or "image".
        path: Of the file.
        start_s: Of the range, in seconds.
        end_s: Of the range; infinity is the file's end.
        is_range: Whether the range was given by the user: then the sound
            stops at its borders too.
        metadata: What else is known of it, as JSON types.
    """

    source_id: str
    kind: Kind
    path: Path
    start_s: float = 0.0
    end_s: float = math.inf
    is_range: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """For a person to recognise it by."""
        if not self.is_range:
            return self.path.name
        return f"{self.path.name} {self.start_s:g}-{self.end_s:g} s"


def find_sources(names: Iterable[str | Path]) -> list[Source]:
    """Files, folders and tables as sources, in an order of their own.

    Args:
        names: Of video or image files, of folders of them (searched through),
            or of CSV files of time ranges (file, start_s, end_s; a relative
            file is looked for beside the table).

    Raises:
        UsageError: Nothing is named, or a name leads nowhere.
        SourceError: A table can't be read, or holds a range that is none.
    """
    names = list(names)
    if not names:
        raise UsageError(
            "No source is named. Name video files, image files, folders of"
            " them, or a CSV table with the columns file, start_s, end_s."
        )
    hashes = _Hashes()
    sources = [source for name in names for source in _expand(name, hashes)]
    if not sources:
        raise UsageError(
            f"There is no video or image in {', '.join(map(str, names))}."
        )
    return sorted(sources, key=lambda source: (source.source_id, source.label))


def make_id(*parts: Any) -> str:
    """16 hexadecimal digits of what something is."""
    content = json.dumps([str(part) for part in parts])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


class _Hashes:
    """SHA-256 of files, each read once."""

    def __init__(self) -> None:
        self._known: dict[Path, str] = {}

    def of(self, path: Path) -> str:
        if path not in self._known:
            try:
                self._known[path] = sha256_file(path)
            except OSError as error:
                raise SourceError(
                    f"{path} can't be read ({error.strerror})."
                ) from error
        return self._known[path]


def _expand(name: str | Path, hashes: _Hashes) -> Iterator[Source]:
    path = Path(name)
    if path.is_dir():
        for child in sorted(path.rglob("*")):
            if child.is_file() and _kind(child) is not None:
                yield _whole_file(child, hashes)
    elif not path.is_file():
        raise UsageError(f"There is no file or folder {path}.")
    elif path.suffix.lower() == ".csv":
        yield from _ranges(path, hashes)
    else:
        yield _whole_file(path, hashes)


def _whole_file(path: Path, hashes: _Hashes) -> Source:
    kind = _kind(path) or "video"
    return Source(make_id(kind, hashes.of(path)), kind, path)


def _kind(path: Path) -> Kind | None:
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES:
        return "image"
    return "video" if suffix in VIDEO_SUFFIXES else None


def _ranges(table: Path, hashes: _Hashes) -> Iterator[Source]:
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            missing = set(_RANGE_COLUMNS) - set(reader.fieldnames or ())
            if missing:
                raise SourceError(
                    f"{table} lacks the column {sorted(missing)[0]!r}. A table"
                    f" of ranges has the columns {', '.join(_RANGE_COLUMNS)}."
                )
            for row in reader:
                yield _range(table, reader.line_num, row, hashes)
    except (csv.Error, UnicodeDecodeError) as error:
        raise SourceError(f"{table} is no CSV table ({error}).") from error


def _range(
    table: Path, line: int, row: Mapping[str, Any], hashes: _Hashes
) -> Source:
    where = f"{table}, line {line}"
    try:
        start_s, end_s = float(row["start_s"]), float(row["end_s"])
    except (TypeError, ValueError) as error:
        raise SourceError(
            f"{where}: start_s and end_s must be seconds. Received:"
            f" {row['start_s']!r}, {row['end_s']!r}"
        ) from error
    if not (0 <= start_s < end_s < math.inf):
        raise SourceError(
            f"{where}: a range must begin at 0 or later and end after it"
            f" begins. Received: {start_s:g} to {end_s:g} s"
        )
    path = table.parent / str(row["file"])
    if not path.is_file():
        raise SourceError(f"{where}: there is no file {path}.")
    metadata = {
        name: value
        for name, value in row.items()
        if name not in _RANGE_COLUMNS and isinstance(name, str)
    }
    source_id = make_id("range", hashes.of(path), start_s, end_s)
    return Source(source_id, "video", path, start_s, end_s, True, metadata)
