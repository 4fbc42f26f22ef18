"""Work that training need not wait for."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait


class Background:
    """One thread, which does one thing after another.

    TensorFlow computes, and files are written, outside of Python's lock, so a
    device goes on with its steps meanwhile.
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="background")
        self._begun: deque[Future[None]] = deque()

    def do(self, work: Callable[[], None]) -> None:
        """Has `work` done after all that was asked for before."""
        self._begun.append(self._executor.submit(work))

    def check(self) -> None:
        """Waits for nothing.

        Raises:
            Exception: Something failed with it; told once.
        """
        while self._begun and self._begun[0].done():
            self._begun.popleft().result()

    def wait(self) -> None:
        """Until all is done.

        Raises:
            Exception: As `check`, the first one; the rest is not waited for.
        """
        while self._begun:
            self._begun.popleft().result()

    def settle(self) -> None:
        """Until all is done; `check` and `wait` tell of failures after it."""
        wait(self._begun)

    def close(self) -> None:
        """Waits, and tells of no failure; nothing can be asked for then."""
        self._executor.shutdown()
