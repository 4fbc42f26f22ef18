"""Files are whole or absent, whatever happens while they are written."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfbegan.errors import DatasetError, LockedError, OutputError
from tfbegan.files import (
    atomic_path,
    atomic_write_bytes,
    canonical_json,
    folder_lock,
    read_json,
    refuse_undecodable,
    remove_temporaries,
    sha256_bytes,
    sha256_file,
    write_json,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=9,
)


@given(json_values)
def test_json_survives_and_is_canonical(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("json") / "a.json"
    write_json(path, value)
    assert read_json(path) == value
    first = path.read_bytes()
    write_json(path, read_json(path))
    assert path.read_bytes() == first
    assert canonical_json({"b": 1, "a": 2}) == '{"a": 2, "b": 1}'


def test_a_name_that_is_no_text_survives_too(tmp_path):
    name = os.fsdecode(b"caf\xe9.mp4")
    path = tmp_path / "a.json"
    write_json(path, {"file": name})
    assert read_json(path) == {"file": name}
    refuse_undecodable(tmp_path / "café")
    with pytest.raises(OutputError, match="names in UTF-8"):
        refuse_undecodable(tmp_path / name)


def test_what_is_written_is_there_and_nothing_else(tmp_path):
    target = tmp_path / "deep" / "file.bin"
    atomic_write_bytes(target, b"content")
    assert target.read_bytes() == b"content"
    assert [p.name for p in target.parent.iterdir()] == ["file.bin"]
    assert sha256_file(target) == sha256_bytes(b"content")


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_while_writing_leaves_the_old_file(tmp_path, error):
    target = tmp_path / "file.bin"
    target.write_bytes(b"old")
    with pytest.raises(error), atomic_path(target) as temporary:
        temporary.write_bytes(b"ne")
        raise error
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file.bin"]


@pytest.mark.parametrize(
    ("number", "told"),
    [(errno.ENOSPC, "disk is full"), (errno.EACCES, "may write to")],
)
def test_a_full_disk_is_one_sentence(tmp_path, monkeypatch, number, told):
    target = tmp_path / "file.bin"
    target.write_bytes(b"old")

    def fail(descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputError, match=told) as caught:
        atomic_write_bytes(target, b"new")
    assert "unchanged" in str(caught.value)
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file.bin"]


def test_what_a_kill_leaves_is_removed(tmp_path):
    with atomic_path(tmp_path / "a") as temporary:
        temporary.write_bytes(b"")
        left = tmp_path / f"{temporary.name}-left"
        left.write_bytes(b"half")
    staged = tmp_path / ".incomplete-a-saved-model"
    staged.mkdir()
    remove_temporaries(tmp_path)
    staged.rmdir()  # a folder is for whoever staged it
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_json_that_is_none_is_told(tmp_path):
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(DatasetError, match="can't be read as JSON"):
        read_json(tmp_path / "a.json")
    with pytest.raises(DatasetError, match="no file"):
        read_json(tmp_path / "b.json")


def test_a_second_process_is_told_who_holds_a_folder(tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from tfbegan.files import folder_lock\n"
        "with folder_lock(Path(sys.argv[1]), 'testing'):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(LockedError, match=rf"process {holder.pid}.*testing"),
            folder_lock(tmp_path, "more testing"),
        ):
            pass
        holder.kill()
        holder.wait()
    with folder_lock(Path(tmp_path), "afterwards"):
        pass
