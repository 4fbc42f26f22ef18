"""Both command lines end with a sentence and an exit code of their own."""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tfbegan.cli import __main__ as tfbegan_main
from tfbegan.errors import LockedError, UsageError
from tfbegan.exits import run_command, sigterm_raises
from tfbegan.files import atomic_path
from tfrecords_builder import cli as builder_main

FULL = Path("/dev/full")
PROGRAMS = {
    "tfbegan": "tfbegan.cli.__main__",
    "tfrecords-builder": "tfrecords_builder",
}


def start(program, *arguments, **options):
    command = [sys.executable, "-m", PROGRAMS[program], *arguments]
    return subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, **options
    )


def commands_that_print(folder, dataset):
    (folder / "runs" / "00000-noise").mkdir(parents=True)
    return [
        ("tfbegan", "runs", str(folder / "runs")),
        ("tfbegan", "--version"),
        ("tfrecords-builder", "stats", str(dataset)),
        ("tfrecords-builder", "--help"),
    ]


def test_a_closed_pipe_ends_a_command_quietly(tmp_path, tiny_dataset):
    for command in commands_that_print(tmp_path, tiny_dataset):
        reader, writer = os.pipe()
        os.close(reader)
        process = start(*command, stdout=writer)
        os.close(writer)
        assert process.communicate()[1] == ""
        assert process.returncode == 1


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")
def test_an_output_without_space_is_one_sentence(tmp_path, tiny_dataset):
    for command in commands_that_print(tmp_path, tiny_dataset):
        with FULL.open("w") as full:
            process = start(*command, stdout=full)
            error = process.communicate()[1]
        assert error.startswith(f"{command[0]}: The output can't be written")
        assert error.count("\n") == 1
        assert process.returncode == 1


def test_a_closed_output_does_no_harm(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert run_command("tfbegan", lambda: print("a") or 3) == 3


def test_a_name_that_is_no_text_is_shown_escaped(capsys):
    run_command("tfbegan", lambda: print(os.fsdecode(b"caf\xe9")) or 0)
    assert capsys.readouterr().out == "caf\\udce9\n"


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (UsageError("Not so."), 2, "tfbegan: Not so.\n"),
        (LockedError("Not now."), 1, "tfbegan: Not now.\n"),
        (KeyboardInterrupt(), 130, "Interrupted.\n"),
    ],
)
def test_errors_are_sentences(error, code, told, capsys):
    def command():
        raise error

    assert run_command("tfbegan", command) == code
    assert capsys.readouterr().err == told


def test_sigterm_removes_what_is_not_whole(tmp_path, capsys):
    def command():
        with sigterm_raises(), atomic_path(tmp_path / "a.png") as path:
            path.write_text("half")
            os.kill(os.getpid(), signal.SIGTERM)
        return 0

    before = signal.getsignal(signal.SIGTERM)
    assert run_command("tfbegan", command) == 143
    assert capsys.readouterr().err == "Interrupted.\n"
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    ("command", "raises"), [("runs", True), ("train", False)]
)
def test_all_commands_but_training_leave_sigterm_to_the_command_line(
    command, raises, monkeypatch
):
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def look(parsed):
        seen.append(signal.getsignal(signal.SIGTERM))
        return 0

    module = __import__(f"tfbegan.cli.{command}", fromlist=["run"])
    monkeypatch.setattr(module, "check", look, raising=False)
    monkeypatch.setattr(module, "run", look)
    monkeypatch.setattr(tfbegan_main, "import_tensorflow", lambda: None)
    assert tfbegan_main.main([command]) == 0
    assert [handler is not before for handler in seen] == [raises, raises]


@pytest.mark.parametrize("module", [tfbegan_main, builder_main])
def test_ctrl_c_while_the_command_is_read_is_told(module, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", interrupted)
    assert module.main(["runs"]) == 130
    assert capsys.readouterr().err.startswith("Interrupted.")
