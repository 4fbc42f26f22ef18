"""Grids become rows of faces, with their marks, whatever the files hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfbegan.files import atomic_write_bytes
from tfbegan.generation.pictures import make_grid
from tfbegan.reporting.png import encode_png
from tfbegan.training.run_folder import RunFolder
from tfbegan.training.stills import (
    film_strip,
    is_kept,
    newest_picture,
    pictures,
    real_faces,
    step_of,
    thin_out,
)


def save_grid(folder, kind, step, size=8, mark="<mark/>"):
    """A grid of 64 faces, each of one colour; its step in the blue."""
    faces = np.zeros((64, size, size, 3), np.uint8)
    faces[:] = np.arange(64, dtype=np.uint8)[:, None, None, None]
    faces[..., 2] = step % 256
    grid = make_grid(faces, columns=16)
    path = folder.path / "reals.png" if kind == "reals" else None
    path = path or folder.picture(kind, step)
    atomic_write_bytes(path, encode_png(grid, mark))


def test_a_strip_is_the_first_row_of_grids_evenly_apart(tmp_path):
    folder = RunFolder(tmp_path)
    for step in range(100, 3_100, 100):
        save_grid(folder, "samples", step)
    strip = film_strip(folder, 8)
    assert len(strip) == 12
    assert strip[0].caption == "step 100"
    assert strip[-1].caption == "step 3,000"
    row = strip[-1].pixels
    assert row.shape == (8, 16 * 10 - 2, 3)
    assert [int(row[0, 10 * i, 0]) for i in range(16)] == list(range(16))
    assert row[0, 0, 2] == 3_000 % 256
    assert {still.mark for still in strip} == {"<mark/>"}


def test_large_faces_are_few_and_small(tmp_path):
    folder = RunFolder(tmp_path)
    save_grid(folder, "samples", 1, size=256)
    (still,) = film_strip(folder, 256)
    assert still.pixels.shape == (96, round((4 * 258 - 2) * 96 / 256), 3)
    save_grid(folder, "speech", 1, size=128)
    (still,) = newest_picture(folder, "speech")
    assert still.pixels.shape[1] == 1_060


@given(st.integers(1, 500), st.integers(1, 60), st.integers(1, 3_000))
@settings(max_examples=100)
def test_a_run_keeps_few_pictures_evenly_apart(every, most, looks):
    now = every * looks
    steps = range(every, now + 1, every)
    kept = [step for step in steps if is_kept(step, now, every, most)]
    assert len(kept) <= most
    assert len(kept) == looks or len(kept) >= most // 2
    assert len(set(np.diff(kept))) <= 1
    # What is gone is gone: a longer run keeps none that a shorter one did not.
    later = [s for s in steps if is_kept(s, 2 * now, every, most)]
    assert set(later) <= set(kept)


def test_pictures_are_thinned_out_as_a_run_gets_longer(tmp_path):
    folder = RunFolder(tmp_path)
    for step in range(10, 110, 10):
        for kind in ("samples", "speech"):
            save_grid(folder, kind, step)
        thin_out(folder, step, every=10, most=4)
    for kind in ("samples", "speech"):
        left = [step_of(path) for path in pictures(folder, kind)]
        assert left == [40, 80, 100]  # the newest stays


def test_reals_have_no_mark(tmp_path):
    folder = RunFolder(tmp_path)
    assert real_faces(folder, 8) == []
    save_grid(folder, "reals", 0, mark="")
    (still,) = real_faces(folder, 8)
    assert still.mark == ""
    assert still.pixels.shape == (8, 158, 3)


def test_the_newest_picture_is_whole(tmp_path):
    folder = RunFolder(tmp_path)
    assert newest_picture(folder, "reconstructions") == []
    for step in (100, 20, 3):
        save_grid(folder, "reconstructions", step)
    (still,) = newest_picture(folder, "reconstructions")
    assert still.caption == "step 100"
    assert still.pixels.shape == (4 * 10 - 2, 158, 3)


@pytest.mark.parametrize("content", [b"", b"no picture", b"cut"])
def test_a_picture_that_can_t_be_read_is_told(tmp_path, content):
    folder = RunFolder(tmp_path)
    save_grid(folder, "samples", 1)
    path = folder.picture("samples", 1)
    if content == b"cut":
        content = path.read_bytes()[:-100]
    path.write_bytes(content)
    (still,) = film_strip(folder, 8)
    assert still.pixels is None
    assert still.caption == "step 1: step-00000001.png can't be read"


def test_other_files_are_passed_over(tmp_path):
    folder = RunFolder(tmp_path)
    save_grid(folder, "samples", 1)
    (tmp_path / "samples" / "step-last.png").touch()
    (tmp_path / "samples" / "notes.txt").touch()
    assert len(film_strip(folder, 8)) == 1


def test_no_step_has_no_strip(tmp_path):
    assert film_strip(RunFolder(tmp_path), 8) == []
