"""Prints how fast a data set is read, and how much memory it takes.

python benchmarks/reader.py DATASET [--seconds 8]
"""

import argparse
import itertools
import resource
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tfbegan.data.dataset import FaceDataset, open_dataset

_BATCH = 16


def megabytes() -> float:
    """The largest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024


def faces_per_second(
    dataset: FaceDataset, seconds: float, with_audio: bool
) -> tuple[float, list[float]]:
    """The rate after the shuffle has filled, and the memory on the way."""
    batches = dataset.stream(
        "train",
        batch_size=_BATCH,
        seed=0,
        clips_per_batch=4,
        with_audio=with_audio,
    ).as_numpy_iterator()
    for _ in itertools.islice(batches, 20):
        pass
    memory = [megabytes()]
    started, count = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - started) < seconds:
        next(batches)
        count += _BATCH
        if elapsed > len(memory) * seconds / 4:
            memory.append(megabytes())
    return count / elapsed, [*memory, megabytes()]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--seconds", type=float, default=8.0)
    parsed = parser.parse_args()
    dataset = open_dataset(parsed.dataset)
    table = Table("what", "faces/s", "peak memory on the way, MB")
    kinds = [False, True] if dataset.info.has_audio else [False]
    for with_audio in kinds:
        rate, memory = faces_per_second(dataset, parsed.seconds, with_audio)
        table.add_row(
            "faces and MFCC windows" if with_audio else "faces",
            f"{rate:,.0f}",
            ", ".join(f"{value:.0f}" for value in memory),
        )
    Console().print(table)


if __name__ == "__main__":
    main()
