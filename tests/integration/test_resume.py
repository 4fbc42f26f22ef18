"""Real processes that are stopped, killed, and go on."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest

import tfbegan.models.began  # noqa: F401 - registers the classes
from tfbegan.data.dataset import open_dataset
from tfbegan.files import sha256_file

pytestmark = pytest.mark.slow

_TRAIN = Path(__file__).resolve().parents[2] / "train.py"
_LAST = "checkpoints/step-00000024.keras"


def command(*arguments):
    # Warnings are errors: Keras only warns when it can't restore a variable.
    return [
        sys.executable, "-W", "error::UserWarning", str(_TRAIN), *arguments,
    ]  # fmt: skip


def settings(data, runs, steps, *more):
    return [
        "--data", str(data), "--runs-dir", str(runs), "--steps", str(steps),
        "--filters", "4", "--latent-dim", "8", "--batch-size", "12",
        "--clips-per-batch", "4", "--log-steps", "4", "--checkpoint-steps", "4",
        "--picture-steps", "12", "--keep-checkpoints", "9", "--seed", "3",
        *more,
    ]  # fmt: skip


# Rows of statistics fall between two checkpoints, and the rate is halved.
STALLING = ("--log-steps", "5", "--stall-steps", "1", "--learning-rate", "0.01")


def run(*arguments):
    done = subprocess.run(command(*arguments), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


def everything(path):
    model = keras.models.load_model(path)
    optimizers = [model.generator_optimizer, model.discriminator_optimizer]
    if model.critic_optimizer is not None:
        optimizers.append(model.critic_optimizer)
    variables = [v for optimizer in optimizers for v in optimizer.variables]
    return [np.array(value) for value in (*model.weights, *variables)]


def only(runs):
    (folder,) = runs.iterdir()
    return folder


@pytest.fixture(scope="module")
def straight(tiny_dataset, tmp_path_factory):
    runs = tmp_path_factory.mktemp("straight")
    assert 4 * open_dataset(tiny_dataset).frames("train") <= 24 * 12  # epochs
    run(*settings(tiny_dataset, runs, 24))
    return everything(only(runs) / _LAST)


def assert_same(first, second):
    assert len(first) == len(second) > 100
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_new_process_goes_on_to_the_bit(straight, tiny_dataset, tmp_path):
    run(*settings(tiny_dataset, tmp_path, 12))
    done = run("--resume", "--runs-dir", str(tmp_path), "--steps", "24")
    assert "Skipping variable loading" not in done.stderr
    assert_same(straight, everything(only(tmp_path) / _LAST))


def test_the_rate_is_halved_to_the_bit_where_a_run_is_cut_anywhere(
    tiny_dataset, tmp_path
):
    runs, cut = tmp_path / "straight", tmp_path / "cut"
    run(*settings(tiny_dataset, runs, 24, *STALLING))
    straight = everything(only(runs) / _LAST)
    rates = [row["learning_rate"] for row in rows(only(runs))]
    assert rates[0] > rates[-1]
    run(*settings(tiny_dataset, cut, 8, *STALLING))
    run("--resume", "--runs-dir", str(cut), "--steps", "18")
    run("--resume", "--runs-dir", str(cut), "--steps", "24")
    assert_same(straight, everything(only(cut) / _LAST))
    on_the_grid = [row for row in rows(only(cut)) if row["step"] % 5 == 0]
    for expected, received in zip(rows(only(runs)), on_the_grid, strict=False):
        for name in ("step", "m_global", "k", "learning_rate"):
            assert received[name] == expected[name]


def rows(folder):
    lines = (folder / "stats.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_a_run_goes_on_elsewhere_with_no_more_options(tiny_dataset, tmp_path):
    """Folder and data set have moved; a longer run stays a longer run."""
    run(*settings(tiny_dataset, tmp_path / "here", 4))
    data = shutil.copytree(tiny_dataset, tmp_path / "data")
    folder = tmp_path / "there" / "00000-mine"
    shutil.copytree(only(tmp_path / "here"), folder)
    config = json.loads((folder / "config.json").read_text())
    config["data"] = "/nowhere"
    (folder / "config.json").write_text(json.dumps(config))

    lost = subprocess.run(
        command("--resume", str(folder)), capture_output=True, text=True
    )
    assert lost.returncode == 1
    assert "/nowhere" in lost.stderr and "--data" in lost.stderr
    assert lost.stderr.count("\n") == 1

    run("--resume", str(folder), "--data", str(data), "--steps", "8")
    config = json.loads((folder / "config.json").read_text())
    assert (config["data"], config["training"]["steps"]) == (str(data), 8)
    assert "8 steps done" in run("--resume", str(folder)).stdout


SPEAKING = (
    "--conditioning", "audio+noise", "--sync", "0.5", "--sound-ramp-steps", "8",
    "--flip", "--decay-share", "0",
)  # fmt: skip


def test_a_run_with_sound_goes_on_to_the_bit(tiny_dataset, tmp_path):
    """Also the critic, its optimizer, the coins of mates and the sounds."""
    runs, halves = tmp_path / "straight", tmp_path / "halves"
    run(*settings(tiny_dataset, runs, 24, *SPEAKING))
    straight = everything(only(runs) / _LAST)
    run(*settings(tiny_dataset, halves, 12, *SPEAKING))
    done = run("--resume", "--runs-dir", str(halves), "--steps", "24")
    assert "Skipping variable loading" not in done.stderr
    assert_same(straight, everything(only(halves) / _LAST))
    model = keras.models.load_model(only(halves) / _LAST)
    assert model.architecture.conditioning == "audio+noise"
    for name in ("generator", "discriminator", "critic"):
        assert int(getattr(model, f"{name}_optimizer").iterations) == 24


def start_and_wait_for_a_checkpoint(arguments, runs):
    process = subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for _ in range(600):
        if list(runs.glob("*/checkpoints/*.json")):
            return process
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.1)
    process.kill()
    raise AssertionError("no checkpoint within a minute")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_signal_saves_and_says_how_to_go_on(
    tiny_dataset, tmp_path, number, code
):
    arguments = settings(tiny_dataset, tmp_path, 1_000_000)
    process = start_and_wait_for_a_checkpoint(arguments, tmp_path)
    process.send_signal(number)
    try:
        output, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == code, error
    assert "--resume" in output
    assert "Traceback" not in error
    folder = only(tmp_path)
    saved = sorted((folder / "checkpoints").glob("*.keras"))[-1]
    step = json.loads(saved.with_suffix(".json").read_text())["step"]
    assert f"step {step}." in output
    run("--resume", str(folder), "--steps", str(step + 2))


def test_a_killed_run_goes_on_to_the_bit(straight, tiny_dataset, tmp_path):
    arguments = settings(tiny_dataset, tmp_path, 24)
    process = start_and_wait_for_a_checkpoint(arguments, tmp_path)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    run("--resume", "--runs-dir", str(tmp_path))
    assert_same(straight, everything(only(tmp_path) / _LAST))


def test_a_second_trainer_is_told_of_the_first(tiny_dataset, tmp_path):
    arguments = settings(tiny_dataset, tmp_path, 1_000_000)
    process = start_and_wait_for_a_checkpoint(arguments, tmp_path)
    try:
        second = subprocess.run(
            command("--resume", str(only(tmp_path))),
            capture_output=True,
            text=True,
        )
        assert process.poll() is None
    finally:
        process.kill()
        process.communicate()
    assert second.returncode == 1
    assert second.stderr.startswith("tfbegan: ")
    assert f"in use by process {process.pid} on " in second.stderr
    assert second.stderr.count("\n") == 1


def test_a_full_disk_leaves_what_was_there(tiny_dataset, tmp_path):
    """No file may grow beyond a limit that a checkpoint exceeds."""
    run(*settings(tiny_dataset, tmp_path, 4))
    folder = only(tmp_path)
    (checkpoint,) = (folder / "checkpoints").glob("*.keras")
    kept = [checkpoint, folder / "generator.keras"]
    before = [sha256_file(path) for path in kept]
    limit = checkpoint.stat().st_size // 2
    code = (
        "import resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "from tfbegan.cli.__main__ import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    resume = ["train", "--resume", str(folder), "--steps", "8"]
    done = subprocess.run(
        [sys.executable, "-c", code, *resume], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "step-00000008.keras can't be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert [sha256_file(path) for path in kept] == before
    assert not list(folder.rglob(".incomplete-*"))
    assert len(list((folder / "checkpoints").iterdir())) == 2
    run("--resume", str(folder), "--steps", "8")
