"""How both command lines end: exit codes, signals, an output that is gone."""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NoReturn

from tfbegan.errors import OutputError, TFBeganError

EXIT_SIGNAL = 128
"""To which the number of the signal is added."""


def run_command(
    program: str,
    command: Callable[[], int],
    interrupted: str = "Interrupted.",
) -> int:
    """Runs a command; what goes wrong becomes a sentence and an exit code.

    Args:
        program: Whose name the sentence begins with.
        command: Returns the exit code; raises SystemExit where argparse does.
        interrupted: What is said to Ctrl-C and, under `sigterm_raises`, to
            SIGTERM.

    Returns:
        The exit code.
    """
    if sys.stdout is None:  # whoever started this has closed it
        return _exit_code(program, command, interrupted)
    stdout: Any = _Stdout(sys.stdout)
    with contextlib.redirect_stdout(stdout):
        try:
            code = _exit_code(program, command, interrupted)
        except SystemExit:  # --help has been shown, or what is wrong
            if failure := _exit_code(program, stdout.finish, interrupted):
                raise SystemExit(failure) from None
            raise
        return _exit_code(program, stdout.finish, interrupted) or code


@contextlib.contextmanager
def sigterm_raises() -> Iterator[None]:
    """Makes SIGTERM an exception, so that files and workers are let go."""
    before = signal.signal(signal.SIGTERM, _raise_terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _TerminatedError(BaseException):
    """SIGTERM; no `except Exception` is meant to hold it."""


class _ClosedPipeError(OutputError):
    """Whoever read what was printed has gone: nobody is to be told."""


class _Stdout:
    """Standard output that tells its failures from those of other files.

    Names of files may hold bytes that are no text; they are shown escaped, as
    on standard error.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Writes what can be shown of the text."""
        encoding = self._stream.encoding or "utf-8"
        shown = text.encode(encoding, "backslashreplace").decode(encoding)
        with self._told():
            self._stream.write(shown)
        return len(text)

    def flush(self) -> None:
        """Writes what has been held back."""
        with self._told():
            self._stream.flush()

    def finish(self) -> int:
        """The last `flush`, as a command."""
        self.flush()
        return 0

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._give_up()
            if isinstance(error, BrokenPipeError):
                raise _ClosedPipeError("Nobody reads the output.") from error
            raise OutputError(
                f"The output can't be written ({error.strerror or error})."
                " Send it somewhere else."
            ) from error

    def _give_up(self) -> None:
        """Lets the rest go nowhere: Python flushes once more when it ends."""
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


def _exit_code(
    program: str, command: Callable[[], int], interrupted: str
) -> int:
    try:
        return command()
    except _ClosedPipeError as error:
        return error.exit_code
    except TFBeganError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(interrupted, file=sys.stderr)
        return EXIT_SIGNAL + signal.SIGINT
    except _TerminatedError:
        print(interrupted, file=sys.stderr)
        return EXIT_SIGNAL + signal.SIGTERM


def _raise_terminated(number: int, frame: FrameType | None) -> NoReturn:
    raise _TerminatedError
