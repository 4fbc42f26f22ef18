"""Two replicas compute what one would, from noise of their own."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tfbegan.models.replicas import (
    Board,
    mean_over_replicas,
    replica_count,
    rows_of_replica,
)

_SCRIPT = Path(__file__).with_name("replicated.py")


def of_two_replicas(question):
    done = subprocess.run(
        [sys.executable, str(_SCRIPT), question], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_one_replica_leaves_no_trace_in_the_graph():
    assert replica_count() == 1

    @tf.function
    def compute(value):
        ((mean,),) = mean_over_replicas([value])
        return rows_of_replica(lambda rows: mean[:rows], 2)

    operations = compute.get_concrete_function(tf.constant([1.0, 2.0])).graph
    kinds = {operation.type for operation in operations.get_operations()}
    assert kinds <= {"Placeholder", "Const", "StridedSlice", "Identity"}


@pytest.fixture(scope="module")
def losses():
    return of_two_replicas("losses")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["noise", "audio+noise"])
def test_two_replicas_of_8_have_the_losses_of_one_of_16(losses, kind):
    one, two = losses[kind]["one"], losses[kind]["two"]
    assert len(one) == len(two) == 5
    for expected, received in zip(one, two, strict=True):
        assert expected.keys() == received.keys()
        for name, value in expected.items():
            assert received[name] == pytest.approx(value, rel=1e-5), name
    # k moves, and the clipping matters: else this would tell nothing of them.
    assert one[0]["k"] != pytest.approx(one[-1]["k"], rel=1e-3)
    assert losses[kind]["unclipped"][-1]["g_loss"] != pytest.approx(
        one[-1]["g_loss"], rel=1e-4
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["noise", "audio+noise"])
def test_the_copies_of_every_variable_stay_equal(losses, kind):
    """k, the step, the carry, the average and both Adams among them."""
    copies = losses[kind]["copies"]
    assert copies["count"] > 100
    assert copies["different"] == []


@pytest.mark.slow
def test_two_replicas_never_have_the_same_z():
    drawn = of_two_replicas("noise")
    first, second = np.array(drawn["first"]), np.array(drawn["second"])
    assert first.shape == second.shape == (100, 2, 8)
    rows = np.concatenate([first, second], axis=1).reshape(-1, 8)
    assert len(np.unique(rows, axis=0)) == 400


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["noise", "audio+noise"])
def test_the_board_shows_what_keras_would_average(losses, kind):
    assert losses[kind]["board"] == losses[kind]["two"]


def test_the_board_shows_the_last_step_by_name():
    board = Board()
    assert board.read() == {}

    @tf.function
    def step(number):
        board.write({"k": number[None], "m_global": 2.0 * number[None]})

    step(tf.constant(0.25))
    step(tf.constant(0.5))
    assert board.read() == {"k": 0.5, "m_global": 1.0}


def test_groups_come_back_as_they_were_given():
    groups = mean_over_replicas([1.0, 2.0], [], [3.0])
    assert groups == [[1.0, 2.0], [], [3.0]]
