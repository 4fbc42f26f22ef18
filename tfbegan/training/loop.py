"""What happens between two steps of `fit`, in the order it happens."""

import signal
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any

import keras
import numpy as np

from tfbegan.config import TrainingConfig
from tfbegan.errors import DivergedError
from tfbegan.generation.provenance import Provenance
from tfbegan.models.began import BEGAN
from tfbegan.training.alarm import collapses_of
from tfbegan.training.background import Background
from tfbegan.training.checkpoints import (
    LoopState,
    checkpoint_path,
    last_good_step,
    prune_checkpoints,
    rate_checkpoint,
    save_checkpoint,
    save_generator,
    tell_last_good,
)
from tfbegan.training.interval import Interval
from tfbegan.training.notes import COLLAPSE, write_note
from tfbegan.training.pictures import Exhibits, Look, look_at, save_look
from tfbegan.training.progress import ProgressLine
from tfbegan.training.recorder import Recorder
from tfbegan.training.run_folder import Best, RunFolder
from tfbegan.training.schedule import StallSchedule
from tfbegan.training.statistics import read_rows
from tfbegan.training.stills import is_kept, thin_out

EXPLODED = 100.0
"""A reconstruction error of images in [-1, 1] from which nothing recovers."""


class TrainingLoop(keras.callbacks.Callback):
    """Guards, logs, looks, saves and stops; the model does the learning.

    Looks are taken at a twin that stays at its step, in a thread, while the
    model goes on; one that a crash cut off is taken again. Checkpoints are
    waited for, so that a crash loses one interval and no more.

    Args:
        folder: Of the run.
        config: How to train.
        schedule: Of the learning rate.
        exhibits: Reals to compare with.
        interval: The figures since the last row, of a run that goes on.

    Attributes:
        step: Steps done.
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
        self.step = 0
        self.received_signal: int | None = None
        self._last_look: tuple[int, Look] | None = None
        self._collapsed: set[str] = set()
        self._twin: BEGAN | None = None
        self._background = Background()
        self._to_give_back = ExitStack()

    def on_train_begin(self, logs: Any = None) -> None:
        self.step = self.model.steps_done
        self.saved_step = self.step if self.step else -1
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
        if self._lacks_a_look():
            self._look()
            self._rate(checkpoint_path(self.folder.checkpoints, self.step))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.step += 1
        figures = self._figures(logs)
        self._stop_where_diverged(figures)
        self.interval.add(figures)
        if self._is_due(self.config.log_steps):
            self._log()
        looks = self._is_due(self.config.picture_steps)
        saves = self._is_due(self.config.checkpoint_steps)
        if looks or saves:
            self._stop_where_spoilt()
        if saves:
            # A checkpoint says that all looks before it were taken.
            self._background.wait()
        if looks:
            self._look()
        if saves:
            self._save()
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
        """No look where a signal ends the run: a run that goes on is to have
        the looks, and the best of them, of one that never stopped."""
        if self.step != self.saved_step:
            self._stop_where_spoilt()
            self._save()
        self._background.wait()
        self._leave_a_generator()

    def _is_due(self, every: int) -> bool:
        return self.step % every == 0 or self.step == self.config.steps

    def _stop_where_diverged(self, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            exploded = name.endswith("_error") and value > EXPLODED
            if not np.isfinite(value) or exploded:
                raise self._diverged(f"{name} was {value}")

    def _stop_where_spoilt(self) -> None:
        """A step's losses are of before its update: what that spoilt is not to
        take the place of a checkpoint that is good."""
        weights = self.model.get_weights()
        if not all(np.isfinite(weight).all() for weight in weights):
            raise self._diverged("a weight was no longer finite")

    def _diverged(self, what: str) -> DivergedError:
        """After whatever is being written."""
        self._background.settle()
        checkpoints = self.folder.checkpoints
        again = "start again with a lower --learning-rate"
        if last_good_step(checkpoints) is not None:
            again = (
                f"go on from it with --resume {self.folder.path}"
                f" --learning-rate LOWER, or {again}"
            )
        return DivergedError(
            f"Training diverged: {what} at step {self.step}."
            f" {tell_last_good(checkpoints)}: {again} (tfbegan find-rate tells"
            " one) or with --clip-norm 1."
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

    def _look(self) -> None:
        """Begins with it."""
        # Until then the twin is looked at.
        self._background.wait()
        if self._twin is None:
            self._twin = BEGAN.from_config(self.model.get_config())
        twin, step = self._twin, self.step
        twin.set_weights(self.model.get_weights())
        self._background.do(lambda: self._look_at(twin, step))

    def _lacks_a_look(self) -> bool:
        """Whether the run ended while a look at this step was being taken."""
        if not self.step or self.step % self.config.picture_steps:
            return False
        rows = read_rows(self.folder.looks_file)
        return not rows or rows[-1]["step"] < self.step

    def _look_at(self, model: BEGAN, step: int) -> None:
        look = look_at(model, self.exhibits, self.config.seed)
        save_look(look, self.folder, step, Provenance.of_model(model))
        kept = self.config.picture_steps, self.config.keep_pictures
        thin_out(self.folder, step, *kept)
        if look.quality is not None:
            self._keep_the_best(model, step, look.quality)
        if self.config.histograms:
            self.recorder.histograms(step, model, self.exhibits.reals)
        collapses = collapses_of(look, step)
        for kind, collapse in collapses.items():
            if kind in self._collapsed:
                continue
            warning = f"Warning: {collapse}"
            self.progress.say(warning)
            write_note(self.folder, step, COLLAPSE, warning)
        self._collapsed = set(collapses)
        self._last_look = step, look
        # Last: its row says that the look was taken.
        shown = step == self.config.steps or is_kept(step, step, *kept)
        self.recorder.look(step, look, shown)

    def _keep_the_best(self, model: BEGAN, step: int, quality: float) -> None:
        """A generator that hears is kept as of its best look."""
        best = self.folder.read_best()
        if best is None or best.step > step or quality >= best.quality:
            save_generator(self.folder.generator_file, model)
            self.folder.write_best(Best(step, quality))

    def _leave_a_generator(self) -> None:
        """One that hears waits for a look; a run may end before the first."""
        if self.exhibits.sheet is not None and self.folder.read_best() is None:
            save_generator(self.folder.generator_file, self.model)

    def _save(self) -> None:
        if self.model.stop_training or self.step >= self.config.steps:
            self._background.wait()  # a run that has ended lacks nothing
        path = save_checkpoint(
            self.folder.checkpoints,
            self.model,
            LoopState(self.schedule.state(), self.interval.state()),
            self._merit_of_figures(),
        )
        self._rate(path)
        if self.exhibits.sheet is None:
            save_generator(self.folder.generator_file, self.model)
        self.saved_step = self.step

    def _rate(self, path: Path) -> None:
        """After the look at the same step, if there is one."""
        step = self.step

        def rate() -> None:
            if self._best_by() != "m_global":
                rate_checkpoint(path, self._merit_of_look(step))
            prune_checkpoints(path, self.config.keep_checkpoints)

        self._background.do(rate)

    def _best_by(self) -> str:
        if self.config.best_by != "auto":
            return self.config.best_by
        return "m_global" if self.exhibits.sheet is None else "quality"

    def _merit_of_figures(self) -> float | None:
        """Likewise, by M; a step that only a signal saves does not compete."""
        m_global = self.schedule.smoothed
        if self._best_by() != "m_global" or m_global is None:
            return None
        return -m_global if self._is_due(self.config.checkpoint_steps) else None

    def _merit_of_look(self, step: int) -> float | None:
        """How good the model is, by the figure that the user chose; None where
        it was not looked at at this step."""
        looked_at, look = self._last_look or (None, None)
        if look is None or looked_at != step:
            return None
        # More spread than reals have is no merit.
        if self._best_by() == "quality":
            return look.quality
        return min(look.spread_ratio, 1.0)

    def pending_signal(self) -> int | None:
        """A signal that this process received."""
        return self.received_signal

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.received_signal = number
