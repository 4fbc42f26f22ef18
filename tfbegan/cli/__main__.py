"""The command line: `tfbegan COMMAND`, and `train.py` for the first of them."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from contextlib import nullcontext

from tfbegan._version import __version__
from tfbegan.arguments import CommandParser
from tfbegan.exits import run_command, sigterm_raises
from tfbegan.quiet import import_tensorflow

_COMMANDS = {
    "train": "train a model, or go on with a run",
    "find-rate": "a learning rate for a data set and networks",
    "generate": "faces from noise, as a picture",
    "interpolate": "the way from one face to another, as a picture",
    "report": "a run as a page: curves, pictures, settings",
    "runs": "all runs in a table, or some of them side by side",
    "evaluate": "how good a run's faces are, in figures and a picture",
    "animate": "a talking face from speech, as a video",
    "compare": "real and generated faces side by side, as a video",
    "export": "a SavedModel for TF Serving",
    "reproduce-collapse": "the failure that sound in a BEGAN is known for,"
    " beside what mends it",
}
_WITHOUT_TENSORFLOW = ("report", "runs")
_WITH_SIGNALS = ("train",)
"""Commands that save first where a signal ends them."""

_EXAMPLES = """examples:
  tfbegan train --conditioning noise --data data/talk
  tfbegan runs --sort m
  tfbegan report --output report.html
  tfbegan generate --count 64 --seed 0 --output faces.png
  tfbegan interpolate 1 2 --output path.png
  tfbegan evaluate runs/00000-noise-faces64-b16-g0.8 --data data/talk
  tfbegan animate speech.wav --output talk.mp4
  tfbegan compare --data data/talk --output compare.mp4
  tfbegan export --output served

exit codes: 0 done, 1 failed, 2 wrong usage, 3 done in part, 130 and 143
interrupted
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return run_command("tfbegan", lambda: _run(given))


def _run(arguments: Sequence[str]) -> int:
    parsed = _parser(arguments).parse_args(arguments)
    with nullcontext() if parsed.takes_signals else sigterm_raises():
        # Told at once: TensorFlow takes seconds to come.
        parsed.check(parsed)
        if parsed.takes_tensorflow and not getattr(parsed, "dry_run", False):
            import_tensorflow()
        code: int = parsed.run(parsed)
        return code


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Only the command that is called is imported."""
    parser = argparse.ArgumentParser(
        prog="tfbegan",
        description="Boundary equilibrium GANs: faces from noise, talking"
        " faces from speech.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(
        required=True, metavar="COMMAND", parser_class=CommandParser
    )
    called = next((a for a in arguments if not a.startswith("-")), "")
    for name, summary in _COMMANDS.items():
        command = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name == called:
            module = importlib.import_module(
                f"tfbegan.cli.{name.replace('-', '_')}"
            )
            module.add_arguments(command)
            command.set_defaults(
                run=module.run,
                check=getattr(module, "check", _check_nothing),
                takes_tensorflow=name not in _WITHOUT_TENSORFLOW,
                takes_signals=name in _WITH_SIGNALS,
            )
    return parser


def _check_nothing(_: argparse.Namespace) -> None:
    """Of a command that finds out what is wrong while it runs."""


if __name__ == "__main__":
    sys.exit(main())
