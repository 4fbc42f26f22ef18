"""Making and using at the same time: order, bounds, errors, no thread left."""

import threading
import time

import pytest

from tfbegan.errors import ConfigError, SourceError
from tfbegan.generation.hand_over import consume_beside

PATIENCE_S = 10.0


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = set(threading.enumerate())
    yield
    left = set(threading.enumerate()) - before
    for thread in left:
        thread.join(PATIENCE_S)
    assert not any(thread.is_alive() for thread in left)


def counting(made, count=10_000):
    for number in range(count):
        made.append(number)
        yield number


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 1_000])
def test_all_comes_in_order_and_the_result_comes_back(count):
    assert consume_beside(range(count), list) == list(range(count))


def test_it_is_used_in_another_thread_than_it_is_made_in():
    made_in = []

    def items():
        made_in.append(threading.get_ident())
        yield 1

    used_in = consume_beside(
        items(), lambda items: [threading.get_ident() for _ in items]
    )
    assert made_in == [threading.get_ident()]
    assert used_in[0] != made_in[0]


def test_the_next_is_made_while_the_last_is_in_use():
    """Either side waits for the other: one after the other would hang."""
    second_is_made = threading.Event()

    def items():
        yield 1
        second_is_made.set()
        yield 2

    def use(items):
        return [second_is_made.wait(PATIENCE_S) for _ in items]

    assert consume_beside(items(), use) == [True, True]


def test_few_are_made_ahead_of_a_slow_use():
    made, ahead = [], []

    def use(items):
        for number in items:
            patience = time.monotonic() + PATIENCE_S
            while number < 5 and len(made) < number + 33:
                assert time.monotonic() < patience
                time.sleep(0.01)
            if number < 5:
                time.sleep(0.05)  # time enough to make all of them
            ahead.append(len(made) - number)

    consume_beside(counting(made, 2_000), use)
    assert len(made) == 2_000
    assert 32 < max(ahead) <= 67  # 64 wait; one each is in either hand


@pytest.mark.parametrize("after", [0, 1, 200])
def test_what_making_raises_is_raised_and_the_use_is_told(after):
    told = []

    def items():
        yield from range(after)
        raise SourceError("broken sound")

    def use(items):
        try:
            return list(items)
        except BaseException as error:
            told.append(error)
            raise

    with pytest.raises(SourceError, match="broken sound"):
        consume_beside(items(), use)
    # No end that looks like that of a whole film.
    assert len(told) == 1
    assert not isinstance(told[0], Exception)


@pytest.mark.parametrize("after", [0, 1, 200])
def test_what_the_use_raises_is_raised_and_no_more_is_made(after):
    made = []

    def use(items):
        for number in items:
            if number >= after:
                raise ConfigError("no such codec")

    with pytest.raises(ConfigError, match="no such codec"):
        consume_beside(counting(made), use)
    assert len(made) <= after + 67


def test_a_use_that_raises_at_once_stops_a_maker_that_waits_for_it():
    ready = threading.Event()

    def items():
        yield from range(64)
        ready.set()  # the queue is full now, or as good as
        yield from range(1_000)

    def use(items):
        ready.wait(PATIENCE_S)
        time.sleep(0.05)
        raise ConfigError("no such codec")

    with pytest.raises(ConfigError, match="no such codec"):
        consume_beside(items(), use)


def test_a_use_that_wants_no_more_gets_no_more():
    made = []
    assert consume_beside(counting(made), next) == 0
    assert len(made) <= 67


def test_an_interrupt_while_making_ends_the_use():
    def items():
        yield 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        consume_beside(items(), list)


def test_both_raising_tells_of_the_maker():
    """The use fails because of it, at the latest in closing its file."""

    def items():
        yield 1
        raise SourceError("broken sound")

    def use(items):
        try:
            list(items)
        finally:
            raise ConfigError("half a file")

    with pytest.raises(SourceError, match="broken sound"):
        consume_beside(items(), use)
