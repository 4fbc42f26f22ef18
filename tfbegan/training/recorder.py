"""Figures of a run: JSON lines and TensorBoard's event files."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import numpy as np

from tfbegan.errors import OutputError
from tfbegan.models.began import BEGAN
from tfbegan.training.histograms import write_histograms
from tfbegan.training.pictures import Look
from tfbegan.training.run_folder import RunFolder
from tfbegan.training.statistics import append_row, drop_rows_after


class Recorder:
    """Writes figures and pictures where people look for them.

    Args:
        folder: Of the run.
        step: Steps done before: rows beyond it, which a crash after the last
            checkpoint left, are dropped.

    Raises:
        OutputError: The files can't be written.
    """

    def __init__(self, folder: RunFolder, step: int) -> None:
        import tensorflow as tf

        self._tf = tf
        self._folder = folder
        for file in (folder.stats_file, folder.looks_file):
            drop_rows_after(file, step)
        with self._written():
            self._writer = tf.summary.create_file_writer(
                str(folder.tensorboard)
            )

    def figures(self, row: Mapping[str, Any]) -> None:
        """Appends one row; "step" says when.

        Raises:
            OutputError: It can't be written.
        """
        append_row(self._folder.stats_file, row)
        with self._written(), self._writer.as_default(step=row["step"]):
            for name, value in row.items():
                if name != "step":
                    self._tf.summary.scalar(name, value)

    def look(self, step: int, look: Look, with_images: bool = True) -> None:
        """Shows a look in TensorBoard's image tab; appends its figures.

        Args:
            step: Steps done.
            look: What was seen.
            with_images: Whether the images are shown, too.

        Raises:
            OutputError: They can't be written.
        """
        figures = _look_figures(look)
        with self._written(), self._writer.as_default(step=step):
            for name, value in figures.items():
                self._tf.summary.scalar(name, value)
            if with_images:
                self._all_images(look)
            self._writer.flush()
        append_row(self._folder.looks_file, {"step": step, **figures})

    def histograms(self, step: int, model: BEGAN, reals: np.ndarray) -> None:
        """Shows weights and codes in TensorBoard's histogram tab.

        Raises:
            OutputError: They can't be written.
        """
        with self._writer.as_default(step=step):
            write_histograms(model, reals)
        with self._written():
            self._writer.flush()

    def close(self) -> None:
        """Flushes everything to the disk.

        Raises:
            OutputError: It can't be written.
        """
        with self._written():
            self._writer.close()

    @contextmanager
    def _written(self) -> Iterator[None]:
        """TensorFlow's own errors are of no family of ours."""
        try:
            yield
        except self._tf.errors.OpError as error:
            raise OutputError(
                f"{self._folder.tensorboard} can't be written. Check the path"
                " and the space on the disk, and run again."
            ) from error

    def _all_images(self, look: Look) -> None:
        self._images("samples", look.samples)
        reals, rebuilt, fakes, rebuilt_fakes = np.split(look.reconstructions, 4)
        self._images("reals", reals)
        self._images("reals/reconstructed", rebuilt)
        self._images("fakes", fakes)
        self._images("fakes/reconstructed", rebuilt_fakes)
        if look.speech is not None:
            self._images("speech", look.speech)

    def _images(self, name: str, images: np.ndarray) -> None:
        self._tf.summary.image(name, images, max_outputs=len(images))


def _look_figures(look: Look) -> dict[str, float]:
    """By their names in TensorBoard."""
    spreads = {
        "spread/fakes": look.fake_spread,
        "spread/reals": look.real_spread,
        "spread/ratio": look.spread_ratio,
    }
    sound = {
        f"sound/{name}": value for name, value in _sound_figures(look).items()
    }
    return spreads | sound


def _sound_figures(look: Look) -> dict[str, float]:
    """A1 to A4 and A9 in their cheap form; nothing without sound."""
    if look.score is None:
        return {}
    figures = {
        **asdict(look.score),
        "sharpness": look.sharpness,
        "quality": look.quality,
    }
    return {name: value for name, value in figures.items() if value is not None}
