"""`tfbegan report`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tfbegan.cli.outputs import refuse_other_suffix

if TYPE_CHECKING:
    from tfbegan.training.run_folder import RunFolder

_RUNS = Path("runs")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.epilog = """One HTML file that needs nothing from outside: the
curves, faces of the same latents over the steps beside reals, what the collapse
alarm and the guard said, all settings. Training writes it into the run folder
at its end; this command also while a training goes on."""
    parser.add_argument(
        "source",
        nargs="?",
        type=Path,
        metavar="RUN",
        help="run folder (default: the newest run in ./runs)",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="(default: report.html in the run folder)",
    )


def check(parsed: argparse.Namespace) -> None:
    """Refuses what can be told to be wrong before anything is read."""
    if parsed.output is not None:
        refuse_other_suffix(
            parsed.output, ".html", "The report is an HTML file"
        )


def run(parsed: argparse.Namespace) -> int:
    """Runs the command; returns the exit code."""
    from tfbegan.training.run_report import write_run_report

    folder = _folder(parsed.source)
    print(f"Look at {write_run_report(folder, parsed.output)}.")
    return 0


def _folder(source: Path | None) -> "RunFolder":
    from tfbegan.training.run_folder import RunFolder, newest_run

    return newest_run(_RUNS) if source is None else RunFolder(source)
