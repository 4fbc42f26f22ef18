"""TF_CONFIG: what it says, and what of it makes no sense."""

import json

import pytest

from tfbegan.errors import ConfigError
from tfbegan.training.cluster import Cluster, read_cluster
from tfbegan.training.team import Team

WORKERS = ["a:1", "b:2"]


def read(cluster, task):
    return read_cluster(
        {"TF_CONFIG": json.dumps({"cluster": cluster, "task": task})}
    )


def task(index, kind="worker"):
    return {"type": kind, "index": index}


@pytest.mark.parametrize("index", [0, 1])
def test_the_first_worker_is_the_chief(index):
    cluster = read({"worker": WORKERS}, task(index))
    assert cluster == Cluster(("a:1", "b:2"), index)
    assert Team(cluster=cluster).is_chief == (index == 0)


def test_a_chief_comes_before_the_workers():
    jobs = {"worker": WORKERS, "chief": ["c:3"]}
    assert read(jobs, task(0, "chief")).index == 0
    assert read(jobs, task(1)) == Cluster(("c:3", "a:1", "b:2"), 2)


@pytest.mark.parametrize("environment", [{}, {"TF_CONFIG": " "}])
def test_without_the_variable_there_is_no_cluster(environment):
    assert read_cluster(environment) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is not JSON"),
        ("[]", "has no 'cluster'"),
        ('{"task": {"type": "worker", "index": 0}}', "has no 'cluster'"),
        ('{"cluster": {"worker": ["a:1"]}}', "has no 'task'"),
    ],
)
def test_half_a_variable_is_refused(text, told):
    with pytest.raises(ConfigError, match=told):
        read_cluster({"TF_CONFIG": text})


@pytest.mark.parametrize(
    ("cluster", "which", "told"),
    [
        ({"worker": WORKERS}, task(2), "index 2, and its cluster has 2"),
        ({"worker": WORKERS}, task(-1), "index -1"),
        ({"worker": WORKERS}, task("0"), "index '0'"),
        ({"worker": WORKERS}, task(True), "index True"),
        ({"worker": WORKERS}, {"index": 0}, "task type None"),
        ({"worker": WORKERS}, task(0, "chief"), "task type 'chief'"),
        ({"worker": WORKERS}, task(0, ["x"]), "task type"),
        ({"worker": []}, task(0), "no worker"),
        ({"worker": "a:1"}, task(0), "addresses under 'worker'"),
        ({"worker": ["a"]}, task(0), "addresses under 'worker'"),
        ({"worker": ["a:1", "a:1"]}, task(0), "the same address"),
        ({"worker": WORKERS, "ps": ["p:1"]}, task(0), "the job 'ps'"),
        ({"chief": WORKERS}, task(0, "chief"), "more than one chief"),
    ],
)
def test_a_cluster_that_makes_no_sense_is_refused(cluster, which, told):
    with pytest.raises(ConfigError, match=told):
        read(cluster, which)
