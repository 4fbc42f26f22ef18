"""A run's beginning and end: what is noted of them, and the report."""

import contextlib
import signal
import sys
from collections.abc import Iterator, Sequence

from tfbegan.errors import DivergedError, OutputError, TFBeganError
from tfbegan.training import notes
from tfbegan.training.loop import TrainingLoop
from tfbegan.training.notes import write_note
from tfbegan.training.run_report import write_run_report
from tfbegan.training.statistics import drop_rows_after


@contextlib.contextmanager
def chronicled(
    loop: TrainingLoop, done: int, damage: Sequence[str] = ()
) -> Iterator[list[str]]:
    """Notes how a run begins and ends, and writes its report at the end.

    A report that can't be written is told and fails no training, and no error
    of the block is hidden by one of the writing.

    Args:
        loop: Of the run.
        done: Steps done before.
        damage: Sentences about checkpoints that were damaged.

    Yields:
        A list that gets sentences for whoever started the run.
    """
    folder = loop.folder
    told: list[str] = []
    drop_rows_after(folder.notes_file, sys.maxsize)  # but for a cut line
    for text in damage:
        write_note(folder, done, notes.DAMAGE, text)
    kind = notes.RESUMED if done else notes.BEGUN
    write_note(folder, done, kind, f"Training {kind} at step {done}.")
    try:
        yield told
    except BaseException as error:
        with contextlib.suppress(OutputError):
            _note_failure(loop, done, error)
            write_run_report(folder)
        raise
    _note_end(loop)
    try:
        write_run_report(folder)
    except TFBeganError as error:
        told.append(f"The run is whole, but for its report. {error}")


def _note_failure(loop: TrainingLoop, done: int, error: BaseException) -> None:
    diverged = isinstance(error, DivergedError)
    kind = notes.DIVERGED if diverged else notes.FAILED
    text = f"{error}" or type(error).__name__
    step = getattr(loop, "step", done)  # it may have failed before the first
    write_note(loop.folder, step, kind, text)


def _note_end(loop: TrainingLoop) -> None:
    steps = loop.config.steps
    if loop.received_signal is None or loop.step >= steps:
        text = f"All {loop.step} steps are done."
        write_note(loop.folder, loop.step, notes.DONE, text)
        return
    name = signal.Signals(loop.received_signal).name
    text = f"{name}: saved at step {loop.step} of {steps}."
    write_note(loop.folder, loop.step, notes.STOPPED, text)
