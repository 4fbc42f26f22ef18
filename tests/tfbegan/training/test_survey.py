"""What runs are told to be, from their folders alone."""

import dataclasses
import os
import subprocess
import sys
import time

import pytest

from tfbegan.errors import RunError
from tfbegan.files import folder_lock, lock_owner
from tfbegan.training import notes
from tfbegan.training.notes import Note, write_note
from tfbegan.training.run_folder import Best, RunFolder
from tfbegan.training.statistics import append_row
from tfbegan.training.survey import differing_settings, summarise, survey


def test_the_figures_are_those_of_the_last_rows(make_run, stats_row):
    looks = [
        {"step": 40, "spread/ratio": 0.1, "sound/quality": 0.6},
        {"step": 80, "spread/ratio": 0.5, "sound/quality": 0.4},
    ]
    rows = [stats_row(40, k=0.9), stats_row(80)]
    folder = make_run(rows=rows, looks=looks)
    summary = summarise(folder)
    assert summary.name == "00003-noise-faces32-b16-g0.5"
    assert (summary.number, summary.problem) == (3, "")
    assert (summary.conditioning, summary.image_size) == ("noise", 32)
    assert (summary.step, summary.steps) == (80, 100)
    assert (summary.m_global, summary.k) == (0.125, 0.25)
    assert summary.images_per_second == 100
    assert summary.spread_ratio == 0.5
    assert (summary.score, summary.best_step) == (0.4, None)
    folder.write_best(Best(40, 0.6))
    summary = summarise(folder)
    assert (summary.score, summary.best_step) == (0.6, 40)
    assert abs(summary.begun - time.time()) < 60
    files = [path for path in folder.path.rglob("*") if path.is_file()]
    assert summarise(folder).disk_bytes == sum(f.stat().st_size for f in files)


@pytest.mark.parametrize(
    ("step", "kind", "state"),
    [
        (80, None, "stopped"),
        (100, None, "done"),
        (80, notes.BEGUN, "stopped"),
        (80, notes.COLLAPSE, "stopped"),
        (80, notes.DIVERGED, "diverged"),
        (80, notes.FAILED, "failed"),
        (80, notes.STOPPED, "stopped"),
        (100, notes.DONE, "done"),
    ],
)
def test_the_state_is_what_was_said_last(
    make_run, stats_row, step, kind, state
):
    folder = make_run(rows=[stats_row(step)])
    write_note(folder, 10, notes.DIVERGED, "long ago")
    write_note(folder, 10, notes.RESUMED, "and resumed")
    if kind:
        write_note(folder, step + 3, kind, "now")
    summary = summarise(folder)
    assert summary.state == state
    ended = kind not in (None, notes.BEGUN, notes.COLLAPSE)
    assert summary.step == step + 3 * ended


def test_a_run_that_is_trained_is_running(make_run, stats_row):
    folder = make_run(rows=[stats_row(80)])
    write_note(folder, 0, notes.BEGUN, "Training begun.")
    with folder_lock(folder.path, "training"):
        summary = summarise(folder)
    assert summary.state == "running"
    assert summary.owner.startswith(f"process {os.getpid()} on ")
    assert summarise(folder).state == "stopped"


def test_a_run_has_begun_once_however_often_it_goes_on(make_run):
    """Going on writes config.json again; runs of old have no notes."""
    folder = make_run()
    os.utime(folder.config_file, (2e9, 2e9))
    assert summarise(folder).begun == 2e9
    for kind, when in ((notes.BEGUN, 1.5e9), (notes.RESUMED, 1.6e9)):
        note = Note(0, kind, "Training.", when)
        append_row(folder.notes_file, dataclasses.asdict(note))
    assert summarise(folder).begun == 1.5e9
    again = dataclasses.asdict(Note(0, notes.BEGUN, "From step 0.", 1.7e9))
    append_row(folder.notes_file, again)
    folder.write_config(folder.read_config())
    assert summarise(folder).begun == 1.5e9


def test_a_killed_trainer_is_not_running(make_run):
    folder = make_run()
    code = (
        "import os, sys; from pathlib import Path\n"
        "from tfbegan.files import folder_lock\n"
        "with folder_lock(Path(sys.argv[1]), 'training'):\n"
        "    os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(folder.path)])
    assert (folder.path / ".lock-owner").is_file()
    assert lock_owner(folder.path) is None
    assert summarise(folder).state == "stopped"
    with folder_lock(folder.path, "training"):
        pass  # asking has left nothing behind


def test_asking_writes_nothing(make_run):
    folder = make_run()
    before = set(folder.path.rglob("*"))
    assert lock_owner(folder.path) is None
    assert set(folder.path.rglob("*")) == before


def test_a_run_without_a_row_is_told(make_run):
    summary = summarise(make_run())
    assert (summary.step, summary.state) == (0, "stopped")
    assert summary.m_global is None
    assert summary.spread_ratio is None
    assert summary.score is None


def test_figures_that_are_none_are_unknown(make_run, stats_row):
    row = stats_row(80, m_global=float("nan"), k="?", images_per_second=True)
    looks = [{"step": 80, "spread/ratio": float("inf")}]
    summary = summarise(make_run(rows=[row], looks=looks))
    assert summary.m_global is summary.k is summary.spread_ratio is None
    assert summary.images_per_second is None


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("config.json", None, "no config.json"),
        ("config.json", "", "can't be read as JSON"),
        ("config.json", "[]", "must hold a JSON object"),
        ("config.json", '{"architecture": {"colour": 1}}', "no setting"),
    ],
)
def test_a_folder_that_is_no_whole_run_is_a_row_that_says_so(
    make_run, name, content, told
):
    folder = make_run()
    (folder.path / name).unlink()
    if content is not None:
        (folder.path / name).write_text(content)
    (summary,) = survey(folder.path.parent)
    assert summary.state == "unreadable"
    assert told in summary.problem
    assert summary.name == folder.path.name


@pytest.mark.parametrize("content", [b"", b'{"st', b"\x00\xff", b"[1]\n{}\n"])
@pytest.mark.parametrize(
    "name", ["stats.jsonl", "looks.jsonl", "notes.jsonl", "best.json"]
)
def test_a_damaged_file_leaves_the_rest(make_run, stats_row, name, content):
    folder = make_run(rows=[stats_row(80)])
    (folder.path / name).write_bytes(content)
    summary = summarise(folder)
    assert summary.problem == ""
    assert summary.steps == 100


@pytest.mark.parametrize(
    "content",
    [
        '{"step": 1e999, "quality": 0.5}',
        '{"step": 40, "quality": NaN}',
        '{"step": 40}',
        '{"step": null, "quality": 0.5}',
    ],
)
def test_a_best_look_that_is_none_is_unknown(make_run, stats_row, content):
    look = {"step": 80, "spread/ratio": 0.5, "sound/quality": 0.4}
    folder = make_run(rows=[stats_row(80)], looks=[look])
    (folder.path / "best.json").write_text(content)
    summary = summarise(folder)
    assert (summary.score, summary.best_step) == (0.4, None)


def test_files_and_hidden_folders_are_no_runs(make_run, tmp_path):
    make_run("00001-a")
    make_run("00000-b")
    runs = tmp_path / "runs"
    (runs / "notes.txt").touch()
    (runs / ".cache").mkdir()
    (runs / "foreign").mkdir()
    (runs / "dangling").symlink_to("nowhere")
    names = [summary.name for summary in survey(runs)]
    assert names == ["00000-b", "00001-a", "foreign"]


@pytest.mark.parametrize("name", ["nowhere", "file"])
def test_no_folder_is_told(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="can't be read"):
        survey(tmp_path / name)


def test_the_settings_that_differ(make_run):
    first = make_run("00000-a")
    second = make_run(
        "00001-b", objective={"gamma": 0.75}, training={"seed": 4}
    )
    assert differing_settings([first, second, first]) == {
        "objective.gamma": [0.5, 0.75, 0.5],
        "training.seed": [0, 4, 0],
    }
    assert differing_settings([first, first]) == {}
    with pytest.raises(RunError):
        differing_settings([first, RunFolder(first.path / "none")])
