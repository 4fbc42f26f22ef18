"""A learning rate for networks and data, by raising it until they diverge.

Smith, Cyclical Learning Rates for Training Neural Networks, WACV 2017
(arXiv 1506.01186). L(x), the error of D's autoencoder, is what is looked at:
of a GAN's losses it alone falls where training goes well.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from tfbegan.errors import DivergedError
from tfbegan.training.run import new_model, open_fitting, training_batches
from tfbegan.training.run_folder import RunConfig

_SMOOTHING = 0.85
_DIVERGED = 1.5
"""A smoothed L(x) of so many times its least has diverged."""
_LEAST_STEPS = 10
_SAFETY = 5.0
"""With it the finder gives 8e-4 for the small-data preset, whose 1e-3 was found
by whole trainings, and 7e-5 for the paper's networks with their 1e-4."""


@dataclass(frozen=True)
class RateSearch:
    """What was tried.

    Attributes:
        rates: float [N], rising by a constant factor.
        errors: float [N], L(x) at each, smoothed.
        suggested: A fifth of the rate at which L(x) was lowest.
        diverged: The rate at which the search ended since L(x) rose or was
            not finite; None if it never was.
    """

    rates: np.ndarray
    errors: np.ndarray
    suggested: float
    diverged: float | None


def find_rate(
    config: RunConfig, steps: int, lowest: float, highest: float
) -> RateSearch:
    """Trains a new model with a rate that rises from step to step.

    Args:
        config: Of the run that is planned; its own rate does not matter.
        steps: In which the rate goes from the lowest to the highest.
        lowest: Above 0.
        highest: Above the lowest.

    Returns:
        The rates, the errors and a suggestion.

    Raises:
        ConfigError: Data set and networks do not fit.
        DatasetError: The data set is damaged.
        DivergedError: It diverged before there was anything to see.
    """
    dataset = open_fitting(config)
    model = new_model(config, dataset)
    ramp = _Ramp(np.geomspace(lowest, highest, steps))
    model.fit(
        training_batches(config, dataset),
        epochs=1,
        steps_per_epoch=steps,
        shuffle=False,
        verbose=0,
        callbacks=[ramp],
    )
    return search_of(ramp.rates, ramp.errors, ramp.diverged)


def search_of(
    rates: np.ndarray, errors: list[float], diverged: float | None
) -> RateSearch:
    """The search that gave these errors.

    Args:
        rates: float, rising by a constant factor; at least N.
        errors: float [N], finite, as `RateSearch`.
        diverged: See `RateSearch`.

    Raises:
        DivergedError: There are too few.
    """
    if len(errors) < _LEAST_STEPS:
        raise DivergedError(
            f"L(x) diverged after {len(errors)} steps, at a learning rate of"
            f" {diverged or rates[-1]:.1e}. Begin with a lower --lowest."
        )
    lowest = float(rates[np.argmin(errors)])
    return RateSearch(
        rates[: len(errors)], np.asarray(errors), lowest / _SAFETY, diverged
    )


class _Ramp(keras.callbacks.Callback):
    """Sets a rate before each step and sees what comes of it."""

    def __init__(self, rates: np.ndarray) -> None:
        super().__init__()
        self.rates = rates
        self.errors: list[float] = []
        self.diverged: float | None = None

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.model.learning_rate = float(self.rates[batch])

    def on_train_batch_end(
        self, batch: int, logs: Mapping[str, Any] | None = None
    ) -> None:
        error = float(np.ravel((logs or {})["real_error"])[0])
        if self.errors:
            error = _SMOOTHING * self.errors[-1] + (1 - _SMOOTHING) * error
        if not math.isfinite(error) or error > _DIVERGED * min(
            self.errors, default=error
        ):
            self.diverged = float(self.rates[batch])
            self.model.stop_training = True
            return
        self.errors.append(error)
