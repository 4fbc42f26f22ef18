"""Figures of a run: stats.jsonl and TensorBoard's event files."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from tfbegan.errors import OutputError
from tfbegan.files import writing
from tfbegan.training.pictures import Look
from tfbegan.training.run_folder import RunFolder


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
        self._stats_file = folder.stats_file
        with writing(folder.stats_file):
            _drop_rows_after(folder.stats_file, step)
        try:
            self._writer = tf.summary.create_file_writer(
                str(folder.tensorboard)
            )
        except tf.errors.OpError as error:
            raise OutputError(
                f"{folder.tensorboard} can't be written. Check the path and"
                " the space on the disk, and run again."
            ) from error

    def figures(self, row: Mapping[str, Any]) -> None:
        """Appends one row; "step" says when.

        Raises:
            OutputError: It can't be written.
        """
        with (
            writing(self._stats_file),
            self._stats_file.open("a", encoding="utf-8") as file,
        ):
            file.write(json.dumps(row) + "\n")
        with self._writer.as_default(step=row["step"]):
            for name, value in row.items():
                if name != "step":
                    self._tf.summary.scalar(name, value)

    def look(self, step: int, look: Look) -> None:
        """Shows a look in TensorBoard's image tab."""
        with self._writer.as_default(step=step):
            self._tf.summary.scalar("spread/fakes", look.fake_spread)
            self._tf.summary.scalar("spread/reals", look.real_spread)
            for name, value in _sound_figures(look).items():
                self._tf.summary.scalar(f"sound/{name}", value)
            self._images("samples", look.samples)
            reals, rebuilt, fakes, rebuilt_fakes = np.split(
                look.reconstructions, 4
            )
            self._images("reals", reals)
            self._images("reals/reconstructed", rebuilt)
            self._images("fakes", fakes)
            self._images("fakes/reconstructed", rebuilt_fakes)
            if look.speech is not None:
                self._images("speech", look.speech)
        self._writer.flush()

    def close(self) -> None:
        """Flushes everything to the disk."""
        self._writer.close()

    def _images(self, name: str, images: np.ndarray) -> None:
        self._tf.summary.image(name, images, max_outputs=len(images))


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


def _drop_rows_after(stats_file: Path, step: int) -> None:
    if not stats_file.is_file():
        return
    kept = []
    for line in stats_file.read_text(encoding="utf-8").splitlines():
        try:
            if json.loads(line)["step"] <= step:
                kept.append(line + "\n")
        except (json.JSONDecodeError, KeyError, TypeError):
            break  # a row that a crash cut; nothing good follows it
    stats_file.write_text("".join(kept), encoding="utf-8")
