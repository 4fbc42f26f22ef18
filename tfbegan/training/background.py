"""Work that training need not wait for."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


class Background:
    """One thread, which does one thing at a time.

    TensorFlow computes, and files are written, outside of Python's lock, so a
    device goes on with its steps meanwhile.
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="background")
        self._last: Future[None] | None = None

    def do(self, work: Callable[[], None]) -> None:
        """Begins with `work`; waits for what was begun before.

        Raises:
            Exception: As `wait`.
        """
        self.wait()
        self._last = self._executor.submit(work)

    def check(self) -> None:
        """Waits for nothing.

        Raises:
            Exception: What was begun last has failed with it.
        """
        if self._last is not None and self._last.done():
            self.wait()

    def wait(self) -> None:
        """Until what was begun last is done.

        Raises:
            Exception: It failed with that; told once.
        """
        last, self._last = self._last, None
        if last is not None:
            last.result()

    def close(self) -> None:
        """Waits, and tells of no failure; nothing can be begun any more."""
        self._executor.shutdown()
