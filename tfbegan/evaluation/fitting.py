"""Trains the small networks that measure, and keeps them for the next time."""

import os
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from tfbegan.files import atomic_path, sha256_file
from tfbegan.records import MARKER_NAME

CACHE_VARIABLE = "TFBEGAN_CACHE"
_HASH_DIGITS = 16

Item = TypeVar("Item")


@dataclass(frozen=True)
class Fit:
    """How a network that measures is trained, by Adam.

    Attributes:
        steps: At most.
        learning_rate: At the start; it falls to 0 along half a cosine.
        check_steps: Between two looks at how good it is.
        patience: Looks without a new best after which it ends; 0 never.
    """

    steps: int
    learning_rate: float = 1e-3
    check_steps: int = 100
    patience: int = 0


def fit_network(
    model: Any,
    loss: Callable[[dict[str, Any]], Any],
    batches: Iterator[dict[str, np.ndarray]],
    fit: Fit,
    quality: Callable[[], float] | None = None,
) -> None:
    """Minimises a loss, and leaves the model with its best weights.

    Args:
        model: A Keras model.
        loss: Of a batch: a scalar tensor.
        batches: Dictionaries of arrays, endless.
        fit: How.
        quality: Of the model as it is, higher being better; None trains to
            the end and keeps the last weights.
    """
    import keras
    import tensorflow as tf

    schedule = keras.optimizers.schedules.CosineDecay(
        fit.learning_rate, fit.steps
    )
    optimizer = keras.optimizers.Adam(schedule, global_clipnorm=1.0)
    optimizer.build(model.trainable_variables)

    @tf.function(autograph=False)
    def improve(batch: dict[str, Any]) -> None:
        with tf.GradientTape() as tape:
            value = loss(batch)
        gradients = tape.gradient(value, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)

    best, best_weights, stale = -np.inf, None, 0
    for step in range(1, fit.steps + 1):
        batch = next(batches)
        improve({name: tf.constant(value) for name, value in batch.items()})
        if quality is None or step % fit.check_steps:
            continue
        reached = quality()
        stale = 0 if reached > best else stale + 1
        if reached > best:
            best, best_weights = reached, model.get_weights()
        if fit.patience and stale >= fit.patience:
            break
    if best_weights is not None:
        model.set_weights(best_weights)


class StoppedError(Exception):
    """Whoever asked for something no longer wants it."""


def while_wanted(
    items: Iterable[Item], stopped: Callable[[], bool]
) -> Iterator[Item]:
    """The items, until they are not wanted any more.

    Args:
        items: To give.
        stopped: Whether to give up, asked before every one.

    Raises:
        StoppedError: `stopped` said so.
    """
    for item in items:
        if stopped():
            raise StoppedError
        yield item


def in_batches(
    function: Callable[[Any], Any], values: np.ndarray, size: int = 256
) -> np.ndarray:
    """A network's outputs for many inputs, as NumPy float32 [N, ...]."""
    import tensorflow as tf

    return np.concatenate(
        [
            np.array(function(tf.constant(values[start : start + size])))
            for start in range(0, len(values), size)
        ]
    )


def cache_folder(dataset: Path) -> Path:
    """Where what was learnt from a data set is kept.

    In the folder that the environment variable TFBEGAN_CACHE names, else in
    tfbegan of XDG_CACHE_HOME, else in ~/.cache/tfbegan. The subfolder is named
    by the SHA-256 of the data set's marker, so a data set that changes is
    learnt from again.

    Args:
        dataset: Its folder.
    """
    root = os.environ.get(CACHE_VARIABLE)
    if root:
        base = Path(root)
    else:
        xdg = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        base = Path(xdg) / "tfbegan"
    return base / sha256_file(dataset / MARKER_NAME)[:_HASH_DIGITS]


def cached(path: Path, make: Callable[[], Any]) -> Any:
    """The Keras model in a file; made, and written there, if it is missing.

    Args:
        path: Of the `.keras` file. Its name tells the version of what made
            it. A file that can't be read is made again.
        make: Trains and returns the model.

    Raises:
        OutputError: The file can't be written.
    """
    import keras

    if path.is_file():
        try:
            return keras.models.load_model(path, compile=False)
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
            pass  # cut, or of another version of Keras
    model = make()
    with atomic_path(path) as temporary:
        model.save(temporary)
    return model
