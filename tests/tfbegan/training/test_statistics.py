"""Rows are read up to the first that is not whole, and dropped atomically."""

import json

import pytest

from tfbegan.errors import OutputError
from tfbegan.training.statistics import (
    append_row,
    drop_rows_after,
    read_rows,
)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "stats.jsonl"
    for step in (4, 8, 12):
        append_row(path, {"step": step, "k": step / 100})
    return path


def steps(path):
    return [row["step"] for row in read_rows(path)]


def test_what_was_appended_is_read(file):
    assert read_rows(file)[1] == {"step": 8, "k": 0.08}


def test_no_file_and_an_empty_one_have_no_rows(tmp_path):
    assert read_rows(tmp_path / "none") == []
    (tmp_path / "empty").touch()
    assert read_rows(tmp_path / "empty") == []


@pytest.mark.parametrize(
    "tail",
    [b'{"step": 16, "k', b"[]", b'{"k": 1}', b'{"step": "16"}', b"\xff\xfe{"],
)
def test_reading_ends_before_a_line_that_is_not_whole(file, tail):
    with file.open("ab") as opened:
        opened.write(tail)
    assert steps(file) == [4, 8, 12]


def test_a_file_cut_anywhere_can_be_read(file):
    content = file.read_bytes()
    for length in range(len(content)):
        file.write_bytes(content[:length])
        assert steps(file) == [4, 8, 12][: content[: length + 1].count(b"\n")]


def test_figures_that_are_not_finite_survive(file):
    append_row(file, {"step": 16, "k": float("inf")})
    assert read_rows(file)[-1]["k"] == float("inf")


def test_rows_beyond_a_step_are_dropped(file):
    drop_rows_after(file, 8)
    assert steps(file) == [4, 8]
    append_row(file, {"step": 12})
    assert steps(file) == [4, 8, 12]


def test_nothing_to_drop_leaves_the_file_alone(file):
    before = file.stat()
    drop_rows_after(file, 12)
    assert file.stat().st_mtime_ns == before.st_mtime_ns
    assert file.stat().st_ino == before.st_ino


def test_a_disk_that_is_full_loses_no_row(file, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    content = file.read_bytes()
    with pytest.raises(OutputError, match="disk is full"):
        drop_rows_after(file, 8)
    assert file.read_bytes() == content
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_line_is_json(file):
    assert json.loads(file.read_text().splitlines()[0])["step"] == 4
