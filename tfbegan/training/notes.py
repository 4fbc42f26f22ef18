"""What happened to a run, in sentences: notes.jsonl.

Nothing is dropped from it: a run that diverged and was resumed did diverge.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from tfbegan.training.run_folder import RunFolder
from tfbegan.training.statistics import append_row, read_rows

BEGUN, RESUMED, COLLAPSE = "begun", "resumed", "collapse"
DAMAGE, DIVERGED, FAILED = "damage", "diverged", "failed"
STOPPED, DONE = "stopped", "done"
KINDS = (BEGUN, RESUMED, COLLAPSE, DAMAGE, DIVERGED, FAILED, STOPPED, DONE)


@dataclass(frozen=True)
class Note:
    """One of them.

    Attributes:
        step: Steps done by then.
        kind: One of `KINDS`.
        text: The sentence.
        time: Seconds since 1970.
    """

    step: int
    kind: str
    text: str
    time: float

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Self | None:
        """Of a line of the file; None if it is none."""
        try:
            return cls(
                int(row["step"]),
                str(row["kind"]),
                str(row["text"]),
                float(row["time"]),
            )
        except (KeyError, TypeError, ValueError):
            return None


def write_note(folder: RunFolder, step: int, kind: str, text: str) -> None:
    """Adds a note.

    Raises:
        OutputError: It can't be written.
    """
    note = Note(step, kind, text, round(time.time(), 3))
    append_row(folder.notes_file, asdict(note))


def read_notes(folder: RunFolder) -> Sequence[Note]:
    """All notes, in order; none of a run that has no such file.

    Raises:
        OSError: The file can't be read.
    """
    notes = map(Note.from_row, read_rows(folder.notes_file))
    return [note for note in notes if note is not None]
