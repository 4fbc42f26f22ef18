"""Workers that crash or hang cost their task and nothing else."""

import os
import textwrap

import pytest

from tfbegan.errors import OutputError
from tfrecords_builder.workers import run_tasks

pytestmark = pytest.mark.slow


@pytest.fixture
def make_handler(tmp_path, monkeypatch):
    """Picklable in a spawned process, which imports it by name."""
    (tmp_path / "awkward_handler.py").write_text(
        textwrap.dedent(
            """
            import os, time

            from tfbegan.errors import OutputError

            def make():
                return handle

            def handle(task):
                if task == "crash":
                    os._exit(7)
                if task == "hang":
                    time.sleep(600)
                if task == "bug":
                    raise ZeroDivisionError("a bug")
                if task == "full disk":
                    raise OutputError("the disk is full")
                return task * 2
            """
        )
    )
    monkeypatch.syspath_prepend(tmp_path)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", path)
    import awkward_handler

    return awkward_handler.make


def test_a_crash_and_a_hang_cost_their_task_only(make_handler):
    tasks = ["crash", "a", "hang", "b", "bug", "c"]
    outcomes = {
        outcome.task: outcome
        for outcome in run_tasks(tasks, make_handler, 1, timeout_s=2.0)
    }
    assert {t: outcomes[t].result for t in "abc"} == {
        "a": "aa",
        "b": "bb",
        "c": "cc",
    }
    assert outcomes["crash"].failure == "crashed"
    assert "7" in outcomes["crash"].detail
    assert outcomes["hang"].failure == "timeout"
    assert outcomes["bug"].failure == "crashed"
    assert outcomes["bug"].detail == "ZeroDivisionError: a bug"


def test_what_stops_the_whole_build_is_raised_here(make_handler):
    with pytest.raises(OutputError, match="the disk is full"):
        list(run_tasks(["full disk"], make_handler, 1, timeout_s=60.0))


def test_no_task_is_no_process(make_handler):
    assert list(run_tasks([], make_handler, 2, timeout_s=1.0)) == []
