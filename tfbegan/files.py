"""Files that are whole or absent: atomic writes, hashes, JSON, a lock."""

import contextlib
import errno
import hashlib
import json
import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock

from tfbegan.errors import DatasetError, LockedError, OutputError

_CHUNK_BYTES = 1 << 20
_TEMPORARY_MARK = ".incomplete-"
_LOCK_NAME = ".lock"
_OWNER_NAME = ".lock-owner"
_LOCK_PATIENCE_S = 0.2
"""Longer than `lock_owner` holds a lock that it asks."""


@contextlib.contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yields a temporary path beside `target` that replaces it on success.

    The bytes are on the disk (fsync of file and folder) before the name
    changes, so a reader sees the old file or the new one, never a part. If
    the block raises, the temporary file is removed and `target` is as it was.

    Args:
        target: The file to be written. Its folder is made if missing.

    Yields:
        The path to write to. It keeps the suffix of `target`, because Keras
        chooses its format by the suffix.

    Raises:
        OutputError: The disk is full or the folder can't be written.
    """
    target = Path(target)
    if target.is_dir():
        raise OutputError(
            f"{target} can't be written (it is a folder). Name a file."
        )
    temporary = target.with_name(
        f"{_TEMPORARY_MARK}{secrets.token_hex(4)}-{target.name}"
    )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _fsync(temporary)
        temporary.replace(target)
        _fsync(target.parent)
    except OSError as error:
        raise _as_output_error(error, target) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def atomic_write_bytes(target: Path, content: bytes) -> None:
    """Writes `content` to `target`, whole or not at all."""
    with atomic_path(target) as temporary:
        temporary.write_bytes(content)


def atomic_write_text(target: Path, content: str) -> None:
    """Writes `content` to `target` as UTF-8, whole or not at all.

    Of names of files that are no UTF-8, Python keeps the bytes as surrogates.
    They are written escaped, and come back from JSON as they were.
    """
    atomic_write_bytes(target, content.encode(errors="backslashreplace"))


def write_json(target: Path, content: Any) -> None:
    """Writes `content` as JSON, whole or not at all, the same bytes always."""
    atomic_write_text(target, canonical_json(content, indent=2) + "\n")


def read_json(path: Path) -> Any:
    """Reads a JSON file.

    Raises:
        DatasetError: The file is missing or isn't JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DatasetError(f"There is no file {path}.") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DatasetError(
            f"{path} can't be read as JSON ({error}). Restore it from a copy."
        ) from error


def canonical_json(content: Any, indent: int | None = None) -> str:
    """JSON with sorted keys: equal content gives equal text."""
    return json.dumps(
        content, indent=indent, sort_keys=True, ensure_ascii=False
    )


def sha256_bytes(content: bytes) -> str:
    """SHA-256 of `content`, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal, in constant memory."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def remove_temporaries(folder: Path) -> None:
    """Removes what an interrupted `atomic_path` left in `folder`.

    Raises:
        OutputError: A file can't be removed.
    """
    with writing(folder):
        for path in Path(folder).glob(f"{_TEMPORARY_MARK}*"):
            if not path.is_dir():
                path.unlink(missing_ok=True)


def refuse_undecodable(target: Path) -> None:
    """Refuses a name that TensorFlow, which takes UTF-8, can't write to.

    Raises:
        OutputError: It holds bytes that are no UTF-8.
    """
    try:
        str(target).encode()
    except UnicodeEncodeError as error:
        raise OutputError(
            f"{str(target)!r} can't be written: TensorFlow takes names in UTF-8"
            " alone. Name another folder."
        ) from error


@contextlib.contextmanager
def writing(target: Path) -> Iterator[None]:
    """For what can't be atomic: tells why `target` can't be written.

    Raises:
        OutputError: The block raised an OSError.
    """
    try:
        yield
    except OSError as error:
        raise _as_output_error(error, target) from error


@contextlib.contextmanager
def folder_lock(folder: Path, purpose: str) -> Iterator[None]:
    """Holds `folder` for one process; a second one is told who holds it.

    The operating system releases the lock when the holder dies, so a crash
    leaves nothing to clean up.

    Args:
        folder: The folder to hold. It is made if missing.
        purpose: What the holder does, for the other's error message, such
            as "training".

    Raises:
        LockedError: Another process holds the folder.
        OutputError: The folder can't be made or written.
    """
    folder = Path(folder)
    owner_file = folder / _OWNER_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / _LOCK_NAME, timeout=_LOCK_PATIENCE_S)
        lock.acquire()
    except filelock.Timeout as error:
        raise LockedError(
            f"{folder} is in use by {_read_owner(owner_file)}. Wait for it to"
            " end, stop it, or name another folder."
        ) from error
    except OSError as error:
        raise _as_output_error(error, folder) from error
    try:
        owner = f"process {os.getpid()} on {socket.gethostname()} ({purpose})"
        owner_file.write_text(owner, encoding="utf-8")
        yield
    finally:
        owner_file.unlink(missing_ok=True)
        lock.release()


def lock_owner(folder: Path) -> str | None:
    """Who holds a folder by `folder_lock` just now; None if nobody does.

    Writes nothing. Whoever died left its name behind, so that the lock itself
    is asked where there is a name, for an instant.
    """
    owner_file = Path(folder) / _OWNER_NAME
    lock_file = Path(folder) / _LOCK_NAME
    if not owner_file.is_file() or not lock_file.is_file():
        return None
    try:
        with filelock.FileLock(lock_file, timeout=0):
            return None
    except filelock.Timeout:
        return _read_owner(owner_file)
    except OSError:
        return None  # not ours to open


def _read_owner(owner_file: Path) -> str:
    try:
        return owner_file.read_text(encoding="utf-8")
    except OSError:
        return "another process"


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _as_output_error(error: OSError, target: Path) -> OutputError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        remedy = "The disk is full: free some space and run again."
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        remedy = "Name a folder that you may write to."
    else:
        remedy = "Check the path and run again."
    reason = error.strerror or str(error)
    return OutputError(
        f"{target} can't be written ({reason}). What was there before is"
        f" unchanged. {remedy}"
    )
