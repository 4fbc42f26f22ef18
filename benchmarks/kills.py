"""Kills a training at random times and shows that nothing is lost.

    python benchmarks/kills.py DATASET [--kills 20]

A run that is killed (SIGKILL) and resumed again and again, while it trains or
saves, must end with every weight, both optimizers, k and step equal to those of
a run that nobody touched; no resume may lose more than one checkpoint
interval.
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
from rich.console import Console
from rich.table import Table

import tfbegan.models.began  # noqa: F401 - registers the classes
from tfbegan.training.statistics import read_rows

_TRAIN = Path(__file__).resolve().parents[1] / "train.py"
_INTERVAL = 5
_LONGEST_LIFE = 4.0


def settings(data: Path, runs: Path, steps: int) -> list[str]:
    """A small run whose rows fall between its checkpoints."""
    return [
        "--data", str(data), "--runs-dir", str(runs), "--steps", str(steps),
        "--image-size", "32", "--filters", "4", "--latent-dim", "8",
        "--log-steps", "3", "--checkpoint-steps", str(_INTERVAL),
        "--picture-steps", "20", "--stall-steps", "30", "--seed", "3",
    ]  # fmt: skip


def start(*arguments: str) -> subprocess.Popen:
    """A training in a process of its own."""
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, str(_TRAIN), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen) -> None:
    """Waits for it, and ends here if it failed."""
    _, error = process.communicate()
    if process.returncode:
        sys.exit(f"A training failed:\n{error}")


def last_step(runs: Path) -> int:
    """Of the newest checkpoint that counts; 0 before the first."""
    saved = runs.glob("*/checkpoints/step-*.json")
    return max((int(path.stem[5:]) for path in saved), default=0)


def last_row(runs: Path, since: float = 0.0) -> int:
    """The step of the last row of statistics; 0 if none is newer than that."""
    steps = [0]
    for file in runs.glob("*/stats.jsonl"):
        if file.stat().st_mtime >= since:
            steps += [row["step"] for row in read_rows(file)]
    return steps[-1]


def live_and_die(process: subprocess.Popen, runs: Path, life: float) -> bool:
    """Lets it live so long after a row of its own; False if it ended."""
    begun, before = time.time(), last_step(runs)
    # Rows beyond the checkpoint that the life before left are dropped first.
    while process.poll() is None and last_row(runs, begun) <= before:
        time.sleep(0.02)
    time.sleep(life)
    alive = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return alive


def everything(runs: Path) -> list[np.ndarray]:
    """Weights, both optimizers, k and step of the last checkpoint."""
    path = max(runs.glob("*/checkpoints/step-*.keras"))
    model = keras.models.load_model(path)
    return [
        np.array(value)
        for value in (
            *model.weights,
            *model.generator_optimizer.variables,
            *model.discriminator_optimizer.variables,
        )
    ]


def seen(runs: Path) -> list[dict[str, float]]:
    """The figures of a run's looks."""
    (file,) = runs.glob("*/looks.jsonl")
    return read_rows(file)


def main() -> None:
    """Prints the kills and the difference at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--steps", type=int, default=1_500)
    parser.add_argument("--seed", type=int, default=0)
    parsed = parser.parse_args()
    chance = random.Random(parsed.seed)  # noqa: S311 - no secret
    table = Table(
        "kill", "after, s", "step of the run", "resumed from", "lost, at least"
    )
    with tempfile.TemporaryDirectory() as folder:
        whole, killed = Path(folder) / "whole", Path(folder) / "killed"
        finish(start(*settings(parsed.data, whole, parsed.steps)))
        arguments = settings(parsed.data, killed, parsed.steps)
        done = 0
        while done < parsed.kills:
            life = chance.uniform(0.0, _LONGEST_LIFE)
            if not live_and_die(start(*arguments), killed, life):
                sys.exit("The run ended before the last kill: more --steps.")
            done += 1
            row, saved = last_row(killed), last_step(killed)
            table.add_row(
                str(done), f"{life:.1f}", str(row), str(saved),
                str(max(row - saved, 0)),
            )  # fmt: skip
            arguments = ["--resume", "--runs-dir", str(killed)]
        finish(start(*arguments))
        pairs = list(zip(everything(whole), everything(killed), strict=True))
        looks = seen(whole) == seen(killed)
    Console().print(table)
    difference = max(float(np.abs(a - b).max()) for a, b in pairs)
    print(
        f"{done} of {parsed.kills} resumed; largest difference over"
        f" {sum(a.size for a, _ in pairs):,} numbers: {difference}; the figures"
        f" of all looks are {'the same' if looks else 'NOT the same'}"
    )


if __name__ == "__main__":
    main()
