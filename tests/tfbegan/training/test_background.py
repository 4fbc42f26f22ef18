"""One thread beside training: in order, one thing at a time, no lost errors."""

import threading

import pytest

from tfbegan.training.background import Background


@pytest.fixture
def background():
    background = Background()
    yield background
    background.close()


def fail():
    raise ValueError("the disk is full")


def test_it_does_not_wait_for_what_it_began(background):
    go_on, done = threading.Event(), []

    def work():
        assert go_on.wait(10)
        done.append(1)

    background.do(work)
    background.check()
    assert done == []
    go_on.set()
    background.wait()
    assert done == [1]


def test_things_are_done_one_at_a_time_in_their_order(background):
    running, order = threading.Lock(), []

    def work(number):
        assert running.acquire(blocking=False)
        order.append(number)
        running.release()

    for number in range(50):
        background.do(lambda number=number: work(number))
    background.close()
    assert order == list(range(50))


def test_a_failure_is_told_once_and_more_can_be_done(background):
    done = []
    background.do(fail)
    background.do(lambda: done.append(1))
    with pytest.raises(ValueError, match="disk is full"):
        background.wait()
    background.wait()
    assert done == [1]


def test_a_failure_is_told_by_a_check_as_soon_as_it_is_there(background):
    background.do(fail)
    with pytest.raises(ValueError, match="disk is full"):
        for _ in range(10_000):
            background.check()
            threading.Event().wait(0.001)


def test_closing_waits_and_tells_nothing(background):
    done = []
    background.do(lambda: (threading.Event().wait(0.05), done.append(1)))
    background.close()
    assert done == [1]
    failing = Background()
    failing.do(fail)
    failing.close()
