"""The learning rate: halved where M stalls, and falling at the end of a run."""

from typing import Any

_SMOOTHING = 0.9
_PROGRESS = 0.99
"""A smoothed M below this share of the best counts as progress."""


class StallSchedule:
    """Halves the learning rate where M stalls; lets it fall to 0 at the end.

    Users of BEGAN report collapse with too small a rate as well as with too
    large a one, hence the floor. It is for the halvings: in a decay, which
    ends the run, the rate falls to 0.

    Args:
        learning_rate: At the start.
        floor: The least that it becomes.
        stall_steps: Steps without progress before a halving; 0 never halves.
        decay: The steps over which the rate falls linearly to 0.

    Attributes:
        learning_rate: What the halvings have left; `rate` is what is in use.
    """

    def __init__(
        self,
        learning_rate: float,
        floor: float,
        stall_steps: int,
        decay: range = range(0),
    ) -> None:
        self.learning_rate = self.first_rate = learning_rate
        self.floor = floor
        self.stall_steps = stall_steps
        self.decay = decay
        self.smoothed: float | None = None
        self.best = float("inf")
        self.best_step = 0

    def update(self, step: int, m_global: float) -> float:
        """Takes M's mean over the last steps; returns the rate to use."""
        self.smoothed = (
            m_global
            if self.smoothed is None
            else _SMOOTHING * self.smoothed + (1 - _SMOOTHING) * m_global
        )
        if self.smoothed < _PROGRESS * self.best:
            self.best, self.best_step = self.smoothed, step
        elif self.stall_steps and step - self.best_step >= self.stall_steps:
            self.learning_rate = max(self.learning_rate / 2, self.floor)
            self.best, self.best_step = self.smoothed, step
        return self.rate(step)

    def rate(self, step: int) -> float:
        """What the last `update` returned, if it was at this step."""
        if not self.decay:
            return self.learning_rate
        left = (self.decay.stop - step) / len(self.decay)
        return self.learning_rate * min(max(left, 0.0), 1.0)

    def state(self) -> dict[str, Any]:
        """All that `restore` needs, as plain JSON types."""
        return {
            "first_rate": self.first_rate,
            "learning_rate": self.learning_rate,
            "smoothed": self.smoothed,
            "best": self.best if self.smoothed is not None else None,
            "best_step": self.best_step,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continues from the `state` of another.

        One that started at another rate has been told a new one since: that
        is what it goes on with.

        Raises:
            KeyError, TypeError, ValueError: It is no such state.
        """
        smoothed, best = state["smoothed"], state["best"]
        rate = float(state["learning_rate"])
        # Checkpoints of version 0.1 have no first rate.
        if state.get("first_rate", self.first_rate) == self.first_rate:
            self.learning_rate = rate
        self.smoothed = None if smoothed is None else float(smoothed)
        self.best = float("inf") if best is None else float(best)
        self.best_step = int(state["best_step"])
