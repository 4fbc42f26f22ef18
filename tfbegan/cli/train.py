"""`tfbegan train`, which is `python train.py`."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tfbegan.cli.default_data import drawn_puppets, puppets_folder
from tfbegan.cli.settings import (
    add_setting_options,
    check_effective,
    given_settings,
)
from tfbegan.errors import TFBeganError, UsageError
from tfbegan.exits import EXIT_SIGNAL
from tfbegan.records import read_dataset_info

_DEFAULT_RUNS = Path("runs")
_NEWEST = "newest"
_GIVEN_ANEW = {"steps", "learning_rate"}
"""Settings that may be given beside `--resume`."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.epilog = """examples:
  python train.py --conditioning noise
  python train.py --conditioning noise --data data/talk --steps 20000
  python train.py --conditioning audio+noise --data data/talk
  python train.py --preset paper --data data/celebrities --image-size 64
  python train.py --resume

Without --data the puppets are drawn and learnt from. What is not given comes
from the preset; there are more steps where the data set is so large that the
preset's would not show every face twice."""
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="folder that tfrecords-builder made",
    )
    parser.add_argument(
        "--preset",
        metavar="NAME",
        help="small-data (the default with noise), talking (the default with"
        " sound), demo, paper (the default with noise and 100,000 faces), or"
        " the controls regressor and seed; the defaults told below are those of"
        " small-data and talking",
    )
    parser.add_argument(
        "--runs-dir",
        type=Path,
        metavar="DIR",
        default=_DEFAULT_RUNS,
        help="folder of the run folders (default: %(default)s)",
    )
    parser.add_argument(
        "--resume",
        nargs="?",
        const=_NEWEST,
        metavar="RUN",
        help="go on with a run folder; without a name, with the newest",
    )
    parser.add_argument(
        "--strategy",
        choices=("auto", "mirrored", "multiworker"),
        default="auto",
        help="devices to train on: mirrored is all of this machine,"
        " multiworker those of all machines in TF_CONFIG, auto (the default)"
        " whichever of them there are several of; --batch-size is that of all"
        " together (docs/distributed.md)",
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="print the whole configuration and train nothing",
    )
    add_setting_options(parser)


def check(parsed: argparse.Namespace) -> None:
    """Refuses what can be told to be wrong without TensorFlow."""
    if parsed.resume is not None:
        _check_resumable(parsed)
    if "TF_CONFIG" in os.environ:
        return  # one of several workers tells the others, once it knows them
    if parsed.resume is None:
        settings(parsed)
    else:
        _folder_of(parsed).read_config()


def run(parsed: argparse.Namespace) -> int:
    """Runs the command; returns the exit code."""
    if parsed.dry_run:
        print(json.dumps(_asked_for(parsed), indent=2))
        return 0
    return _as_team(parsed, _train if parsed.resume is None else _go_on)


def _asked_for(parsed: argparse.Namespace) -> dict[str, Any]:
    """All settings of the run, as they are printed."""
    if parsed.resume is not None:
        from tfbegan.training.resumption import changed_config

        changes = given_settings(parsed, "training")
        shown = changed_config(_folder_of(parsed), changes).to_dict()
        return {**shown, "data": str(parsed.data or shown["data"])}
    architecture, objective, training = settings(parsed)
    return {
        "architecture": architecture.to_dict(),
        "objective": objective.to_dict(),
        "training": training.to_dict(),
        "data": str(parsed.data or puppets_folder(architecture.image_size)),
    }


def _train(parsed: argparse.Namespace, team: Any) -> Any:
    from tfbegan.training.run import train

    config = team.together(lambda: _run_config(parsed, team))
    return train(config, parsed.runs_dir, team)


def _run_config(parsed: argparse.Namespace, team: Any) -> Any:
    from tfbegan.data.dataset import open_dataset
    from tfbegan.training.run_folder import RunConfig, data_fingerprint

    if parsed.data is None and team.workers > 1:
        raise UsageError(
            "Several workers need --data, a folder that all of them can read."
        )
    architecture, objective, training = settings(parsed)
    data = parsed.data or drawn_puppets(architecture.image_size)
    open_dataset(data, verify=False)
    return RunConfig(
        architecture, objective, training, str(data), data_fingerprint(data)
    )


def settings(parsed: argparse.Namespace) -> tuple[Any, Any, Any]:
    """Architecture, objective and training: the preset's, and what is given."""
    from tfbegan.training.presets import (
        default_preset,
        find_preset,
        fitting_steps,
    )

    architecture = given_settings(parsed, "architecture")
    given = given_settings(parsed, "training")
    conditioning = architecture.get("conditioning", "noise")
    faces = 0
    if parsed.data is not None:
        info = read_dataset_info(parsed.data)
        faces = info.frames("train")
        architecture.setdefault("image_size", info.face.image_size)
    preset = find_preset(parsed.preset or default_preset(conditioning, faces))
    model = preset.architecture.replace(**architecture)
    check_effective(parsed, model.conditioning)
    if "batch_size" in given:
        most = min(preset.training.clips_per_batch, given["batch_size"])
        given.setdefault("clips_per_batch", most)
    training = preset.training.replace(**given)
    if "steps" not in given:
        training = training.replace(steps=fitting_steps(training, faces))
    return (
        model,
        preset.objective.replace(**given_settings(parsed, "objective")),
        training,
    )


def _check_resumable(parsed: argparse.Namespace) -> None:
    """A run goes on with its own settings, but for a few."""
    given = given_settings(parsed, "training")
    others = [
        *(given.keys() - _GIVEN_ANEW),
        *given_settings(parsed, "architecture"),
        *given_settings(parsed, "objective"),
    ]
    if others or parsed.preset:
        raise UsageError(
            "--resume goes on with the settings that the run was begun with;"
            " only --steps, --learning-rate and --strategy may be given beside"
            " it, and --data where the data set has moved."
        )


def _go_on(parsed: argparse.Namespace, team: Any) -> Any:
    from tfbegan.training.run import resume

    folder = team.together(lambda: _folder_of(parsed))
    given = given_settings(parsed, "training")
    return resume(
        folder,
        given.get("steps"),
        parsed.data,
        team,
        given.get("learning_rate"),
    )


def _folder_of(parsed: argparse.Namespace) -> Any:
    """The run to go on with."""
    from tfbegan.training.run_folder import RunFolder, newest_run

    if parsed.resume == _NEWEST:
        return newest_run(parsed.runs_dir)
    if parsed.runs_dir != _DEFAULT_RUNS:
        raise UsageError(
            f"--runs-dir does nothing beside --resume {parsed.resume}, which"
            " is the run's own folder. Leave one of them away."
        )
    return RunFolder(Path(parsed.resume))


def _as_team(
    parsed: argparse.Namespace,
    work: Callable[[argparse.Namespace, Any], Any],
) -> int:
    """Does the work on the devices that were asked for, and reports."""
    from tfbegan.training.team import open_team

    team = open_team(
        parsed.strategy, say=lambda text: print(text, file=sys.stderr)
    )
    try:
        return _report(work(parsed, team), team)
    except TFBeganError as error:
        if team.workers == 1:
            raise
        # Leaving in order would wait for the others, which wait for this one.
        print(f"tfbegan: {error}", file=sys.stderr, flush=True)
        sys.stdout.flush()
        os._exit(error.exit_code)


def _report(result: Any, team: Any) -> int:
    for note in result.notes:
        print(note)
    path = result.folder.path
    if not team.is_chief:
        print(
            f"Worker {team.index}: {result.step} steps done. Worker 0 wrote"
            f" them to {path}."
        )
        number = result.received_signal
        return 0 if number is None else EXIT_SIGNAL + number
    if result.received_signal is None:
        print(f"{path}: {result.step} steps done. Look at {path / 'samples'}.")
        return 0
    name = signal.Signals(result.received_signal).name
    print(
        f"{name}: saved at step {result.step}. Go on with:"
        f" python train.py --resume {path}"
    )
    return EXIT_SIGNAL + result.received_signal
