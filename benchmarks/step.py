"""Prints what a training step takes, by size and precision, and its parts.

    python benchmarks/step.py [--steps 20]

Ratios within one run count; the machine's other work moves the figures.
"""

import argparse
import time

import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

from tfbegan import BEGAN
from tfbegan.config import ModelConfig, ObjectiveConfig
from tfbegan.training.acceleration import keep_freed_memory
from tfbegan.training.presets import PRESETS

_BATCH = 16


def milliseconds_per_step(
    architecture: ModelConfig,
    objective: ObjectiveConfig,
    precision: str,
    jit_compile: bool,
    steps: int,
) -> float:
    """The mean over some steps, after the first three."""
    model = BEGAN(architecture, objective, dtype=precision)
    model.compile(jit_compile=jit_compile)
    size = architecture.image_size
    faces = np.random.default_rng(0).uniform(-1, 1, (_BATCH, size, size, 3))
    batches = iter(
        tf.data.Dataset.from_tensors(faces.astype(np.float32)).repeat()
    )
    model.make_train_function()
    for _ in range(3):
        model.train_function(batches)
    started = time.perf_counter()
    for _ in range(steps):
        logs = model.train_function(batches)
    float(logs["k"][0])
    return 1_000 * (time.perf_counter() - started) / steps


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20)
    steps = parser.parse_args().steps
    keep_freed_memory()
    table = Table(
        "px", "n", "objective", "precision", "XLA", "ms/step", "img/s"
    )
    for size, filters in ((32, 16), (64, 16), (64, 32)):
        architecture = ModelConfig(image_size=size, filters=filters)
        for name in ("paper", "small-data"):
            for precision in ("float32", "mixed_bfloat16"):
                for jit in (False, True):
                    spent = milliseconds_per_step(
                        architecture,
                        PRESETS[name].objective,
                        precision,
                        jit,
                        steps,
                    )
                    table.add_row(
                        str(size),
                        str(filters),
                        name,
                        precision,
                        "on" if jit else "off",
                        f"{spent:.0f}",
                        f"{1_000 * _BATCH / spent:.0f}",
                    )
    Console().print(table)


if __name__ == "__main__":
    main()
