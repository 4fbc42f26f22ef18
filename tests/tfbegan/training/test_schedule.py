"""The learning rate is halved where M stalls, never below the floor."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfbegan.config import TrainingConfig
from tfbegan.training.schedule import StallSchedule


def rates(schedule, values, every=10):
    return [
        schedule.update((i + 1) * every, value)
        for i, value in enumerate(values)
    ]


def test_a_falling_m_keeps_the_rate():
    schedule = StallSchedule(1e-3, 1e-5, 50)
    values = [0.97**i for i in range(100)]
    assert rates(schedule, values)[-1] == 1e-3


def test_a_stalled_m_halves_it_down_to_the_floor():
    schedule = StallSchedule(1e-3, 3e-4, 100)
    received = rates(schedule, [0.1] * 60)
    assert received[5] == 1e-3
    assert received[12] == 5e-4
    assert received[-1] == 3e-4


def test_zero_stall_steps_never_halves():
    assert rates(StallSchedule(1e-3, 1e-5, 0), [0.1] * 99)[-1] == 1e-3


@given(st.lists(st.floats(0, 2), min_size=2, max_size=60), st.integers(1, 59))
def test_restoring_the_state_is_going_on(values, at):
    at = min(at, len(values) - 1)
    straight = StallSchedule(1e-3, 1e-5, 40)
    expected = rates(straight, values)
    first = StallSchedule(1e-3, 1e-5, 40)
    rates(first, values[:at])
    second = StallSchedule(1e-3, 1e-5, 40)
    second.restore(json.loads(json.dumps(first.state())))
    received = [
        second.update((at + i + 1) * 10, value)
        for i, value in enumerate(values[at:])
    ]
    assert received == pytest.approx(expected[at:])


def test_the_rate_falls_to_0_over_the_last_steps():
    schedule = StallSchedule(1e-3, 1e-5, 0, decay=range(60, 100))
    received = rates(schedule, [0.1] * 12)
    expected = [1] * 6 + [0.75, 0.5, 0.25, 0, 0, 0]
    assert received == pytest.approx([1e-3 * share for share in expected])


def test_a_decay_goes_on_from_what_the_halvings_have_left():
    schedule = StallSchedule(1e-3, 1e-5, 20, decay=range(50, 100))
    received = rates(schedule, [0.1] * 9)
    assert received[:5] == [1e-3, 1e-3, 5e-4, 5e-4, 2.5e-4]
    assert received[8] == pytest.approx(0.2 * schedule.learning_rate)
    assert schedule.learning_rate == pytest.approx(1e-3 / 2**4)


@given(st.integers(1, 200), st.floats(0, 1), st.integers(0, 250))
def test_a_rate_is_never_negative_nor_above_the_start(steps, share, step):
    training = TrainingConfig(steps=steps, decay_share=share)
    assert len(training.decay) == round(share * steps)
    schedule = StallSchedule(1e-3, 1e-5, 0, training.decay)
    assert 0 <= schedule.rate(step) <= 1e-3
    assert schedule.rate(step) == schedule.update(step, 0.1)
    if share == 0:
        assert schedule.rate(step) == 1e-3
