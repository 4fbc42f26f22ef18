"""`tfbegan reproduce-collapse`."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tfbegan.cli.default_data import drawn_puppets, puppets_folder
from tfbegan.records import read_dataset_info

_COLUMNS = {
    "spread": "spread of faces",
    "movement": "movement (A1)",
    "opening_r": "opening, r (A2)",
    "amplitude": "amplitude (A3)",
    "sharpness": "sharpness (A9)",
}
_SIZE = 32


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.epilog = """Trains BEGAN with the sound in place of z, then with the
sound beside z, then as `--conditioning audio+noise` does, on the same data for
the same steps. collapse.png shows real frames and, below, the faces that each
makes of their sound; collapse.md and collapse.json have the figures. With
--ablate our method is trained again without each of its parts. 1 in a column
is as in real footage. What was interrupted goes on when the same command is
given again.

examples:
  tfbegan reproduce-collapse
  tfbegan reproduce-collapse --data data/talk --steps 2000 --ablate
"""
    parser.add_argument(
        "--data",
        type=Path,
        help=f"data set with sound (default: {puppets_folder(_SIZE)}, drawn if"
        " need be)",
    )
    parser.add_argument(
        "--steps", type=int, default=1_500, help="of each (default: 1500)"
    )
    parser.add_argument(
        "--ablate",
        action="store_true",
        help="also without each part: sixteen more trainings",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("out/collapse"),
        help="folder of picture, tables and runs (default: %(default)s)",
    )


def check(parsed: argparse.Namespace) -> None:
    """Refuses what can be told to be wrong without TensorFlow."""
    from tfbegan.training.presets import find_preset

    find_preset("talking").training.replace(steps=parsed.steps)
    if parsed.data is not None:
        read_dataset_info(parsed.data)


def run(parsed: argparse.Namespace) -> int:
    """Runs the command; returns the exit code."""
    from tfbegan.files import atomic_write_text, write_json
    from tfbegan.generation.pictures import save_png
    from tfbegan.training.collapse import choose_arms, compare_arms

    comparison = compare_arms(
        choose_arms(parsed.ablate),
        parsed.data or drawn_puppets(_SIZE),
        parsed.steps,
        parsed.output / "runs",
        say=print,
    )
    save_png(
        parsed.output / "collapse.png",
        comparison.picture,
        comparison.provenance,
    )
    rows = [result.to_dict() for result in comparison.results]
    write_json(parsed.output / "collapse.json", rows)
    table = _markdown(rows)
    atomic_write_text(parsed.output / "collapse.md", table)
    print(table)
    print(f"Look at {parsed.output / 'collapse.png'}.")
    return 0


def _markdown(rows: Iterable[dict[str, Any]]) -> str:
    lines = [
        f"| | {' | '.join(_COLUMNS.values())} |",
        "|---" * (1 + len(_COLUMNS)) + "|",
    ]
    for row in rows:
        figures = " | ".join(f"{row[name]:.2f}" for name in _COLUMNS)
        lines.append(f"| {row['name']} | {figures} |")
    return "\n".join(lines) + "\n"
