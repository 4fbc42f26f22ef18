"""Numbers of run folders, and which of them is the newest, everywhere."""

from pathlib import Path

import pytest

from tfbegan.generation.loading import find_generator
from tfbegan.run_names import run_number
from tfbegan.training.run_folder import newest_run


@pytest.mark.parametrize(
    ("name", "number"),
    [("00012-noise", 12), ("sweep", -1), ("7-noise", -1), ("12345", -1)],
)
def test_a_name_begins_with_the_number(name, number):
    assert run_number(Path("runs") / name) == number


@pytest.mark.parametrize(
    ("names", "newest"),
    [
        (["00002-noise", "00010-audio", "my-best"], "00010-audio"),
        (["00007-a", "00007-b"], "00007-b"),
        (["b", "a"], "b"),
    ],
)
def test_all_commands_take_the_same_run_for_the_newest(
    names, newest, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    for name in names:
        run = tmp_path / "runs" / name
        run.mkdir(parents=True)
        (run / "config.json").write_text("{}")
        (run / "generator.keras").write_text("")
    assert newest_run(Path("runs")).path.name == newest
    assert find_generator().parent.name == newest
    assert find_generator("runs").parent.name == newest
