"""`tfbegan runs`: one row a folder, whatever the folder is."""

import json
import re

import pytest

from tfbegan.cli.__main__ import main
from tfbegan.config import ModelConfig, ObjectiveConfig, TrainingConfig
from tfbegan.files import write_json
from tfbegan.training.run_folder import Best, RunConfig, RunFolder


@pytest.fixture
def runs(tmp_path):
    """Three runs, a foreign folder and one whose settings are damaged."""
    figures = {0: (0.3, 0.1), 1: (0.1, 0.9), 2: (0.2, None)}
    for number, (m_global, spread) in figures.items():
        folder = RunFolder(tmp_path / "runs" / f"{number:05d}-noise")
        config = RunConfig(
            ModelConfig(image_size=32),
            ObjectiveConfig(gamma=0.5 + number / 10),
            TrainingConfig(steps=100),
            "data/some-faces",
            "0" * 64,
        )
        write_json(folder.config_file, config.to_dict())
        row = {"step": 50 * number, "m_global": m_global, "k": 0.25}
        folder.stats_file.write_text(json.dumps(row) + "\n")
        if spread is not None:
            look = {"step": 50, "spread/ratio": spread}
            folder.looks_file.write_text(json.dumps(look) + "\n")
    RunFolder(tmp_path / "runs" / "00001-noise").write_best(Best(40, 0.625))
    (tmp_path / "runs" / "foreign \x1b[31m").mkdir()
    broken = tmp_path / "runs" / "00007-noise"
    broken.mkdir()
    (broken / "config.json").write_text('{"archi')
    return tmp_path / "runs"


def printed(capsys, *arguments):
    assert main(["runs", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def column(text, name):
    """A column of the plain table, by its heading; columns don't overlap."""
    head, *rows = text.splitlines()
    start = head.index(name)
    return [row[start:].split("  ")[0].strip() for row in rows[:5]]


def test_every_folder_is_a_row(runs, capsys):
    text = printed(capsys, runs)
    assert text.splitlines()[0].split() == [
        "run", "makes", "px", "data", "steps", "state", "M", "k", "spread",
        "score", "best", "images/s", "disk", "age",
    ]  # fmt: skip
    assert column(text, "run") == ["0", "1", "2", "7", "foreign ?[31m"]
    assert column(text, "state") == [
        "stopped", "stopped", "done", "unreadable", "unreadable",
    ]  # fmt: skip
    assert column(text, "steps")[:3] == ["0/100", "50/100", "100/100"]
    assert column(text, "data")[:3] == ["some-faces"] * 3
    assert column(text, "spread") == ["0.10", "0.90", "-", "-", "-"]
    assert column(text, "score") == ["-", "0.625", "-", "-", "-"]
    assert column(text, "best") == ["-", "40", "-", "-", "-"]
    assert "foreign ?[31m: " in text
    assert "no config.json" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        ("m", ["1", "2", "0"]),
        ("spread", ["1", "0", "2"]),
        ("steps", ["2", "1", "0"]),
        ("number", ["0", "1", "2"]),
    ],
)
def test_the_best_comes_first_and_the_unknown_last(
    runs, capsys, figure, expected
):
    text = printed(capsys, runs, "--sort", figure)
    assert column(text, "run")[:3] == expected
    assert column(text, "state")[3:] == ["unreadable"] * 2


def test_json_is_strict(runs, capsys):
    stats = runs / "00000-noise" / "stats.jsonl"
    stats.write_text('{"step": 1, "m_global": NaN, "k": 1e999}\n')

    def refuse(name):
        raise AssertionError(name)

    content = json.loads(printed(capsys, runs, "--json"), parse_constant=refuse)
    assert [run["number"] for run in content] == [0, 1, 2, 7, -1]
    assert content[0]["m_global"] is content[0]["k"] is None
    assert content[1]["spread_ratio"] == 0.9
    assert "no config.json" in content[-1]["problem"]


def test_runs_are_compared_by_number_name_or_path(runs, capsys):
    names = ["0", "00001-noise", str(runs / "00002-noise")]
    text = printed(capsys, runs, "--compare", *names)
    lines = {line.split()[0]: line.split()[1:] for line in text.splitlines()}
    assert lines["00000-noise"] == ["00001-noise", "00002-noise"]
    assert lines["objective.gamma"] == ["0.5", "0.6", "0.7"]
    assert lines["M"] == ["0.3", "0.1", "0.2"]
    assert "training.steps" not in lines
    content = json.loads(printed(capsys, runs, "--json", "--compare", "0", "1"))
    assert content["settings"] == {"objective.gamma": [0.5, 0.6]}
    assert content["figures"][1]["m_global"] == 0.1


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["nowhere"], 1, "can't be read"),
        (["runs", "--compare", "0"], 2, "two runs"),
        (["runs", "--sort", "m", "--compare", "0", "1"], 2, "Leave --sort"),
        (["runs", "--compare", "0", "9"], 1, "no run 9"),
        (["runs", "--compare", "0", "7"], 1, "can't be read as JSON"),
    ],
)
def test_bad_input_is_one_sentence(
    runs, monkeypatch, capsys, arguments, code, told
):
    monkeypatch.chdir(runs.parent)
    assert main(["runs", *arguments]) == code
    error = capsys.readouterr().err
    assert told in error
    assert error.startswith("tfbegan: ")
    assert error.count("\n") == 1


def test_a_terminal_gets_a_frame(runs, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")
    text = printed(capsys, runs)
    assert "───" in text
    assert "unreadable" in text
    assert "\x1b[31m" not in text


@pytest.mark.parametrize(
    ("width", "missing"), [(140, set()), (80, {"age", "px"})]
)
def test_a_narrow_terminal_gets_fewer_columns(
    runs, capsys, monkeypatch, width, missing
):
    (runs / "foreign \x1b[31m").rmdir()
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    text = re.sub("\x1b\\[[0-9;]*m", "", printed(capsys, runs))
    head = next(line for line in text.splitlines() if "run" in line)
    assert {"age", "px"} - set(head.split()) == missing
    assert {"run", "state", "M", "k", "spread"} <= set(head.split())
    assert "…" not in text


def test_no_run_at_all_is_a_head_alone(tmp_path, capsys):
    assert len(printed(capsys, tmp_path).splitlines()) == 1
