"""Two real worker processes on this machine: equal weights, one writer."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tfbegan.training.checkpoints import last_good_step

pytestmark = pytest.mark.slow

_ROOT = Path(__file__).resolve().parents[2]

# Trains as train.py does, and tells of all weights and optimizers by a hash.
_DRIVER = """
import hashlib, os, sys
import numpy as np
from tfbegan.cli.__main__ import main
from tfbegan.training import run

def tell_of_writing(event, arguments):
    if event == "open":
        path, _, flags = arguments
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    elif event in ("os.mkdir", "os.rename"):
        path, writes = arguments[0], True
    else:
        return
    if writes and "runs" in str(path):
        print("opened to write:", path)

sys.addaudithook(tell_of_writing)
fit = run.BEGAN.fit

def fit_and_tell(model, *arguments, **options):
    fit(model, *arguments, **options)
    digest = hashlib.sha256()
    for variable in [
        *model.weights,
        *model.generator_optimizer.variables,
        *model.discriminator_optimizer.variables,
    ]:
        digest.update(variable.numpy().tobytes())
    print("weights", digest.hexdigest())

run.BEGAN.fit = fit_and_tell
sys.exit(main(["train", *sys.argv[1:]]))
"""


def free_ports(count):
    with contextlib.ExitStack() as open_sockets:
        ports = []
        for _ in range(count):
            server = open_sockets.enter_context(socket.socket())
            server.bind(("127.0.0.1", 0))
            ports.append(server.getsockname()[1])
        return ports


def start(*per_worker):
    """Starts a worker for each list of arguments."""
    ports = free_ports(len(per_worker))
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
    processes = []
    for index, arguments in enumerate(per_worker):
        task = {"type": "worker", "index": index}
        config = json.dumps({"cluster": cluster, "task": task})
        processes.append(
            subprocess.Popen(
                [sys.executable, "-c", _DRIVER, *map(str, arguments)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=_ROOT,
                env={**os.environ, "TF_CONFIG": config},
            )
        )
    return processes


def ends(processes, timeout=240):
    """(exit code, output, error) of each."""
    found = []
    try:
        for process in processes:
            output, error = process.communicate(timeout=timeout)
            found.append((process.returncode, output, error))
    finally:
        for process in processes:
            process.kill()
    return found


def settings(data, runs, steps, *more):
    return [
        "--data", data, "--runs-dir", runs, "--steps", steps, "--filters", 4,
        "--latent-dim", 8, "--batch-size", 12, "--clips-per-batch", 6,
        "--log-steps", 4, "--checkpoint-steps", 4, "--picture-steps", 1_000,
        "--seed", 3, "--precision", "float32", *more,
    ]  # fmt: skip


def only(runs):
    (folder,) = runs.iterdir()
    return folder


def one_sentence(error):
    told = [line for line in error.splitlines() if line.startswith("tfbegan:")]
    assert len(told) == 1, error
    assert "Traceback" not in error
    return told[0]


def weights(output):
    return re.search(r"^weights (\w{64})$", output, re.MULTILINE)[1]


def test_two_workers_end_alike_and_only_the_chief_writes(
    tiny_dataset, tmp_path
):
    """And what they leave goes on, on one device and on two again."""
    runs = tmp_path / "runs"
    arguments = settings(tiny_dataset, runs, 8)
    chief, other = ends(start(arguments, arguments))
    assert chief[0] == 0, chief[2]
    assert other[0] == 0, other[2]
    assert weights(chief[1]) == weights(other[1])
    assert "Worker 1: 8 steps done" in other[1]
    assert "opened to write:" in chief[1]
    assert "opened to write:" not in other[1]
    folder = only(runs)
    assert len(list(folder.glob("tensorboard/*"))) == 1
    rows = (folder / "stats.jsonl").read_text().splitlines()
    assert [json.loads(row)["step"] for row in rows] == [4, 8]
    assert "interruption" not in json.loads(rows[0])
    assert last_good_step(folder / "checkpoints") == 8

    resume = ["--resume", folder, "--steps"]
    alone = subprocess.run(
        [sys.executable, "-c", _DRIVER, *map(str, resume), "10"],
        capture_output=True, text=True, cwd=_ROOT,
    )  # fmt: skip
    assert alone.returncode == 0, alone.stderr
    again = ends(start([*resume, 12], [*resume, 12]))
    assert [code for code, _, _ in again] == [0, 0], again
    assert weights(again[0][1]) == weights(again[1][1])
    assert last_good_step(folder / "checkpoints") == 12


def wait_for_a_checkpoint(runs, processes):
    for _ in range(2_400):
        if list(runs.glob("*/checkpoints/*.json")):
            return
        if any(process.poll() is not None for process in processes):
            raise AssertionError(ends(processes))
        time.sleep(0.1)
    for process in processes:
        process.kill()
    raise AssertionError("no checkpoint within four minutes")


@pytest.mark.parametrize("victim", [0, 1])
def test_a_killed_worker_ends_the_other_with_a_sentence(
    tiny_dataset, tmp_path, victim
):
    arguments = settings(tiny_dataset, tmp_path, 1_000_000)
    processes = start(arguments, arguments)
    wait_for_a_checkpoint(tmp_path, processes)
    processes[victim].send_signal(signal.SIGKILL)
    try:
        processes[1 - victim].wait(timeout=60)
    except subprocess.TimeoutExpired:
        processes[1 - victim].kill()
        raise
    code, _, error = ends(processes)[1 - victim]
    assert code == 1
    told = one_sentence(error)
    assert "has ended or can't be reached" in told
    folder = only(tmp_path)
    step = last_good_step(folder / "checkpoints")
    assert f"of step {step}: start all workers again with" in told
    assert told.endswith(f"--resume {folder}")

    resume = ["--resume", folder, "--steps", step + 4]
    again = ends(start(resume, resume))
    assert [code for code, _, _ in again] == [0, 0], again
    assert last_good_step(folder / "checkpoints") == step + 4


@pytest.mark.parametrize(
    ("target", "number"), [(0, signal.SIGINT), (1, signal.SIGTERM)]
)
def test_a_signal_to_one_worker_ends_both_after_the_same_step(
    tiny_dataset, tmp_path, target, number
):
    arguments = settings(tiny_dataset, tmp_path, 1_000_000)
    processes = start(arguments, arguments)
    wait_for_a_checkpoint(tmp_path, processes)
    processes[target].send_signal(number)
    found = ends(processes, timeout=120)
    codes = [code for code, _, _ in found]
    assert codes[target] == 128 + number, found
    assert codes[1 - target] == 128 + signal.SIGTERM, found
    step = last_good_step(only(tmp_path) / "checkpoints")
    assert f"saved at step {step}." in found[0][1]
    assert f"{step} steps done" in found[1][1]
    assert weights(found[0][1]) == weights(found[1][1])


def test_workers_that_do_not_fit_together_all_end(tiny_dataset, tmp_path):
    """Other settings, a batch that can't be shared: nothing is made."""
    runs = tmp_path / "runs"
    first = settings(tiny_dataset, runs, 8)
    found = ends(start(first, [*first, "--seed", 4]), timeout=120)
    for code, _, error in found:
        assert code == 1
        assert "differ in settings or data" in one_sentence(error)
    uneven = [*first, "--batch-size", 13]
    for code, _, error in ends(start(uneven, uneven), timeout=120):
        assert code == 2
        assert "multiple of 2" in one_sentence(error)
    assert not runs.exists()


def test_a_worker_that_does_not_see_the_run_ends_all(tiny_dataset, tmp_path):
    missing = ["--resume", tmp_path / "nowhere", "--steps", 8]
    runs = tmp_path / "runs"
    done = subprocess.run(
        [
            sys.executable, "-c", _DRIVER,
            *map(str, settings(tiny_dataset, runs, 4)),
        ],
        capture_output=True, text=True, cwd=_ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    folder = only(runs)
    before = sorted(folder.rglob("*"))
    found = ends(
        start(["--resume", folder, "--steps", 8], missing), timeout=120
    )
    assert [code for code, _, _ in found] == [1, 1]
    assert "Worker 1 can't go on" in one_sentence(found[0][2])
    assert "nowhere is no run folder" in one_sentence(found[1][2])
    assert sorted(folder.rglob("*")) == before
    assert not (tmp_path / "nowhere").exists()
