"""The figures between two rows of statistics."""

import time
from collections.abc import Mapping
from typing import Any


class Interval:
    """Means of the figures of some steps, and how long they took.

    Attributes:
        steps: How many.
    """

    def __init__(self) -> None:
        self.steps = 0
        self._sums: dict[str, float] = {}
        self._started = time.monotonic()
        self._steps_before = 0

    def add(self, figures: Mapping[str, float]) -> None:
        """Takes the figures of one step."""
        self.steps += 1
        for name, value in figures.items():
            self._sums[name] = self._sums.get(name, 0.0) + value

    def means(self) -> dict[str, float]:
        """The mean of every figure."""
        return {name: total / self.steps for name, total in self._sums.items()}

    def seconds_per_step(self) -> float:
        """Of the steps that this process did."""
        spent = time.monotonic() - self._started
        return spent / max(self.steps - self._steps_before, 1)

    def state(self) -> dict[str, Any]:
        """All that `restore` needs, as plain JSON types."""
        return {"steps": self.steps, "sums": dict(self._sums)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continues from the `state` of another.

        Raises:
            KeyError, TypeError, ValueError: It is no such state.
        """
        steps, sums = int(state["steps"]), dict(state["sums"])
        self._sums = {str(name): float(total) for name, total in sums.items()}
        self.steps = self._steps_before = steps
