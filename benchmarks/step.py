"""Prints what a training step takes, by size and precision, and its parts.

    python benchmarks/step.py [--steps 20] [--xla] [--data DATASET]

With a data set of 64 px it also compares steps on one batch again and again
with steps on the streamed data: what the input costs.

Ratios within one run count; the machine's other work moves the figures.
"""

import argparse
import itertools
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

from tfbegan import BEGAN
from tfbegan.config import ModelConfig
from tfbegan.data.dataset import FaceDataset, open_dataset
from tfbegan.training.acceleration import keep_freed_memory
from tfbegan.training.presets import PRESETS

_BATCH = 16


@dataclass(frozen=True)
class Case:
    """What is measured in a row of the table."""

    architecture: ModelConfig
    preset: str
    precision: str
    jit_compile: bool


def milliseconds_per_step(
    case: Case, steps: int, data: FaceDataset | None = None
) -> float:
    """The mean over some steps, after the first three."""
    objective = PRESETS[case.preset].objective
    model = BEGAN(case.architecture, objective, dtype=case.precision)
    model.compile(jit_compile=case.jit_compile)
    if data is None:
        batches = one_batch(case.architecture.image_size)
    else:
        batches = data.stream("train", batch_size=_BATCH, seed=0)
    iterator = iter(batches)
    model.make_train_function()
    for _ in range(3):
        model.train_function(iterator)
    started = time.perf_counter()
    for _ in range(steps):
        logs = model.train_function(iterator)
    float(logs["k"][0])
    return 1_000 * (time.perf_counter() - started) / steps


def one_batch(size: int) -> tf.data.Dataset:
    """The same random batch for ever."""
    faces = np.random.default_rng(0).uniform(-1, 1, (_BATCH, size, size, 3))
    return tf.data.Dataset.from_tensors(faces.astype(np.float32)).repeat()


def cost_of_input(data: FaceDataset, steps: int) -> str:
    """Streamed against constant batches, in turns, so that noise is shared."""
    case = Case(
        ModelConfig(filters=16, latent_dim=32),
        "small-data",
        "mixed_bfloat16",
        False,
    )
    constant, streamed = [], []
    for _ in range(3):
        constant.append(milliseconds_per_step(case, steps))
        streamed.append(milliseconds_per_step(case, steps, data))
    cost = min(streamed) / min(constant) - 1
    return (
        f"constant {min(constant):.0f} ms, streamed {min(streamed):.0f} ms:"
        f" the input costs {100 * cost:.1f} %"
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--xla", action="store_true", help="measure it too")
    parsed = parser.parse_args()
    keep_freed_memory()
    if parsed.data is not None:
        print(cost_of_input(open_dataset(parsed.data), parsed.steps))
    table = Table("px", "n", "preset", "precision", "XLA", "ms/step", "img/s")
    for size, filters, preset, precision, jit in itertools.product(
        (32, 64),
        (16, 32),
        ("paper", "small-data"),
        ("float32", "mixed_bfloat16"),
        (False, True) if parsed.xla else (False,),
    ):
        architecture = ModelConfig(image_size=size, filters=filters)
        case = Case(architecture, preset, precision, jit)
        spent = milliseconds_per_step(case, parsed.steps)
        table.add_row(
            str(size),
            str(filters),
            preset,
            precision,
            "on" if jit else "off",
            f"{spent:.0f}",
            f"{1_000 * _BATCH / spent:.0f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
