"""Means that go on where another process left them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfbegan.training.interval import Interval

FIGURES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20)


def test_it_gives_means():
    interval = Interval()
    interval.add({"k": 0.1, "m_global": 1.0})
    interval.add({"k": 0.3, "m_global": 2.0})
    assert interval.means() == pytest.approx({"k": 0.2, "m_global": 1.5})


@given(FIGURES, FIGURES)
def test_restoring_the_state_is_going_on_to_the_bit(before, after):
    straight, first, second = Interval(), Interval(), Interval()
    for value in before:
        straight.add({"k": value})
        first.add({"k": value})
    second.restore(json.loads(json.dumps(first.state())))
    for value in after:
        straight.add({"k": value})
        second.add({"k": value})
    assert second.means() == straight.means()
    assert second.state() == straight.state()


def test_time_is_counted_over_the_steps_of_this_process(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    interval = Interval()
    interval.restore({"steps": 7, "sums": {"k": 1.0}})
    for _ in range(3):
        interval.add({"k": 1.0})
    clock[0] = 106.0
    assert interval.seconds_per_step() == 2.0


@pytest.mark.parametrize(
    "state",
    [{}, {"steps": 1}, {"steps": "x", "sums": {}}, {"steps": 1, "sums": 5}],
)
def test_something_else_is_no_state(state):
    with pytest.raises((KeyError, TypeError, ValueError)):
        Interval().restore(state)
