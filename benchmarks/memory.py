"""Prints memory, open files, the time to the first step of a training, and the
share of it that the loop takes from the steps.

    python benchmarks/memory.py DATASET --preset paper --steps 5000

The run is a real one, with pictures and checkpoints, in a temporary folder.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

_STARTED = time.monotonic()  # before TensorFlow is imported

import keras  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from tfbegan.records import read_dataset_info  # noqa: E402
from tfbegan.training import run as run_module  # noqa: E402
from tfbegan.training.loop import TrainingLoop  # noqa: E402
from tfbegan.training.presets import PRESETS  # noqa: E402
from tfbegan.training.run_folder import (  # noqa: E402
    RunConfig,
    data_fingerprint,
)


class WatchedLoop(TrainingLoop):
    """Notes what the process holds, now and then."""

    rows: list[tuple[int, float, int]] = []  # noqa: RUF012 - of the one run
    first_step_s = 0.0
    last_step_s = 0.0
    beside_steps_s = 0.0
    every = 100

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        begun = time.monotonic()
        super().on_train_batch_end(batch, logs)
        ended = time.monotonic()
        WatchedLoop.last_step_s = ended - _STARTED
        if not WatchedLoop.first_step_s:
            WatchedLoop.first_step_s = WatchedLoop.last_step_s
        else:
            WatchedLoop.beside_steps_s += ended - begun
        if self.step % WatchedLoop.every == 0:
            WatchedLoop.rows.append((self.step, resident_mb(), open_files()))


def resident_mb() -> float:
    """What the process holds in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def open_files() -> int:
    """Descriptors that are open now."""
    return len(list(Path("/proc/self/fd").iterdir()))


def main() -> None:
    """Trains, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--steps", type=int, default=5_000)
    parser.add_argument("--preset", choices=PRESETS, default="small-data")
    parser.add_argument("--filters", type=int, help="the preset's by default")
    parser.add_argument("--batch-size", type=int, default=16)
    parsed = parser.parse_args()
    keras.utils.disable_interactive_logging()
    preset = PRESETS[parsed.preset]
    filters = parsed.filters or preset.architecture.filters
    size = read_dataset_info(parsed.data).face.image_size
    config = RunConfig(
        preset.architecture.replace(image_size=size, filters=filters),
        preset.objective,
        preset.training.replace(
            steps=parsed.steps,
            batch_size=parsed.batch_size,
            clips_per_batch=min(
                preset.training.clips_per_batch, parsed.batch_size
            ),
        ),
        str(parsed.data),
        data_fingerprint(parsed.data),
    )
    WatchedLoop.every = max(parsed.steps // 10, 1)
    run_module.TrainingLoop = WatchedLoop  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as runs:
        run_module.train(config, Path(runs))
    table = Table("step", "memory, MB", "open files")
    for step, memory, files in WatchedLoop.rows:
        table.add_row(str(step), f"{memory:.0f}", str(files))
    Console().print(table)
    print(
        f"{size} px, n={filters}, batches of {parsed.batch_size}: first step"
        f" after {WatchedLoop.first_step_s:.1f} s, imports included"
    )
    spent = WatchedLoop.last_step_s - WatchedLoop.first_step_s
    print(
        "Waited for logging, checkpoints and looks:"
        f" {100 * WatchedLoop.beside_steps_s / spent:.2f} % of {spent:.0f} s"
    )


if __name__ == "__main__":
    main()
