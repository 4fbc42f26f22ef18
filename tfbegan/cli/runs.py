"""`tfbegan runs`."""

import argparse
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfbegan.errors import RunError, UsageError

if TYPE_CHECKING:
    from tfbegan.training.run_folder import RunFolder
    from tfbegan.training.survey import RunSummary

_DEFAULT_RUNS = Path("runs")
_UNKNOWN = "-"
_GAP = 2


@dataclass(frozen=True)
class _Column:
    """One column of the table.

    Attributes:
        heading: Above it.
        show: The text of a run.
        key: What runs are sorted by; None can't be sorted by.
        best_first: Whether large values come first.
    """

    heading: str
    show: Callable[["RunSummary"], str]
    key: Callable[["RunSummary"], float | None] | None = None
    best_first: bool = False


def _figure(
    name: str, form: str, heading: str, best_first: bool = False
) -> _Column:
    """A figure of a run by the name of its attribute."""

    def key(summary: "RunSummary") -> float | None:
        value: float | None = getattr(summary, name)
        return value

    def show(summary: "RunSummary") -> str:
        value = key(summary)
        return _UNKNOWN if value is None else format(value, form)

    return _Column(heading, show, key, best_first)


def _words(name: str, heading: str) -> _Column:
    return _Column(
        heading,
        lambda summary: str(getattr(summary, name) or _UNKNOWN),
    )


_COLUMNS = {
    "number": _Column(
        "run",
        lambda summary: (
            f"{summary.number}" if summary.number >= 0 else summary.name
        ),
        lambda summary: summary.number,
    ),
    "conditioning": _words("conditioning", "makes"),
    "size": _figure("image_size", "d", "px"),
    "data": _Column(
        "data",
        lambda summary: Path(summary.data or _UNKNOWN).name,
    ),
    "steps": _Column(
        "steps",
        lambda summary: (
            f"{summary.step}/{summary.steps}"
            if summary.steps is not None
            else _UNKNOWN
        ),
        lambda summary: summary.step,
        best_first=True,
    ),
    "state": _words("state", "state"),
    "m": _figure("m_global", ".4g", "M"),
    "k": _figure("k", ".3f", "k"),
    "spread": _figure("spread_ratio", ".2f", "spread", best_first=True),
    "score": _figure("score", ".3f", "score", best_first=True),
    # Not sorted by: no step is better than another.
    "best": _Column("best", _figure("best_step", "d", "best").show),
    "speed": _figure("images_per_second", ".0f", "images/s", best_first=True),
    "disk": _Column(
        "disk",
        lambda summary: _size(summary.disk_bytes),
        lambda summary: summary.disk_bytes,
        best_first=True,
    ),
    "age": _Column(
        "age",
        lambda summary: _age(summary.begun),
        lambda summary: None if summary.begun is None else -summary.begun,
    ),
}
_LEFT_OUT_FIRST = (
    "age", "size", "disk", "speed", "data", "conditioning", "best",
)  # fmt: skip
"""Columns that a narrow terminal does not get; --json has them."""

_SORTABLE = [name for name, column in _COLUMNS.items() if column.key]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.epilog = """M, k and images/s are of the last row of statistics,
spread (of the faces, over reals') is of the last look. The score is that of the
best look; best is its step, which the run's generator is kept of.
A folder that is no run, or a damaged one, is a row that says so.

examples:
  tfbegan runs
  tfbegan runs out/sweep --sort m
  tfbegan runs --compare 0 1
  tfbegan runs --json | jq '.[] | select(.state == "done")'
"""
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=_DEFAULT_RUNS,
        metavar="DIR",
        help="of the run folders (default: %(default)s)",
    )
    parser.add_argument(
        "--sort",
        choices=_SORTABLE,
        metavar="FIGURE",
        help=f"the best first: {', '.join(_SORTABLE)} (default: number)",
    )
    parser.add_argument(
        "--compare",
        nargs="+",
        metavar="RUN",
        help="numbers or folders: the settings that differ, and the figures",
    )
    parser.add_argument(
        "--json", action="store_true", help="print JSON instead of a table"
    )


def run(parsed: argparse.Namespace) -> int:
    """Runs the command; returns the exit code."""
    if parsed.compare is not None:
        return _compare(parsed)
    from tfbegan.training.survey import survey

    summaries = _sorted(
        survey(parsed.folder), _COLUMNS[parsed.sort or "number"]
    )
    if parsed.json:
        _print_json([summary.to_dict() for summary in summaries])
        return 0
    _print_table(
        [
            [column.heading, *map(column.show, summaries)]
            for column in _COLUMNS.values()
        ],
        [list(_COLUMNS).index(name) for name in _LEFT_OUT_FIRST],
    )
    for summary in summaries:
        if summary.problem:
            print(_one_line(f"{summary.name}: {summary.problem}"))
    return 0


def _sorted(
    summaries: Sequence["RunSummary"], column: _Column
) -> list["RunSummary"]:
    """By a figure; runs without it come last."""

    def place(summary: "RunSummary") -> tuple[bool, float]:
        value = None if column.key is None else column.key(summary)
        if value is None or summary.problem:
            return True, 0.0
        return False, -value if column.best_first else value

    return sorted(summaries, key=place)


def _compare(parsed: argparse.Namespace) -> int:
    from tfbegan.training.survey import differing_settings, summarise

    if len(parsed.compare) < 2:
        raise UsageError(
            "--compare needs two runs or more. Received:"
            f" {' '.join(parsed.compare)}"
        )
    if parsed.sort is not None:
        raise UsageError(
            "--compare shows runs in the order in which they are named. Leave"
            " --sort away."
        )
    folders = [_find(parsed.folder, name) for name in parsed.compare]
    settings = differing_settings(folders)
    summaries = [summarise(folder) for folder in folders]
    if parsed.json:
        figures = [summary.to_dict() for summary in summaries]
        _print_json({"settings": settings, "figures": figures})
        return 0
    rows = [
        ["", *(summary.name for summary in summaries)],
        *([name, *map(_text, values)] for name, values in settings.items()),
        *(
            [column.heading, *map(column.show, summaries)]
            for name, column in _COLUMNS.items()
            if name not in ("number", "conditioning", "size", "data")
        ),
    ]
    _print_table(list(zip(*rows, strict=True)))
    return 0


def _find(runs: Path, name: str) -> "RunFolder":
    """A run by its number, its name in `runs`, or its path."""
    from tfbegan.run_names import run_number
    from tfbegan.training.run_folder import RunFolder

    if name.isdecimal() and runs.is_dir():
        for path in sorted(runs.iterdir()):
            if run_number(path) == int(name):
                return RunFolder(path)
    for path in (runs / name, Path(name)):
        if path.is_dir():
            return RunFolder(path)
    raise RunError(
        f"There is no run {name} in {runs}. Name its number or its folder;"
        f" `tfbegan runs {runs}` lists them."
    )


def _print_json(content: Any) -> None:
    """A number that JSON doesn't have becomes null."""
    print(json.dumps(_strict(content), indent=2))


def _strict(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _strict(value) for name, value in content.items()}
    if isinstance(content, list):
        return [_strict(value) for value in content]
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content


def _print_table(
    columns: Sequence[Sequence[str]], left_out_first: Sequence[int] = ()
) -> None:
    """A table on a terminal; elsewhere columns that a script can cut.

    Args:
        columns: Each with its heading.
        left_out_first: Places of those that a narrow terminal does not get.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    cells = [list(map(_one_line, column)) for column in columns]
    widths = [max(map(len, column)) for column in cells]
    if not console.is_terminal:
        _print_plain(cells, widths)
        return
    shown = list(range(len(cells)))
    for place in left_out_first:
        if _framed_width([widths[i] for i in shown]) > console.width:
            shown.remove(place)
    table = Table(box=SIMPLE_HEAD, padding=(0, _GAP - 1, 0, 0))
    for i in shown:
        table.add_column(Text(cells[i][0]))
    for row in zip(*(cells[i][1:] for i in shown), strict=True):
        table.add_row(*map(Text, row))
    console.print(table)


def _framed_width(widths: Sequence[int]) -> int:
    """Of a table on a terminal: a gap after each column, and the edges."""
    return sum(width + _GAP for width in widths) + _GAP


def _print_plain(
    columns: Sequence[Sequence[str]], widths: Sequence[int]
) -> None:
    for row in zip(*columns, strict=True):
        cells = zip(row, widths, strict=True)
        line = (" " * _GAP).join(cell.ljust(width) for cell, width in cells)
        print(line.rstrip())


def _one_line(text: str) -> str:
    """Names of folders may hold anything."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _text(value: Any) -> str:
    text = _UNKNOWN if value in (None, "") else str(value)
    return text if len(text) <= 40 else f"{text[:12]}..."


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 999.5:
            return f"{count:.0f} {unit}"
        count /= 1_000
    return f"{count:.1f} GB"


def _age(begun: float | None) -> str:
    if begun is None:
        return _UNKNOWN
    seconds = max(time.time() - begun, 0.0)
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
