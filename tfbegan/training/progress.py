"""How a run tells a person how it goes."""

import time
from collections.abc import Mapping

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

_PLAIN_SECONDS = 30.0


class ProgressLine:
    """A progress bar on a terminal, a plain line now and then elsewhere.

    Args:
        total: Steps of the whole run.
        done: Steps done before.
    """

    def __init__(self, total: int, done: int) -> None:
        self.console = Console(stderr=True)
        self._total = total
        self._last_line = 0.0
        self._bar: Progress | None = None
        if self.console.is_terminal:
            self._bar = Progress(
                BarColumn(bar_width=20),
                MofNCompleteColumn(),
                TextColumn("{task.fields[figures]}"),
                TimeRemainingColumn(),
                console=self.console,
            )
            self._task = self._bar.add_task(
                "training", total=total, completed=done, figures=""
            )
            self._bar.start()

    def update(self, step: int, figures: Mapping[str, float]) -> None:
        """Shows the means over the last steps."""
        text = (
            f"loss {figures['d_loss']:.4f}/{figures['g_loss']:.4f}"
            f"  k {figures['k']:.3f}  M {figures['m_global']:.4f}"
            f"  {figures['images_per_second']:.0f} images/s"
        )
        if self._bar is not None:
            self._bar.update(self._task, completed=step, figures=text)
            return
        now = time.monotonic()
        if now - self._last_line >= _PLAIN_SECONDS or step >= self._total:
            self._last_line = now
            left = (self._total - step) * figures["seconds_per_step"]
            self.say(f"step {step}/{self._total}  {text}  {left:.0f} s left")

    def say(self, message: str) -> None:
        """Prints a sentence above the bar."""
        self.console.print(message, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Leaves the last state of the bar on the screen."""
        if self._bar is not None:
            self._bar.stop()
