"""What happens between two steps of `fit`, in the order it happens."""

import signal
from collections.abc import Mapping
from contextlib import ExitStack
from types import FrameType
from typing import Any

import keras
import numpy as np

from tfbegan.config import TrainingConfig
from tfbegan.errors import DivergedError
from tfbegan.generation.provenance import Provenance
from tfbegan.models.began import BEGAN
from tfbegan.training.background import Background
from tfbegan.training.checkpoints import (
    LoopState,
    last_good_step,
    save_checkpoint,
    save_generator,
)
from tfbegan.training.interval import Interval
from tfbegan.training.notes import COLLAPSE, write_note
from tfbegan.training.pictures import Exhibits, Look, look_at, save_look
from tfbegan.training.progress import ProgressLine
from tfbegan.training.recorder import Recorder
from tfbegan.training.run_folder import Best, RunFolder
from tfbegan.training.schedule import StallSchedule

COLLAPSE_RATIO = 0.3
"""Spread of fakes over reals below which a run is called collapsed."""

EXPLODED = 100.0
"""A reconstruction error of images in [-1, 1] from which nothing recovers."""


class TrainingLoop(keras.callbacks.Callback):
    """Guards, logs, looks, saves and stops; the model does the learning.

    Looks and checkpoints are made of a twin that stays at their step, in a
    thread, while the model goes on.

    Args:
        folder: Of the run.
        config: How to train.
        schedule: Of the learning rate.
        exhibits: Reals to compare with.
        interval: The figures since the last row, of a run that goes on.

    Attributes:
        received_signal: SIGINT or SIGTERM, if one ended the run.
    """

    def __init__(
        self,
        folder: RunFolder,
        config: TrainingConfig,
        schedule: StallSchedule,
        exhibits: Exhibits,
        interval: Interval | None = None,
    ) -> None:
        super().__init__()
        self.folder = folder
        self.config = config
        self.schedule = schedule
        self.exhibits = exhibits
        self.interval = interval or Interval()
        self.received_signal: int | None = None
        self._last_look: Look | None = None
        self._collapsed = False
        self._twin: BEGAN | None = None
        self._background = Background()
        self._to_give_back = ExitStack()

    def on_train_begin(self, logs: Any = None) -> None:
        self.step = self.model.steps_done
        self.kept_step = self.step if self.step else -1
        self._open()
        for number in (signal.SIGINT, signal.SIGTERM):
            handler = signal.signal(number, self._on_signal)
            self._to_give_back.callback(signal.signal, number, handler)

    def _open(self) -> None:
        self.recorder = Recorder(self.folder, self.step)
        self._to_give_back.callback(self.recorder.close)
        self.progress = ProgressLine(self.config.steps, self.step)
        self._to_give_back.callback(self.progress.close)
        self._to_give_back.callback(self._background.close)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.step += 1
        figures = self._figures(logs)
        self._stop_where_diverged(figures)
        self.interval.add(figures)
        if self._is_due(self.config.log_steps):
            self._log()
        look = self._is_due(self.config.picture_steps)
        save = self._is_due(self.config.checkpoint_steps)
        if look or save:
            self._keep(look, save)
        self._background.check()
        if self.received_signal or self.step >= self.config.steps:
            self.model.stop_training = True

    def _figures(self, logs: Any) -> dict[str, float]:
        """Of the step that was just done."""
        return {name: np.asarray(value).item() for name, value in logs.items()}

    def finish(self) -> None:
        """Gives files, screen and signals back; to be called in any case."""
        self._to_give_back.close()

    def on_train_end(self, logs: Any = None) -> None:
        if self.step != self.kept_step:
            self._keep(look=True, save=True)
        self._background.wait()

    def _is_due(self, every: int) -> bool:
        return self.step % every == 0 or self.step == self.config.steps

    def _stop_where_diverged(self, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            exploded = name.endswith("_error") and value > EXPLODED
            if np.isfinite(value) and not exploded:
                continue
            self._background.wait()
            good = last_good_step(self.folder.checkpoints)
            kept = (
                "There is no checkpoint yet"
                if good is None
                else f"The last good checkpoint is of step {good}"
            )
            raise DivergedError(
                f"Training diverged: {name} was {value} at step {self.step}."
                f" {kept}: start again with a lower --learning-rate (tfbegan"
                " find-rate tells one) or with --clip-norm 1."
            )

    def _log(self) -> None:
        means = self.interval.means()
        seconds = self.interval.seconds_per_step()
        row = {
            "step": self.step,
            "images": self.step * self.config.batch_size,
            **means,
            "learning_rate": self.model.learning_rate,
            "seconds_per_step": seconds,
            "images_per_second": self.config.batch_size / seconds,
        }
        if self._ends_interval():
            row["learning_rate"] = self._follow_schedule()
            self.interval = Interval()
        self.recorder.figures(row)
        self.progress.update(self.step, row)

    def _ends_interval(self) -> bool:
        """Whether the figures are complete.

        The last row of a run may come early. A longer run has no such row, so
        nothing that training goes by may depend on it.
        """
        return self.step % self.config.log_steps == 0

    def _follow_schedule(self) -> float:
        """Sets the learning rate; returns it."""
        m_global = self.interval.means()["m_global"]
        rate = self.schedule.update(self.step, m_global)
        if rate != self.model.learning_rate:
            self.model.learning_rate = rate
        return rate

    def _keep(self, look: bool, save: bool) -> None:
        """Looks at the model of this step, or saves it, or both."""
        # Until then the twin is in use.
        self._background.wait()
        twin = self._twin_of_now()
        step = self.step
        state = LoopState(self.schedule.state(), self.interval.state())

        def keep() -> None:
            if look:
                self._look(twin, step)
            if save:
                self._save(twin, state)

        self._background.do(keep)
        if save:
            self.kept_step = step

    def _twin_of_now(self) -> BEGAN:
        if self._twin is None:
            self._twin = self.model.new_twin()
        self._twin.copy_state(self.model)
        return self._twin

    def _look(self, model: BEGAN, step: int) -> None:
        look = look_at(model, self.exhibits, self.config.seed)
        save_look(look, self.folder, step, Provenance.of_model(model))
        self.recorder.look(step, look)
        if self.config.histograms:
            self.recorder.histograms(step, model, self.exhibits.reals)
        if look.spread_ratio < COLLAPSE_RATIO and not self._collapsed:
            warning = (
                f"Warning: the faces of step {step} are nearly all the"
                f" same (spread {look.fake_spread:.3f}, real"
                f" {look.real_spread:.3f}). If this lasts, raise --gamma or"
                " --lambda-k, or use --preset small-data."
            )
            self.progress.say(warning)
            write_note(self.folder, step, COLLAPSE, warning)
        self._collapsed = look.spread_ratio < COLLAPSE_RATIO
        self._last_look = look
        if look.quality is not None:
            self._keep_the_best(model, step, look.quality)

    def _keep_the_best(self, model: BEGAN, step: int, quality: float) -> None:
        """A generator that hears is kept as of its best look."""
        best = self.folder.read_best()
        if best is None or best.step > step or quality >= best.quality:
            save_generator(self.folder.generator_file, model)
            self.folder.write_best(Best(step, quality))

    def _save(self, model: BEGAN, state: LoopState) -> None:
        save_checkpoint(
            self.folder.checkpoints,
            model,
            state,
            self.config.keep_checkpoints,
            self._merit(state),
        )
        if self.exhibits.sheet is None:
            save_generator(self.folder.generator_file, model)

    def _merit(self, state: LoopState) -> float | None:
        """How good the model is, by the figure that the user chose."""
        look, by = self._last_look, self.config.best_by
        if by == "auto":
            by = "m_global" if self.exhibits.sheet is None else "quality"
        if by == "m_global":
            smoothed = state.schedule["smoothed"]
            return None if smoothed is None else -smoothed
        if look is None:
            return None
        # More spread than reals have is no merit.
        return look.quality if by == "quality" else min(look.spread_ratio, 1.0)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.received_signal = number
