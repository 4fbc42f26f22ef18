"""Two threads, of which one makes things and the other one uses them up."""

import threading
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, Queue
from typing import Generic, NoReturn, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_MOST_WAITING = 64


class _Abandoned(BaseException):
    """Ends the use of things of which no more will come."""


def consume_beside(
    items: Iterable[Item], consume: Callable[[Iterator[Item]], Result]
) -> Result:
    """consume(iter(items)), with `consume` in a thread of its own.

    The items are made in the thread of the caller meanwhile, at most 64 ahead
    of their use, so memory does not grow with their number. Where both spend
    their time outside of Python's lock, as TensorFlow and FFmpeg do, the
    slower one alone is waited for.

    Args:
        items: Made here, one after another.
        consume: Called there, once. What it returns before the last item
            ends the making of more.

    Returns:
        What `consume` returned.

    Raises:
        BaseException: What making an item raised, or `consume`; the thread
            has ended then.
    """
    use = _Use(consume)
    try:
        for item in items:
            if not use.hand_over(item):
                break
    except BaseException:
        use.abandon()
        raise
    return use.result()


class _Use(Generic[Item, Result]):
    """The thread that uses things up, as its counterpart sees it."""

    def __init__(self, consume: Callable[[Iterator[Item]], Result]) -> None:
        self._consume = consume
        self._waiting: Queue[Callable[[], Item]] = Queue(_MOST_WAITING)
        self._ended = threading.Event()
        self._results: list[Result] = []
        self._errors: list[BaseException] = []
        # A second Ctrl-C, while the first one is being dealt with, must not
        # leave the process waiting for it.
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def hand_over(self, item: Item) -> bool:
        """Whether the item is wanted; waits while too many are waiting."""
        self._put(lambda: item)
        return not self._ended.is_set()

    def abandon(self) -> None:
        """Ends the thread; what it makes of that does not matter."""
        self._put(_raise_abandoned)
        self._thread.join()

    def result(self) -> Result:
        """No more will come: what the thread returns, or raises."""
        self._put(_raise_stop)
        self._thread.join()
        if self._errors:
            raise self._errors[0]
        return self._results[0]

    def _put(self, give: Callable[[], Item]) -> None:
        if not self._ended.is_set():
            self._waiting.put(give)

    def _run(self) -> None:
        try:
            self._results.append(self._consume(self._received()))
        except BaseException as error:
            self._errors.append(error)
        finally:
            self._ended.set()
            self._let_go()

    def _received(self) -> Iterator[Item]:
        while True:
            try:
                item = self._waiting.get()()
            except StopIteration:
                return
            yield item

    def _let_go(self) -> None:
        """Makes room for the one item that may be waiting to be put."""
        try:
            while True:
                self._waiting.get_nowait()
        except Empty:
            return


def _raise_stop() -> NoReturn:
    raise StopIteration


def _raise_abandoned() -> NoReturn:
    raise _Abandoned
