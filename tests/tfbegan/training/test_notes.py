"""Notes are kept, and what is no note is passed over."""

from tfbegan.training.notes import DIVERGED, RESUMED, read_notes, write_note
from tfbegan.training.run_folder import RunFolder
from tfbegan.training.statistics import append_row


def test_notes_come_back_in_order(tmp_path):
    folder = RunFolder(tmp_path)
    assert read_notes(folder) == []
    write_note(folder, 12, DIVERGED, "k was <nan>")
    write_note(folder, 8, RESUMED, "Training resumed.")
    first, second = read_notes(folder)
    assert (first.step, first.kind, first.text) == (12, DIVERGED, "k was <nan>")
    assert second.step == 8
    assert first.time <= second.time


def test_what_is_no_note_is_passed_over(tmp_path):
    folder = RunFolder(tmp_path)
    append_row(folder.notes_file, {"step": 1})
    append_row(folder.notes_file, {"step": 1, "kind": "k", "text": "t",
                                   "time": "noon"})  # fmt: skip
    write_note(folder, 8, RESUMED, "Training resumed.")
    assert [note.step for note in read_notes(folder)] == [8]
