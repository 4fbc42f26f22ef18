"""`tfbegan find-rate`."""

import argparse
from pathlib import Path
from typing import Any

from tfbegan.cli.settings import add_setting_options
from tfbegan.cli.train import settings
from tfbegan.errors import UsageError

_ROWS = 16
_BAR = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.epilog = """example:
  tfbegan find-rate --data data/talk --conditioning audio+noise

A new model is trained with a rate that rises from step to step until L(x) no
longer falls; a fifth of the rate at which it was lowest is a good one for
train.py --learning-rate. Nothing is written."""
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        required=True,
        help="folder that tfrecords-builder made",
    )
    parser.add_argument("--preset", metavar="NAME", help="as of train.py")
    parser.add_argument(
        "--lowest", type=float, default=1e-5, help="default: %(default)s"
    )
    parser.add_argument(
        "--highest", type=float, default=1.0, help="default: %(default)s"
    )
    parser.add_argument(
        "--trials", type=int, default=120, help="steps (default: %(default)s)"
    )
    add_setting_options(parser)


def check(parsed: argparse.Namespace) -> None:
    """Refuses what can be told to be wrong without TensorFlow."""
    if not 0 < parsed.lowest < parsed.highest or parsed.trials < 20:
        raise UsageError(
            "There must be 20 trials or more, of rates with 0 < lowest <"
            f" highest. Received: --trials {parsed.trials} --lowest"
            f" {parsed.lowest} --highest {parsed.highest}"
        )
    settings(parsed)


def run(parsed: argparse.Namespace) -> int:
    """Runs the command; returns the exit code."""
    from tfbegan.training.rate_finder import find_rate
    from tfbegan.training.run_folder import RunConfig, data_fingerprint

    architecture, objective, training = settings(parsed)
    config = RunConfig(
        architecture,
        objective,
        training,
        str(parsed.data),
        data_fingerprint(parsed.data),
    )
    search = find_rate(config, parsed.trials, parsed.lowest, parsed.highest)
    _show(search, training.min_learning_rate)
    return 0


def _show(search: Any, floor: float) -> None:
    most = search.errors.max()
    print("learning rate   L(x)")
    for row in range(
        0, len(search.errors), max(len(search.errors) // _ROWS, 1)
    ):
        error = search.errors[row]
        bar = "#" * round(_BAR * error / most)
        print(f"{search.rates[row]:13.1e}   {error:.4f}  {bar}")
    if search.diverged is not None:
        print(f"At {search.diverged:.1e} it diverged.")
    suggested = f"--learning-rate {search.suggested:.1e}"
    if search.suggested < floor:
        # The floor of the halvings may not be above where they start.
        suggested += f" --min-learning-rate {search.suggested:.1e}"
    print(f"Suggested: {suggested}")
