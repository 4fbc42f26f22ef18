"""The flow of a finished generator is fitted to where its looks are."""

import dataclasses
import shutil
import signal

import keras
import numpy as np
import pytest

from tfbegan.data.dataset import open_dataset
from tfbegan.errors import DatasetError
from tfbegan.evaluation.instruments import spread_frames
from tfbegan.evaluation.speech_clips import load_clips
from tfbegan.files import read_json, sha256_file, write_json
from tfbegan.training import density
from tfbegan.training import run as run_module
from tfbegan.training.density import fit_flow, lacks_a_fit
from tfbegan.training.pictures import Exhibits
from tfbegan.training.run import resume, train
from tfbegan.training.run_folder import RunFolder
from tfbegan.training.schedule import StallSchedule
from tfbegan.training.team import ALONE
from tfbegan.training.team_loops import TeamLoop

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
    fit_flow(unfitted, dataset, config.training.replace(steps=300))
    new_flow, new_rest = weights_of(unfitted)
    assert all(same(rest, new_rest))
    assert not any(same(flow, new_flow))
    content = read_json(unfitted.flow_file)
    assert content["nats"] < content["nats_before"] - 0.1


def test_the_pose_is_how_codes_move_within_clips(
    unfitted, dataset, config, monkeypatch
):
    monkeypatch.setattr(density, "_MOST_STEPS", 2)
    fit_flow(unfitted, dataset, config.training)
    generator = keras.models.load_model(unfitted.generator_file)
    axes = generator.pose
    assert axes.shape == (min(8, generator.latent_dim), generator.latent_dim)
    lengths = np.linalg.norm(axes, axis=1)
    assert (np.diff(lengths) <= 1e-6).all()
    # At right angles, and along each as far as the codes of a clip go.
    products = axes @ axes.T
    assert np.abs(products - np.diag(lengths**2)).max() < 1e-4 * lengths[0]
    clips = load_clips(dataset, ("train",), 64)
    moved = []
    for clip in clips:
        faces = clip.images(spread_frames(len(clip), 12))
        codes = np.array(generator.encode(faces))
        moved.append(codes - codes.mean(0))
    along = np.concatenate(moved) @ axes[0] / lengths[0]
    assert along.std() == pytest.approx(lengths[0], rel=1e-3)
    between = np.concatenate(moved).std(0).max()
    assert lengths[0] >= between * (1 - 1e-3)


def test_without_a_clip_that_is_long_enough_there_is_no_pose(
    unfitted, dataset, config, monkeypatch
):
    def refuse(*_):
        raise DatasetError("no clip of 8 frames")

    monkeypatch.setattr(density, "load_clips", refuse)
    monkeypatch.setattr(density, "_MOST_STEPS", 2)
    fit_flow(unfitted, dataset, config.training)
    assert keras.models.load_model(unfitted.generator_file).pose is None
    assert not lacks_a_fit(unfitted, config.architecture)


def test_it_is_fitted_once(finished, unfitted, config):
    assert not lacks_a_fit(finished, config.architecture)
    assert lacks_a_fit(unfitted, config.architecture)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"faces": 3}'])
def test_a_damaged_file_is_as_good_as_none(unfitted, config, content):
    unfitted.flow_file.write_text(content)
    assert lacks_a_fit(unfitted, config.architecture)


@pytest.mark.parametrize("loss", [np.nan, 1e6])
def test_what_makes_it_worse_is_not_taken(
    unfitted, dataset, config, monkeypatch, loss
):
    def spoil(flow, *_):
        for weight in flow.trainable_variables:
            weight.assign(np.full(weight.shape, loss))

    monkeypatch.setattr(density, "fit_network", spoil)
    before = weights_of(unfitted)
    fit_flow(unfitted, dataset, config.training)
    for old, new in zip(before, weights_of(unfitted), strict=True):
        assert all(same(old, new))
    content = read_json(unfitted.flow_file)
    assert content["nats"] == content["nats_before"]
    assert not lacks_a_fit(unfitted, config.architecture)


def test_a_fit_that_is_stopped_leaves_everything(unfitted, dataset, config):
    before = sha256_file(unfitted.generator_file)
    asked = iter([False, False, True])
    fit_flow(unfitted, dataset, config.training, stopped=lambda: next(asked))
    assert sha256_file(unfitted.generator_file) == before
    assert not unfitted.flow_file.exists()


def test_a_signal_to_a_team_that_is_fitting_is_told(
    unfitted, dataset, config, monkeypatch
):
    """There is no next step whose losses could carry it to the others."""
    steps = config.training.steps
    loop = TeamLoop(
        unfitted,
        config.training,
        StallSchedule(1e-3, 1e-5, 0),
        Exhibits(np.zeros((0, 1, 1, 3), np.float32)),
    )
    loop.step = steps

    def fit(*_, stopped):
        loop._on_signal(signal.SIGTERM, None)
        assert stopped()

    monkeypatch.setattr(run_module, "fit_flow", fit)
    run_module._complete(
        run_module._Job(config, dataset, ALONE, unfitted), loop
    )
    assert loop.received_signal == signal.SIGTERM


def test_a_crash_before_the_generator_is_in_place_is_made_up_for(
    unfitted, dataset, config, monkeypatch
):
    """Its hash is written, but the file is the old one: fitted again, once."""
    before = sha256_file(unfitted.generator_file)

    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(
            density, "write_json", lambda *a: (write_json(*a), crash())
        )
        with pytest.raises(KeyboardInterrupt):
            fit_flow(unfitted, dataset, config.training)
    assert unfitted.flow_file.exists()
    assert sha256_file(unfitted.generator_file) == before
    assert lacks_a_fit(unfitted, config.architecture)


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
    unfitted.report_file.unlink()
    resume(unfitted)
    assert unfitted.flow_file.is_file()
    assert unfitted.report_file.is_file()
    assert hashes() == before


def test_a_generator_without_a_flow_is_left_alone(
    tiny_sound_run, tiny_sound_config
):
    assert not lacks_a_fit(tiny_sound_run, tiny_sound_config.architecture)
    assert not tiny_sound_run.flow_file.exists()
