"""Prints what two workers of one core each reach against one worker.

    python benchmarks/workers.py [--size 64] [--filters 16] [--steps 30]

Each worker is pinned to a core of its own by taskset, so the machine needs two
that nothing else uses. The batch is the same in both cases: 32 faces a step of
all workers together, by default. The last column is what the processors' time
alone would allow: that of one worker's step over that of one of two; other work
on the machine moves it less.
"""

import argparse
import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from typing import Any

_WARM_UP = 5


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--filters", type=int, default=16)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--worker", action="store_true")
    parsed = parser.parse_args()
    if parsed.worker:
        print(json.dumps(work(parsed)))
        return
    print("| run | one, images/s | two, images/s | ratio | weights | by CPU |")
    print("|---|---|---|---|---|---|")
    for repeat in range(parsed.repeats):
        (one,) = run_workers(1)
        first, second = run_workers(2)
        ratio = first["images_per_second"] / one["images_per_second"]
        same = "identical" if first["hash"] == second["hash"] else "DIFFER"
        print(
            f"| {repeat + 1} | {one['images_per_second']:.1f} |"
            f" {first['images_per_second']:.1f} | {ratio:.2f} | {same} |"
            f" {one['cpu_seconds'] / first['cpu_seconds']:.2f} |",
            flush=True,
        )


def run_workers(count: int) -> list[dict[str, Any]]:
    """What each of so many workers tells, worker n being on core n."""
    addresses = [f"127.0.0.1:{free_port()}" for _ in range(count)]
    processes = []
    for index in range(count):
        config = {
            "cluster": {"worker": addresses},
            "task": {"type": "worker", "index": index},
        }
        command = [
            "taskset", "-c", str(index), sys.executable, *sys.argv, "--worker",
        ]  # fmt: skip
        processes.append(
            subprocess.Popen(  # noqa: S603 - ourselves
                command,
                env={**os.environ, "TF_CONFIG": json.dumps(config)},
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        )
    outputs = [process.communicate()[0] for process in processes]
    return [json.loads(output.splitlines()[-1]) for output in outputs]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def work(parsed: argparse.Namespace) -> dict[str, Any]:
    """Trains on random faces as one of the workers in TF_CONFIG."""
    from tfbegan.training.team import open_team

    team = open_team("auto")

    import keras
    import numpy as np
    import tensorflow as tf

    from tfbegan import BEGAN
    from tfbegan.config import ModelConfig
    from tfbegan.models.replicas import Board
    from tfbegan.training.acceleration import keep_freed_memory
    from tfbegan.training.presets import PRESETS

    keep_freed_memory()
    with team.scope():
        model = BEGAN(
            ModelConfig(image_size=parsed.size, filters=parsed.filters),
            PRESETS["small-data"].objective,
        )
        model.compile(clip_norm=1.0)
    if team.workers > 1:
        model.board = Board()
    rows = parsed.batch_size // team.replicas
    shape = (rows, parsed.size, parsed.size, 3)
    rng = np.random.default_rng(team.index)
    faces = rng.uniform(-1, 1, shape).astype(np.float32)
    times: list[float] = []
    cpu_times: list[float] = []

    class Clock(keras.callbacks.Callback):
        """When each step was done."""

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            # Waits for the step.
            if model.board is None:
                float(np.asarray(logs["k"]).item())
            else:
                model.board.read()
            times.append(time.perf_counter())
            cpu_times.append(time.process_time())

    model.fit(
        team.distribute(lambda _: tf.data.Dataset.from_tensors(faces).repeat()),
        steps_per_epoch=_WARM_UP + parsed.steps,
        shuffle=False,
        verbose=0,
        callbacks=[Clock()],
    )
    # The median: a core that the machine lends to others now and then says
    # nothing of the workers.
    seconds = float(np.median(np.diff(times[_WARM_UP - 1 :])))
    cpu_seconds = cpu_times[-1] - cpu_times[_WARM_UP - 1]
    digest = hashlib.sha256()
    for variable in model.weights:
        digest.update(variable.numpy().tobytes())
    return {
        "images_per_second": parsed.batch_size / seconds,
        "cpu_seconds": cpu_seconds,
        "hash": digest.hexdigest(),
    }


if __name__ == "__main__":
    main()
