"""What happens between two steps of `fit`, in the order it happens."""

import signal
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import keras
import numpy as np

from tfbegan.config import TrainingConfig
from tfbegan.errors import DivergedError
from tfbegan.generation.provenance import Provenance
from tfbegan.models.began import BEGAN
from tfbegan.training.checkpoints import (
    last_good_step,
    save_checkpoint,
    save_generator,
)
from tfbegan.training.pictures import Exhibits, look_at, save_look
from tfbegan.training.progress import ProgressLine
from tfbegan.training.recorder import Recorder
from tfbegan.training.run_folder import Best, RunFolder
from tfbegan.training.schedule import StallSchedule

COLLAPSE_RATIO = 0.3
"""Spread of fakes over reals below which a run is called collapsed."""


@dataclass
class Interval:
    """The figures since the last row of statistics."""

    started: float = field(default_factory=time.monotonic)
    steps: int = 0
    sums: dict[str, float] = field(default_factory=dict)

    def add(self, figures: Mapping[str, float]) -> None:
        """Takes the figures of one step."""
        self.steps += 1
        for name, value in figures.items():
            self.sums[name] = self.sums.get(name, 0.0) + value

    def means(self) -> dict[str, float]:
        """The mean of every figure."""
        return {name: total / self.steps for name, total in self.sums.items()}


class TrainingLoop(keras.callbacks.Callback):
    """Guards, logs, looks, saves and stops; the model does the learning.

    Args:
        folder: Of the run.
        config: How to train.
        schedule: Of the learning rate.
        exhibits: Reals to compare with.

    Attributes:
        received_signal: SIGINT or SIGTERM, if one ended the run.
    """

    def __init__(
        self,
        folder: RunFolder,
        config: TrainingConfig,
        schedule: StallSchedule,
        exhibits: Exhibits,
    ) -> None:
        super().__init__()
        self.folder = folder
        self.config = config
        self.schedule = schedule
        self.exhibits = exhibits
        self.received_signal: int | None = None
        self._collapsed = False
        self._to_give_back = ExitStack()

    def on_train_begin(self, logs: Any = None) -> None:
        self.step = self.model.steps_done
        self.saved_step = self.step if self.step else -1
        self.interval = Interval()
        self._open()
        for number in (signal.SIGINT, signal.SIGTERM):
            handler = signal.signal(number, self._on_signal)
            self._to_give_back.callback(signal.signal, number, handler)

    def _open(self) -> None:
        self.recorder = Recorder(self.folder, self.step)
        self._to_give_back.callback(self.recorder.close)
        self.progress = ProgressLine(self.config.steps, self.step)
        self._to_give_back.callback(self.progress.close)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.step += 1
        figures = {
            name: float(np.ravel(value)[0]) for name, value in logs.items()
        }
        self._stop_where_not_finite(figures)
        self.interval.add(figures)
        if self._is_due(self.config.log_steps):
            self._log()
        if self._is_due(self.config.picture_steps):
            self._look()
        if self._is_due(self.config.checkpoint_steps):
            self._save()
        if self.received_signal or self.step >= self.config.steps:
            self.model.stop_training = True

    def finish(self) -> None:
        """Gives files, screen and signals back; to be called in any case."""
        self._to_give_back.close()

    def on_train_end(self, logs: Any = None) -> None:
        if self.step != self.saved_step:
            self._look()
            self._save()

    def _is_due(self, every: int) -> bool:
        return self.step % every == 0 or self.step == self.config.steps

    def _stop_where_not_finite(self, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            if np.isfinite(value):
                continue
            good = last_good_step(self.folder.checkpoints)
            resume = (
                f"The last good checkpoint is of step {good}: resume with a"
                " lower --learning-rate or with --clip-norm 1."
                if good is not None
                else "There is no checkpoint yet: start again with a lower"
                " --learning-rate or with --clip-norm 1."
            )
            raise DivergedError(
                f"Training diverged: {name} was {value} at step {self.step}."
                f" {resume}"
            )

    def _log(self) -> None:
        seconds = time.monotonic() - self.interval.started
        means = self.interval.means()
        steps = self.interval.steps
        rate = self._follow_schedule()
        row = {
            "step": self.step,
            "images": self.step * self.config.batch_size,
            **means,
            "learning_rate": rate,
            "seconds_per_step": seconds / steps,
            "images_per_second": steps * self.config.batch_size / seconds,
        }
        self.recorder.figures(row)
        self.progress.update(self.step, row)
        self.interval = Interval()

    def _follow_schedule(self) -> float:
        """Sets the learning rate; returns it."""
        m_global = self.interval.means()["m_global"]
        rate = self.schedule.update(self.step, m_global)
        if rate != self.model.learning_rate:
            self.model.learning_rate = rate
        return rate

    def model_to_look_at(self) -> BEGAN:
        """The model, or one that is equal."""
        return self.model

    def _look(self) -> None:
        model = self.model_to_look_at()
        look = look_at(model, self.exhibits, self.config.seed)
        save_look(look, self.folder, self.step, Provenance.of_model(model))
        self.recorder.look(self.step, look)
        if look.spread_ratio < COLLAPSE_RATIO and not self._collapsed:
            self.progress.say(
                f"Warning: the faces of step {self.step} are nearly all the"
                f" same (spread {look.fake_spread:.3f}, real"
                f" {look.real_spread:.3f}). If this lasts, raise --gamma or"
                " --lambda-k, or use --preset small-data."
            )
        self._collapsed = look.spread_ratio < COLLAPSE_RATIO
        if look.quality is not None:
            self._keep_the_best(look.quality)

    def _keep_the_best(self, quality: float) -> None:
        """A generator that hears is kept as of its best look."""
        best = self.folder.read_best()
        if best is None or best.step > self.step or quality >= best.quality:
            save_generator(self.folder.generator_file, self.model)
            self.folder.write_best(Best(self.step, quality))

    def _save(self) -> None:
        save_checkpoint(
            self.folder.checkpoints,
            self.model,
            self.schedule.state(),
            self.config.keep_checkpoints,
        )
        if self.exhibits.sheet is None:
            save_generator(self.folder.generator_file, self.model)
        self.saved_step = self.step

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.received_signal = number
