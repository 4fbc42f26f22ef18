"""Checkpoints that are whole or absent, and that say so."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfbegan.errors import DatasetError, ModelFileError
from tfbegan.files import (
    atomic_path,
    read_json,
    remove_temporaries,
    sha256_file,
    write_json,
)
from tfbegan.generation.archive import DAMAGE_ERRORS, check_archive
from tfbegan.models.began import BEGAN
from tfbegan.models.generator import in_float32
from tfbegan.training.schedule import StallSchedule

_STEP = re.compile(r"step-(\d{8})\.keras")
_UNUSABLE = (ModelFileError, DatasetError, KeyError, TypeError, ValueError)


@dataclass(frozen=True)
class Checkpoint:
    """A restored checkpoint.

    Attributes:
        model: The compiled model with everything that training needs.
        step: Steps done.
        schedule: State of the learning-rate schedule.
        damaged: Newer checkpoints that could not be used, with the reason.
    """

    model: BEGAN
    step: int
    schedule: dict[str, Any]
    damaged: tuple[str, ...]


def save_checkpoint(
    folder: Path, model: BEGAN, schedule: dict[str, Any], keep: int
) -> Path:
    """Saves the model and removes the oldest beyond `keep`.

    The JSON beside a checkpoint is written last and holds its hash: without
    it, or with another, the checkpoint does not count.

    Raises:
        OutputError: It can't be written; the ones before are as they were.
    """
    step = model.steps_done
    path = folder / f"step-{step:08d}.keras"
    with atomic_path(path) as temporary:
        model.save(temporary)
    write_json(
        _sidecar(path),
        {"step": step, "sha256": sha256_file(path), "schedule": schedule},
    )
    for old in _newest_first(folder)[keep:]:
        _sidecar(old).unlink(missing_ok=True)
        old.unlink()
    return path


def save_generator(path: Path, model: BEGAN) -> None:
    """Saves the averaged generator alone, in float32, for use.

    Raises:
        OutputError: It can't be written; the one before is as it was.
    """
    generator = in_float32(model.ema_generator)
    with atomic_path(path) as temporary:
        generator.save(temporary)


def load_checkpoint(folder: Path) -> Checkpoint | None:
    """Restores the newest whole checkpoint; None where there is none.

    Raises:
        ModelFileError: There are checkpoints, and none can be used.
    """
    remove_temporaries(folder)
    damaged: list[str] = []
    for path in _newest_first(folder):
        try:
            state = _verified_state(path)
            step, schedule = int(state["step"]), dict(state["schedule"])
            StallSchedule(0.0, 0.0, 0).restore(schedule)  # or raises
            return Checkpoint(_load_model(path), step, schedule, tuple(damaged))
        except _UNUSABLE as error:
            damaged.append(f"{path.name}: {error}")
    if damaged:
        raise ModelFileError(
            f"No checkpoint in {folder} can be used ({'; '.join(damaged)})."
            " Restore the folder from a copy, or start a new run."
        )
    return None


def last_good_step(folder: Path) -> int | None:
    """The step of the newest checkpoint whose hash is right."""
    for path in _newest_first(folder):
        try:
            return int(_verified_state(path)["step"])
        except _UNUSABLE:
            continue
    return None


def _verified_state(path: Path) -> dict[str, Any]:
    state = read_json(_sidecar(path))
    if sha256_file(path) != state["sha256"]:
        raise ModelFileError("the file is damaged: its SHA-256 is another")
    return state


def _load_model(path: Path) -> BEGAN:
    import keras

    kind = check_archive(path)
    if kind != "BEGAN":
        raise ModelFileError(f"it holds a {kind}, which can't be trained")
    try:
        return keras.models.load_model(path)
    except DAMAGE_ERRORS as error:
        raise ModelFileError(f"Keras can't load it ({error})") from error


def _newest_first(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        (path for path in folder.iterdir() if _STEP.fullmatch(path.name)),
        reverse=True,
    )


def _sidecar(path: Path) -> Path:
    return path.with_suffix(".json")
