"""The builder's command line: exit codes, and no traceback ever."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tfrecords_builder import cli, runner
from tfrecords_builder.cli import main
from tfrecords_builder.runner import SourceStatus
from tfrecords_builder.sources import Source


@pytest.mark.parametrize("command", [[], ["build"], ["puppets"], ["verify"]])
def test_help_takes_no_tensorflow(command):
    code = (
        "import sys; from tfrecords_builder.cli import main\n"
        f"try: main({[*command, '--help']!r})\n"
        "except SystemExit: pass\n"
        "assert 'tensorflow' not in sys.modules, 'imported'"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "usage: tfrecords-builder" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["build", "--out", "x"], 2, "No source is named"),
        (["build", "nowhere", "--out", "x"], 2, "no file or folder"),
        (["build", ".", "--out", "x", "--size", "33"], 2, "image_size"),
        (["build", ".", "--out", "x", "--workers", "0"], 2, "--workers"),
        (["build", "file:///x.mp4", "--out", "x"], 1, "only http and https"),
        (["verify", "nowhere"], 1, "no folder"),
        (["stats", "."], 1, "no finished data set"),
        (["puppets", "--out", "x", "--characters", "0"], 2, "characters"),
        (["film", "x.mp4", "--seconds", "0"], 2, "--seconds"),
        (["film", "x.mp4", "--character", "99"], 2, "--character"),
        (["film", "x.mp4", "--fps", "0"], 2, "fps"),
        (["film", "x.mp4", "--seed", "-1"], 2, "seed"),
        (["puppets", "--out", "x", "--workers", "0"], 2, "--workers"),
        (["puppets", "--out", "x", "--workers", "-3"], 2, "--workers"),
        (["build", "http://[", "--out", "x"], 1, "The link 'http://['"),
    ],
)
def test_bad_input_is_one_sentence(
    arguments, code, told, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == code
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    "arguments",
    [
        ["--nonsense"],
        ["build", "--sise", "1"],
        ["puppets", "--out", "x", "--one-sitting", "--days"],
    ],
)
def test_options_that_make_no_sense_are_wrong_usage(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_verify_and_stats(tiny_dataset, capsys):
    assert main(["verify", str(tiny_dataset)]) == 0
    assert "is whole" in capsys.readouterr().out
    assert main(["stats", str(tiny_dataset), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["image_size"] == 32
    assert main(["stats", str(tiny_dataset)]) == 0
    assert "validation" in capsys.readouterr().out


@pytest.mark.slow
def test_puppets_and_build_end_to_end(tmp_path, footage, capsys):
    out = tmp_path / "puppets"
    puppets = ["puppets", "--out", str(out), "--size", "32"]
    few = ["--characters", "2", "--sentences", "1", "--workers", "1"]
    assert main([*puppets, *few]) == 0
    assert main(["verify", str(out)]) == 0
    built = tmp_path / "portraits"
    portrait = str(footage / "portrait-3.png")
    arguments = ["build", portrait, "--out", str(built), "--workers", "1"]
    assert main(arguments) == 0
    told = capsys.readouterr().out
    assert "1 faces in 1 clips" in told
    assert "No face was held out for validation" in told
    assert main(arguments) == 0
    assert "already built" in capsys.readouterr().out


@pytest.mark.slow
def test_a_partial_build_stays_partial_when_it_is_asked_for_again(
    tmp_path, footage
):
    sources = [str(footage / n) for n in ("portrait-3.png", "broken.mp4")]
    arguments = ["build", *sources, "--out", str(tmp_path / "data")]
    assert main([*arguments, "--workers", "1"]) == 3
    assert main([*arguments, "--workers", "1"]) == 3


@pytest.mark.slow
def test_a_film_is_footage_with_sound(tmp_path):
    from tfrecords_builder.decode import probe

    out = tmp_path / "puppet.mp4"
    assert main(["film", str(out), "--character", "3", "--seconds", "1"]) == 0
    info = probe(out)
    assert info.duration_s == pytest.approx(1.0, abs=0.15)
    assert info.has_sound


def test_a_cache_that_is_a_file_is_told(tmp_path, capsys):
    cache = tmp_path / "cache"
    cache.write_text("x")
    arguments = ["--out", str(tmp_path / "x"), "--cache", str(cache)]
    assert main(["build", "http://localhost:9/a.mp4", *arguments]) == 1
    error = capsys.readouterr().err
    assert f"{cache} can't be written" in error
    assert error.count("\n") == 1


def test_a_plan_is_checked_before_tensorflow_is_imported(monkeypatch):
    monkeypatch.setattr(cli, "import_tensorflow", pytest.fail)
    assert main(["puppets", "--out", "x", "--characters", "0"]) == 2


@pytest.mark.parametrize("command", [["build", "."], ["puppets"]])
def test_a_folder_that_tensorflow_can_t_write_is_told(
    command, tmp_path, monkeypatch, capsys
):
    (tmp_path / "a.mp4").write_text("x")
    monkeypatch.chdir(tmp_path)
    assert main([*command, "--out", os.fsdecode(b"caf\xe9")]) == 1
    error = capsys.readouterr().err
    assert "TensorFlow takes names in UTF-8" in error
    assert error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_a_source_whose_name_is_no_text_has_its_row(tmp_path):
    source = Source("0" * 16, "image", Path(os.fsdecode(b"caf\xe9.png")))
    twin = SourceStatus(source, "duplicate", 0, 0, 0.0, source.label)
    runner._write_table(tmp_path / "sources.csv", [twin])
    (row,) = runner.read_statuses(tmp_path)
    assert row["file"] == row["detail"] == "caf\\udce9.png"
