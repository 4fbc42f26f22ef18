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
from tfbegan.training.interval import Interval
from tfbegan.training.schedule import StallSchedule

_STEP = re.compile(r"step-(\d{8})\.keras")
_UNUSABLE = (ModelFileError, DatasetError, KeyError, TypeError, ValueError)


@dataclass(frozen=True)
class LoopState:
    """What training needs to go on that is no weight.

    Attributes:
        schedule: State of the learning-rate schedule.
        interval: State of the figures since the last row of statistics.
    """

    schedule: dict[str, Any]
    interval: dict[str, Any]

    @classmethod
    def from_dict(cls, content: Any) -> "LoopState":
        """The state in a checkpoint's JSON.

        Raises:
            KeyError, TypeError, ValueError: There is none.
        """
        state = cls(
            dict(content["schedule"]),
            # Checkpoints of version 0.1 were saved between two intervals.
            dict(content.get("interval") or Interval().state()),
        )
        StallSchedule(0.0, 0.0, 0).restore(state.schedule)
        Interval().restore(state.interval)
        return state


@dataclass(frozen=True)
class Checkpoint:
    """A restored checkpoint.

    Attributes:
        model: The compiled model with everything that training needs.
        step: Steps done.
        state: The rest of what training needs.
        damaged: Newer checkpoints that could not be used, with the reason.
    """

    model: BEGAN
    step: int
    state: LoopState
    damaged: tuple[str, ...]


def checkpoint_path(folder: Path, step: int) -> Path:
    """Where the checkpoint of a step is, or would be."""
    return folder / f"step-{step:08d}.keras"


def save_checkpoint(
    folder: Path,
    model: BEGAN,
    state: LoopState,
    merit: float | None = None,
) -> Path:
    """Saves the model.

    Args:
        folder: Of the checkpoints.
        model: To save.
        state: The rest of what training needs.
        merit: How good the model is, where that is known already.

    Returns:
        The file.

    The JSON beside a checkpoint is written last and holds its hash: without
    it, or with another, the checkpoint does not count.

    Raises:
        OutputError: It can't be written; the ones before are as they were.
    """
    step = model.steps_done
    path = checkpoint_path(folder, step)
    with atomic_path(path) as temporary:
        model.save(temporary)
    write_json(
        _sidecar(path),
        {
            "step": step,
            "sha256": sha256_file(path),
            "schedule": state.schedule,
            "interval": state.interval,
            "merit": merit,
        },
    )
    return path


def rate_checkpoint(path: Path, merit: float | None) -> None:
    """Says how good the model in a checkpoint is; None is not to say.

    Raises:
        DatasetError: There is no such checkpoint.
        OutputError: It can't be written; the checkpoint is as it was.
    """
    content = read_json(_sidecar(path))
    write_json(_sidecar(path), {**content, "merit": merit})


def prune_checkpoints(newest: Path, keep: int) -> None:
    """Removes what is neither among the newest nor the best.

    Args:
        newest: The one that was just saved. Later steps beside it are damaged,
            or the run would have gone on from them: they don't count.
        keep: How many of the newest stay.
    """
    best = best_checkpoint(newest)
    for old in _up_to(newest)[keep:]:
        if old != best:
            _sidecar(old).unlink(missing_ok=True)
            old.unlink()


def best_checkpoint(newest: Path) -> Path | None:
    """The one of the highest merit, the newest of equals, if any.

    Args:
        newest: As of `prune_checkpoints`.
    """
    merits = {path: _merit(path) for path in _up_to(newest)}
    known = {path: m for path, m in merits.items() if m is not None}
    return max(known, key=lambda path: known[path], default=None)


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
            content = _verified_content(path)
            step, state = int(content["step"]), LoopState.from_dict(content)
            return Checkpoint(_load_model(path), step, state, tuple(damaged))
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
            return int(_verified_content(path)["step"])
        except _UNUSABLE:
            continue
    return None


def tell_last_good(folder: Path) -> str:
    """That step, or that there is none, as the beginning of a sentence."""
    good = last_good_step(folder)
    if good is None:
        return "There is no checkpoint yet"
    return f"The last good checkpoint is of step {good}"


def _verified_content(path: Path) -> dict[str, Any]:
    content = read_json(_sidecar(path))
    if sha256_file(path) != content["sha256"]:
        raise ModelFileError("the file is damaged: its SHA-256 is another")
    return content


def _merit(path: Path) -> float | None:
    try:
        merit = read_json(_sidecar(path))["merit"]
    except _UNUSABLE:
        return None
    return float(merit) if isinstance(merit, int | float) else None


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


def _up_to(newest: Path) -> list[Path]:
    return [p for p in _newest_first(newest.parent) if p.name <= newest.name]


def _sidecar(path: Path) -> Path:
    return path.with_suffix(".json")
