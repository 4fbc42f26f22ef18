"""TensorFlow without the lines that its C++ side writes when it starts."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator


def import_tensorflow() -> None:
    """Imports TensorFlow for a command that a person watches.

    Its start writes notes about oneDNN, CUDA and logging to the process's
    standard error, past Python and past TF_CPP_MIN_LOG_LEVEL. They are shown
    only if the import fails.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _held_back_stderr():
        import tensorflow as tf

        tf.config.list_physical_devices()


@contextlib.contextmanager
def _held_back_stderr() -> Iterator[None]:
    try:
        descriptor = sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):
        yield  # replaced by something that is no file
        return
    sys.stderr.flush()
    kept = os.dup(descriptor)
    with tempfile.TemporaryFile() as notes:
        os.dup2(notes.fileno(), descriptor)
        try:
            yield
        except BaseException:
            os.dup2(kept, descriptor)
            notes.seek(0)
            os.write(descriptor, notes.read())
            raise
        finally:
            os.dup2(kept, descriptor)
            os.close(kept)
