"""What there is to tell of runs, read from their folders alone.

Nothing is loaded or written; a folder that is half-written, damaged or no run
at all is told of, never a reason to fail.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tfbegan.errors import RunError, TFBeganError
from tfbegan.files import lock_owner
from tfbegan.run_names import run_number
from tfbegan.training import notes
from tfbegan.training.notes import Note, read_notes
from tfbegan.training.run_folder import Best, RunConfig, RunFolder
from tfbegan.training.statistics import Row, read_rows

RUNNING, DONE, STOPPED = "running", "done", "stopped"
DIVERGED, FAILED, UNREADABLE = "diverged", "failed", "unreadable"

_ENDS = {
    notes.DONE: DONE,
    notes.STOPPED: STOPPED,
    notes.DIVERGED: DIVERGED,
    notes.FAILED: FAILED,
}


@dataclass(frozen=True)
class RunSummary:
    """One run, in figures. What is not known is None.

    Attributes:
        name: Of the folder.
        state: "running", "done", "stopped", "diverged", "failed", or
            "unreadable".
        disk_bytes: What the folder takes.
        begun: When, in seconds since 1970.
        number: Of the run; -1 for a folder without one.
        problem: Why it is unreadable; else "".
        owner: The process that trains it.
        conditioning: What G makes a face from.
        image_size: In pixels.
        data: Path of the data set, as it was given.
        step: Steps done.
        steps: Steps of the whole run.
        m_global: M, in the last row of statistics, as are the next ones.
        k: k_t.
        images_per_second: Trained on.
        spread_ratio: Of fakes over reals, at the last look.
        score: `pictures.Look.quality` of the best look, or of the last one
            where no best one is known; with sound.
        best_step: When the best look was taken. `generator.keras` has the
            weights of this step, but for a flow that was fitted at the end.
    """

    name: str
    state: str
    disk_bytes: int
    begun: float | None = None
    number: int = -1
    problem: str = ""
    owner: str | None = None
    conditioning: str | None = None
    image_size: int | None = None
    data: str | None = None
    step: int | None = None
    steps: int | None = None
    m_global: float | None = None
    k: float | None = None
    images_per_second: float | None = None
    spread_ratio: float | None = None
    score: float | None = None
    best_step: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """The summary as plain JSON types."""
        return asdict(self)


def survey(runs: Path) -> list[RunSummary]:
    """Every folder in `runs`, by name.

    Raises:
        RunError: There is no such folder, or it can't be read.
    """
    try:
        folders = sorted(
            path
            for path in runs.iterdir()
            if path.is_dir() and not path.name.startswith(".")
        )
    except OSError as error:
        raise RunError(
            f"{runs} can't be read ({error.strerror}). Name the folder of the"
            " run folders."
        ) from error
    return [summarise(RunFolder(path)) for path in folders]


def summarise(folder: RunFolder) -> RunSummary:
    """One run; a folder that is none is "unreadable", with the reason."""
    path = folder.path.absolute()
    name, number = path.name, run_number(path)
    disk_bytes = _disk_bytes(path)
    try:
        config = folder.read_config()
        rows = read_rows(folder.stats_file)
        looks = read_rows(folder.looks_file)
        said = read_notes(folder)
        begun = _begun(folder, said)
    except (TFBeganError, OSError) as error:
        return RunSummary(
            name, UNREADABLE, disk_bytes, number=number, problem=str(error)
        )
    owner = lock_owner(folder.path)
    step = _step(rows, said)
    last, look = (rows or [{}])[-1], (looks or [{}])[-1]
    best = _best(folder)
    return RunSummary(
        name,
        _state(config, step, said, owner),
        disk_bytes,
        begun=begun,
        number=number,
        owner=owner,
        conditioning=config.architecture.conditioning,
        image_size=config.architecture.image_size,
        data=config.data,
        step=step,
        steps=config.training.steps,
        m_global=_figure(last, "m_global"),
        k=_figure(last, "k"),
        images_per_second=_figure(last, "images_per_second"),
        spread_ratio=_figure(look, "spread/ratio"),
        score=best.quality if best else _figure(look, "sound/quality"),
        best_step=best.step if best else None,
    )


def differing_settings(
    folders: Sequence[RunFolder],
) -> dict[str, list[Any]]:
    """The settings in which runs differ.

    Args:
        folders: Of the runs.

    Returns:
        By name, such as "objective.gamma", the value in each run.

    Raises:
        RunError: A folder is no run.
    """
    flat = [_flat(folder.read_config().to_dict()) for folder in folders]
    names = dict.fromkeys(name for settings in flat for name in settings)
    values = {name: [settings.get(name) for settings in flat] for name in names}
    return {
        name: of_runs
        for name, of_runs in values.items()
        if any(value != of_runs[0] for value in of_runs)
    }


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def _begun(folder: RunFolder, said: Sequence[Note]) -> float:
    """As was noted; else when the configuration was written, which a run that
    is gone on with writes again."""
    times = (note.time for note in said if note.kind == notes.BEGUN)
    first = next(times, math.nan)
    if math.isfinite(first):
        return first
    return folder.config_file.stat().st_mtime


def _step(rows: Sequence[Row], said: Sequence[Note]) -> int:
    if said and said[-1].kind in _ENDS:
        return said[-1].step
    return rows[-1]["step"] if rows else 0


def _state(
    config: RunConfig, step: int, said: Sequence[Note], owner: str | None
) -> str:
    """An end that was noted goes before the lock, which outlives it a bit."""
    if said and said[-1].kind in _ENDS:
        return _ENDS[said[-1].kind]
    if owner is not None:
        return RUNNING
    return DONE if step >= config.training.steps else STOPPED


def _best(folder: RunFolder) -> Best | None:
    try:
        best = folder.read_best()
    except (
        TFBeganError,
        OSError,
        KeyError,
        TypeError,
        ValueError,
        OverflowError,
    ):
        return None
    return best if best and math.isfinite(best.quality) else None


def _figure(row: Row, name: str) -> float | None:
    value: Any = row.get(name)
    if type(value) not in (int, float) or not math.isfinite(value):
        return None
    return float(value)


def _disk_bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_size
        except OSError:
            continue  # removed since, as old checkpoints are
    return total
