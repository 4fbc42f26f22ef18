"""What a worker of several does between two steps: the chief writes."""

import signal
from types import FrameType
from typing import Any

import tensorflow as tf

from tfbegan.models.began import BEGAN
from tfbegan.models.replicas import Board
from tfbegan.training.interval import Interval
from tfbegan.training.loop import TrainingLoop


class TeamLoop(TrainingLoop):
    """The loop of a chief whose model lives on several devices.

    A signal to one worker ends all of them after the same step: each worker's
    mark is averaged with the step's losses.

    Args:
        *args: Of `TrainingLoop`.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._own_signal: int | None = None
        self._mark = tf.Variable(0.0, trainable=False)
        self._board = Board()

    def set_model(self, model: BEGAN) -> None:
        # Not in on_train_begin: `fit` has made its step by then.
        model.interruption = self._mark
        model.board = self._board
        super().set_model(model)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if self._own_signal:
            self._mark.assign(1.0)

    def _figures(self, logs: Any) -> dict[str, float]:
        figures = self._board.read()
        if figures.pop("interruption") > 0:
            self.received_signal = self._own_signal or signal.SIGTERM
        return figures

    def pending_signal(self) -> int | None:
        return self._own_signal

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._own_signal = number


class FollowerLoop(TeamLoop):
    """The loop of a worker that is not the chief: it writes nothing.

    The learning rate is each worker's to set; all come to the same one, their
    figures being the same.
    """

    def _open(self) -> None:
        pass

    def _log(self) -> None:
        if self._ends_interval():
            self._follow_schedule()
            self.interval = Interval()

    def _look(self) -> None:
        pass

    def _leave_a_generator(self) -> None:
        pass

    def _save(self) -> None:
        self.saved_step = self.step
