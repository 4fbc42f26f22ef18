"""`tfbegan train`, which is `python train.py`."""

import argparse
import json
import signal
from pathlib import Path
from typing import Any

from tfbegan.cli.default_data import drawn_puppets, puppets_folder
from tfbegan.cli.settings import add_setting_options, given_settings
from tfbegan.errors import UsageError
from tfbegan.records import read_dataset_info

_EXIT_SIGNAL = 128
_DEFAULT_RUNS = Path("runs")
_NEWEST = "newest"


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
        "--data", type=Path, help="folder that tfrecords-builder made"
    )
    parser.add_argument(
        "--preset",
        help="small-data (the default with noise), talking (the default with"
        " sound), demo, paper, or the controls regressor and seed",
    )
    parser.add_argument(
        "--runs-dir",
        type=Path,
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
        "--dry-run",
        action="store_true",
        help="print the whole configuration and train nothing",
    )
    add_setting_options(parser)


def run(parsed: argparse.Namespace) -> int:
    """Runs the command; returns the exit code."""
    if parsed.resume is not None:
        return _resume(parsed)
    from tfbegan.training.run_folder import RunConfig, data_fingerprint

    architecture, objective, training = settings(parsed)
    if parsed.dry_run:
        shown = {
            "architecture": architecture.to_dict(),
            "objective": objective.to_dict(),
            "training": training.to_dict(),
            "data": str(parsed.data or puppets_folder(architecture.image_size)),
        }
        print(json.dumps(shown, indent=2))
        return 0
    data = parsed.data or drawn_puppets(architecture.image_size)
    from tfbegan.data.dataset import open_dataset
    from tfbegan.training.run import train

    open_dataset(data, verify=False)
    config = RunConfig(
        architecture, objective, training, str(data), data_fingerprint(data)
    )
    return _report(train(config, parsed.runs_dir))


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
    training = preset.training.replace(**given)
    if "steps" not in given:
        training = training.replace(steps=fitting_steps(training, faces))
    return (
        preset.architecture.replace(**architecture),
        preset.objective.replace(**given_settings(parsed, "objective")),
        training,
    )


def _resume(parsed: argparse.Namespace) -> int:
    from tfbegan.training.run import resume
    from tfbegan.training.run_folder import RunFolder, newest_run

    if parsed.resume == _NEWEST:
        folder = newest_run(parsed.runs_dir)
    else:
        folder = RunFolder(Path(parsed.resume))
    given = given_settings(parsed, "training")
    steps = given.pop("steps", None)
    others = [
        *given,
        *given_settings(parsed, "architecture"),
        *given_settings(parsed, "objective"),
    ]
    if others or parsed.preset:
        raise UsageError(
            "--resume goes on with the settings that the run was begun with;"
            " only --steps may be given beside it, and --data where the data"
            " set has moved."
        )
    return _report(resume(folder, steps, parsed.data))


def _report(result: Any) -> int:
    for note in result.notes:
        print(note)
    path = result.folder.path
    if result.received_signal is None:
        print(f"{path}: {result.step} steps done. Look at {path / 'samples'}.")
        return 0
    name = signal.Signals(result.received_signal).name
    print(
        f"{name}: saved at step {result.step}. Go on with:"
        f" python train.py --resume {path}"
    )
    return _EXIT_SIGNAL + result.received_signal
