"""How a run begins and ends is noted, whatever goes wrong."""

import signal
from types import SimpleNamespace

import pytest

from tfbegan.errors import DivergedError, OutputError
from tfbegan.training import chronicle
from tfbegan.training.chronicle import chronicled
from tfbegan.training.notes import read_notes
from tfbegan.training.statistics import append_row


@pytest.fixture
def loop(make_run):
    """Like a TrainingLoop at step 40 of 100."""
    return SimpleNamespace(
        folder=make_run(),
        step=40,
        received_signal=None,
        config=SimpleNamespace(steps=100),
    )


def said(loop):
    return [(note.step, note.kind) for note in read_notes(loop.folder)]


def test_a_whole_run_is_begun_and_done(loop):
    with chronicled(loop, 0) as told:
        loop.step = 100
    assert said(loop) == [(0, "begun"), (100, "done")]
    assert told == []
    page = loop.folder.report_file.read_text()
    assert "All 100 steps are done." in page
    assert '<p class="soft">done, step 100' in page


def test_a_signal_stops_it_and_it_is_resumed(loop):
    with chronicled(loop, 0):
        loop.received_signal = signal.SIGTERM
    assert "SIGTERM: saved at step 40" in loop.folder.report_file.read_text()
    with chronicled(loop, 40, ["A checkpoint was damaged."]):
        loop.step = 100
    assert said(loop) == [
        (0, "begun"),
        (40, "stopped"),
        (40, "damage"),
        (40, "resumed"),
        (100, "done"),
    ]


@pytest.mark.parametrize(
    ("error", "kind"),
    [(DivergedError("k was <nan>"), "diverged"), (KeyError("bug"), "failed")],
)
def test_an_error_is_noted_and_goes_on(loop, error, kind):
    with pytest.raises(type(error)) as caught, chronicled(loop, 0):
        raise error
    assert caught.value is error
    assert said(loop) == [(0, "begun"), (40, kind)]
    assert kind in loop.folder.report_file.read_text()


def test_an_error_before_the_first_step_is_noted(loop):
    del loop.step
    with pytest.raises(OutputError), chronicled(loop, 7):
        raise OutputError("no space")
    assert said(loop) == [(7, "resumed"), (7, "failed")]


def no_space(*_):
    raise OutputError("no space for a page")


def test_a_page_that_can_t_be_written_fails_no_training(loop, monkeypatch):
    monkeypatch.setattr(chronicle, "write_run_report", no_space)
    with chronicled(loop, 0) as told:
        loop.step = 100
    assert said(loop)[-1] == (100, "done")
    (sentence,) = told
    assert sentence.endswith("no space for a page")


def test_a_page_that_can_t_be_written_hides_no_error(loop, monkeypatch):
    monkeypatch.setattr(chronicle, "write_run_report", no_space)
    with pytest.raises(DivergedError), chronicled(loop, 0):
        raise DivergedError("k was nan")


def test_a_note_that_a_crash_cut_spoils_no_later_one(loop):
    append_row(loop.folder.notes_file, {"step": 1})
    with loop.folder.notes_file.open("a") as file:
        file.write('{"step": 9, "ki')
    with chronicled(loop, 9):
        loop.step = 100
    assert said(loop) == [(9, "resumed"), (100, "done")]
