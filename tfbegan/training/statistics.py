"""Files of figures: one JSON object a line, each of a step.

A crash may cut the last line, and a trainer may be writing it just now: what
is read ends before the first line that isn't whole.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tfbegan.files import atomic_write_text, writing

Row = dict[str, Any]


def read_rows(path: Path) -> list[Row]:
    """The rows of a file, in order; none where there is no file.

    Raises:
        OSError: The file can't be read.
    """
    return [row for _, row in _whole_lines(path)]


def append_row(path: Path, row: Mapping[str, Any]) -> None:
    """Adds a row; "step" says of when it is.

    Raises:
        OutputError: It can't be written.
    """
    with writing(path), path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def drop_rows_after(path: Path, step: int) -> None:
    """Drops what a crash left beyond a step, and a line that it cut.

    Raises:
        OutputError: It can't be written; the file is as it was.
    """
    with writing(path):
        if not path.is_file():
            return
        lines = list(_whole_lines(path))
        before = path.read_bytes()
    kept = "".join(f"{line}\n" for line, row in lines if row["step"] <= step)
    if kept.encode() != before:
        atomic_write_text(path, kept)


def _whole_lines(path: Path) -> Iterator[tuple[str, Row]]:
    """Lines and their rows, up to the first that is not whole."""
    if not path.is_file():
        return
    text = path.read_bytes().decode("utf-8", errors="replace")
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            return
        if not isinstance(row, dict) or type(row.get("step")) is not int:
            return
        yield line, row
