"""The flow of a finished generator is fitted to where its looks are."""

import dataclasses
import shutil

import keras
import numpy as np
import pytest

from tfbegan.data.dataset import open_dataset
from tfbegan.files import read_json, sha256_file
from tfbegan.training.density import fit_flow
from tfbegan.training.run import resume, train
from tfbegan.training.run_folder import RunFolder

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def config(tiny_sound_config):
    """Of a run of a few steps whose generator has a flow."""
    return dataclasses.replace(
        tiny_sound_config,
        architecture=tiny_sound_config.architecture.replace(look_flow=2),
        objective=tiny_sound_config.objective.replace(code_flow=0.1),
    )


@pytest.fixture(scope="module")
def dataset(puppet_dataset):
    return open_dataset(puppet_dataset)


@pytest.fixture(scope="module")
def finished(config, tmp_path_factory):
    return train(config, tmp_path_factory.mktemp("runs")).folder


@pytest.fixture
def unfitted(finished, tmp_path):
    """As if the process had ended before the flow was fitted."""
    shutil.copytree(finished.path, tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    folder.flow_file.unlink()
    return folder


def weights_of(folder):
    """Of the flow, and of the rest."""
    generator = keras.models.load_model(folder.generator_file)
    of_flow = [weight.numpy() for weight in generator.flow.weights]
    ids = {id(weight) for weight in generator.flow.weights}
    rest = [w.numpy() for w in generator.weights if id(w) not in ids]
    assert len(of_flow) == 2 * 6 + 2
    assert len(rest) > 20
    return of_flow, rest


def same(first, second):
    return [np.array_equal(a, b) for a, b in zip(first, second, strict=True)]


def test_a_run_ends_with_a_fitted_flow(finished):
    content = read_json(finished.flow_file)
    assert content["faces"] > 100
    assert content["generator_sha256"] == sha256_file(finished.generator_file)


def test_only_the_flow_changes_and_expects_the_looks_more(
    unfitted, dataset, config
):
    flow, rest = weights_of(unfitted)
    training = config.training.replace(steps=300)
    assert fit_flow(unfitted, dataset, training)
    new_flow, new_rest = weights_of(unfitted)
    assert all(same(rest, new_rest))
    assert not any(same(flow, new_flow))
    content = read_json(unfitted.flow_file)
    assert content["nats"] < content["nats_before"] - 0.1


def test_it_is_fitted_once(finished, dataset, config):
    before = sha256_file(finished.generator_file)
    assert not fit_flow(finished, dataset, config.training)
    assert sha256_file(finished.generator_file) == before


def test_equal_seeds_give_equal_flows(unfitted, dataset, config):
    shutil.copytree(unfitted.path, unfitted.path.parent / "other")
    other = RunFolder(unfitted.path.parent / "other")
    for folder in (unfitted, other):
        fit_flow(folder, dataset, config.training)
    for first, second in zip(
        weights_of(unfitted), weights_of(other), strict=True
    ):
        assert all(same(first, second))


def test_a_resumed_run_makes_up_for_it_and_leaves_checkpoints_alone(unfitted):
    def hashes():
        return {p: sha256_file(p) for p in unfitted.checkpoints.iterdir()}

    before = hashes()
    resume(unfitted)
    assert unfitted.flow_file.is_file()
    assert hashes() == before


def test_a_generator_without_a_flow_is_left_alone(tiny_sound_run):
    assert not tiny_sound_run.flow_file.exists()
