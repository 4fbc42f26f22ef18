"""TensorFlow's profiler over a few steps, into the run's TensorBoard folder."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from tfbegan.errors import OutputError

STEP_NAME = "train"
"""Of a step in the trace."""


class Profiler(keras.callbacks.Callback):
    """Watches some steps, each of them an event of the trace.

    Args:
        folder: TensorBoard's.
        steps: Which to watch; the first step of a run is 1.

    Raises:
        OutputError: The profiler can't be started, or its trace not written.
    """

    def __init__(self, folder: Path, steps: range) -> None:
        super().__init__()
        self.folder = folder
        self.steps = steps
        self._step = 0
        self._running = False
        self._trace: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        self._step = self.model.steps_done

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._step += 1
        if self._step not in self.steps:
            return
        if not self._running:
            self._start()
        self._trace = tf.profiler.experimental.Trace(
            STEP_NAME, step_num=self._step, _r=1
        )
        self._trace.__enter__()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._end_step()
        if self._running and self._step >= self.steps[-1]:
            self.finish()

    def finish(self) -> None:
        """Writes the trace; to be called in any case."""
        self._end_step()
        if self._running:
            self._running = False
            with _told("its trace can't be written"):
                tf.profiler.experimental.stop()

    def _start(self) -> None:
        with _told("it can't be started"):
            tf.profiler.experimental.start(str(self.folder))
        self._running = True

    def _end_step(self) -> None:
        if self._trace is not None:
            self._trace.__exit__(None, None, None)
            self._trace = None


@contextlib.contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except tf.errors.OpError as error:
        raise OutputError(
            f"TensorFlow's profiler failed: {what} ({error.message})."
            " Train without --profile, or end the other profiler."
        ) from error
