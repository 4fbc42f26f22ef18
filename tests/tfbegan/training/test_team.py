"""Who trains together; what a team of one device must not notice."""

import numpy as np
import pytest
import tensorflow as tf

from tfbegan.errors import ConfigError, RunError
from tfbegan.training import team as team_module
from tfbegan.training.cluster import Cluster
from tfbegan.training.team import ALONE, Team, open_team

TWO = Cluster(("a:1", "b:2"), 1)


def open_here(name, **environment):
    return open_team(name, environment)


@pytest.mark.parametrize("name", ["auto", "mirrored"])
def test_one_device_is_no_strategy(name):
    team = open_here(name)
    assert team is ALONE
    assert (team.replicas, team.workers, team.is_chief) == (1, 1, True)


@pytest.mark.parametrize("name", ["auto", "multiworker"])
def test_a_cluster_of_one_is_this_machine_alone(name, monkeypatch):
    config = (
        '{"cluster": {"worker": ["a:1"]},'
        ' "task": {"type": "worker", "index": 0}}'
    )
    monkeypatch.setattr(team_module, "_connected", lambda _: 1 / 0)
    assert open_here(name, TF_CONFIG=config) is ALONE


@pytest.mark.parametrize("name", ["auto", "multiworker"])
def test_a_cluster_of_two_is_connected_and_told(name, monkeypatch):
    config = (
        '{"cluster": {"worker": ["a:1", "b:2"]},'
        ' "task": {"type": "worker", "index": 1}}'
    )
    told = []
    monkeypatch.setattr(team_module, "_connected", lambda _: None)
    team = open_team(name, {"TF_CONFIG": config}, told.append)
    assert (team.workers, team.index, team.is_chief) == (2, 1, False)
    assert told == ["Worker 1 of 2, at b:2, waits for the others."]


def test_mirrored_does_not_look_at_other_machines():
    assert open_here("mirrored", TF_CONFIG="{") is ALONE


def test_what_can_t_be_opened_is_refused():
    with pytest.raises(ConfigError, match="no strategy 'parameters'"):
        open_here("parameters")
    with pytest.raises(ConfigError, match="needs TF_CONFIG"):
        open_here("multiworker")
    with pytest.raises(ConfigError, match="is not JSON"):
        open_here("auto", TF_CONFIG="{")


class OfReplicas:
    """Stands for a strategy with so many replicas."""

    def __init__(self, count):
        self.num_replicas_in_sync = count


def test_a_batch_must_be_shared_evenly():
    Team(OfReplicas(4)).check_batch(16)
    with pytest.raises(ConfigError, match="multiple of 4"):
        Team(OfReplicas(4)).check_batch(18)
    ALONE.check_batch(17)


def test_every_worker_needs_a_clip():
    team = Team(OfReplicas(2), TWO)
    team.check_clips(2)
    with pytest.raises(ConfigError, match="1 clips to learn from and 2 work"):
        team.check_clips(1)


def test_alone_an_action_is_just_done():
    assert ALONE.together(lambda: 7) == 7
    assert ALONE.chief_says(lambda: "runs/1") == "runs/1"
    ALONE.check_same("anything", lambda: 1 / 0)
    with pytest.raises(RunError, match="as it was"):
        ALONE.together(raiser(RunError("as it was")))


def raiser(error):
    def action():
        raise error

    return action


class Rehearsed(Team):
    """Worker 1 of 2, told in advance what both of them give."""

    def __init__(self, *rows):
        super().__init__(OfReplicas(2), TWO)
        self.rows = list(rows)

    def _gather(self, numbers):
        rows = self.rows.pop(0)
        if isinstance(rows, Exception):
            raise rows
        return np.array(rows)


def test_where_another_worker_fails_this_one_fails():
    assert Rehearsed([[0], [0]]).together(lambda: 7) == 7
    with pytest.raises(RunError, match="Worker 0 can't go on"):
        Rehearsed([[1], [0]], [[0], [0]]).together(lambda: 7)


def test_where_this_one_fails_its_own_reason_is_told():
    with pytest.raises(ConfigError, match="own reason"):
        Rehearsed([[1], [1]], [[0], [0]]).together(
            raiser(ConfigError("own reason"))
        )


def test_what_must_be_the_same_is_compared():
    Rehearsed([[0], [0]], [[5], [5]]).check_same("settings", lambda: 5)
    with pytest.raises(RunError, match="Worker 1 and worker 0 differ in sett"):
        Rehearsed([[0], [0]], [[5], [6]], [[0], [0]]).check_same(
            "settings", lambda: 6
        )


@pytest.mark.parametrize(
    ("rows", "fails"),
    [
        ([[[1], [0]]], lambda team: team.together(lambda: 7)),
        ([[[0], [1]]], lambda team: team.together(raiser(RunError("own")))),
        (
            [[[0], [0]], [[5], [6]]],
            lambda team: team.check_same("settings", lambda: 6),
        ),
    ],
)
@pytest.mark.parametrize("last", [[[0], [0]], RuntimeError("reset by peer")])
def test_who_ends_waits_until_the_others_know(rows, fails, last):
    """Not for one that knew and has ended, whose loss is nothing to tell."""
    team = Rehearsed(*rows, last)
    with pytest.raises(RunError, match=r"^Worker .* (and|can't)|^own$"):
        fails(team)
    assert not team.rows


@pytest.mark.parametrize(
    "error",
    [
        tf.errors.UnavailableError(None, None, "gone"),
        tf.errors.AbortedError(None, None, "gone"),
        tf.errors.InternalError(None, None, "Collective ops is aborted by: x"),
        RuntimeError("Connection reset by peer"),
    ],
)
def test_a_lost_worker_is_told_with_the_remedy(error):
    with (
        pytest.raises(RunError, match=r"worker 1 of 2 stopped. Start again\."),
        Team(OfReplicas(2), TWO).watched(lambda: "Start again."),
    ):
        raise error


@pytest.mark.parametrize(
    ("team", "error"),
    [
        (ALONE, tf.errors.UnavailableError(None, None, "gone")),
        (Team(OfReplicas(2), TWO), tf.errors.DataLossError(None, None, "bad")),
        (Team(OfReplicas(2), TWO), RuntimeError("a bug")),
    ],
)
def test_other_errors_stay_what_they_are(team, error):
    with (
        pytest.raises(type(error)) as caught,
        team.watched(lambda: "Start again."),
    ):
        raise error
    assert caught.value is error
