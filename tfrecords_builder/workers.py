"""Processes that may crash or hang without taking the build with them."""

import multiprocessing
import multiprocessing.connection
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tfbegan.errors import TFBeganError
from tfbegan.quiet import import_tensorflow

_POLL_S = 0.2
_GRACE_S = 5.0
_FIRST_TASK_EXTRA_S = 60.0


@dataclass(frozen=True)
class Outcome:
    """What became of a task.

    Attributes:
        task: As it was given.
        result: What the worker returned; None if it failed.
        failure: "", "timeout" or "crashed".
        detail: A sentence about the failure.
    """

    task: Any
    result: Any = None
    failure: str = ""
    detail: str = ""


class _Worker:
    """One process and the task that it has."""

    def __init__(
        self, make_handler: Callable[[], Callable[[Any], Any]]
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(
            target=_serve, args=(make_handler, theirs), daemon=True
        )
        self.process.start()
        theirs.close()
        self.task: Any = None
        self.started = 0.0

    def give(self, task: Any) -> None:
        self.task, self.started = task, time.monotonic()
        self.connection.send(task)

    def stop(self) -> None:
        self.process.terminate()
        self.process.join(_GRACE_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.connection.close()


def run_tasks(
    tasks: Iterable[Any],
    make_handler: Callable[[], Callable[[Any], Any]],
    workers: int,
    timeout_s: float,
) -> Iterator[Outcome]:
    """Handles tasks in processes of their own.

    A process that dies, fails or takes too long costs its task, and is
    replaced.

    Args:
        tasks: To be handled, each once; must be picklable.
        make_handler: Called once in each process; returns what handles a
            task. Must be picklable.
        workers: Processes at once.
        timeout_s: Seconds that a task may take. The first of a process has
            a minute more, for the imports.

    Yields:
        Outcomes, as they come.

    Raises:
        TFBeganError: What handles tasks raised it: nothing can go on.
    """
    waiting = list(tasks)[::-1]
    pool = [_Worker(make_handler) for _ in range(min(workers, len(waiting)))]
    fresh = set(map(id, pool))
    try:
        for worker in pool:
            worker.give(waiting.pop())
        busy = list(pool)
        while busy:
            ready = set(
                multiprocessing.connection.wait(
                    [w.connection for w in busy], _POLL_S
                )
            )
            for worker in list(busy):
                extra = _FIRST_TASK_EXTRA_S if id(worker) in fresh else 0.0
                limit = timeout_s + extra
                outcome = _look(worker, worker.connection in ready, limit)
                if outcome is None:
                    continue
                busy.remove(worker)
                fresh.discard(id(worker))
                if outcome.failure:
                    worker.stop()
                    pool.remove(worker)
                    if waiting:
                        worker = _Worker(make_handler)
                        fresh.add(id(worker))
                        pool.append(worker)
                if waiting:
                    worker.give(waiting.pop())
                    busy.append(worker)
                yield outcome
    finally:
        for worker in pool:
            worker.stop()


def _look(worker: _Worker, is_ready: bool, limit_s: float) -> Outcome | None:
    if is_ready:
        try:
            ok, value = worker.connection.recv()
        except (EOFError, OSError):
            worker.process.join(_GRACE_S)
            return Outcome(
                worker.task,
                failure="crashed",
                detail="The worker died with exit code"
                f" {worker.process.exitcode}.",
            )
        if ok:
            return Outcome(worker.task, result=value)
        if isinstance(value, TFBeganError):
            raise value
        return Outcome(worker.task, failure="crashed", detail=value)
    if time.monotonic() - worker.started > limit_s:
        return Outcome(
            worker.task,
            failure="timeout",
            detail=f"It took longer than {limit_s:g} s.",
        )
    return None


def _serve(
    make_handler: Callable[[], Callable[[Any], Any]], tasks: Any
) -> None:
    # Ctrl-C reaches the whole group; the parent decides what happens.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import_tensorflow()
    handle = make_handler()
    while True:
        try:
            task = tasks.recv()
        except EOFError:
            return
        try:
            tasks.send((True, handle(task)))
        except TFBeganError as error:  # of the whole build: raised there
            tasks.send((False, error))
        except Exception as error:  # of this task, whatever it stumbled over
            tasks.send((False, f"{type(error).__name__}: {error}"))
