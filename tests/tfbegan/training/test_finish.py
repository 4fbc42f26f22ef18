"""A generator whose run has ended gets its last fit and its pose, once."""

import dataclasses
import itertools
import json
import shutil
import signal

import keras
import numpy as np
import pytest

from tfbegan import Generator
from tfbegan.data.dataset import open_dataset
from tfbegan.evaluation.speech_clips import clip_records
from tfbegan.files import read_json, sha256_file, write_json
from tfbegan.training import finish
from tfbegan.training import run as run_module
from tfbegan.training.finish import finish_generator, lacks_finish
from tfbegan.training.mean_sound import mean_sound
from tfbegan.training.pictures import Exhibits
from tfbegan.training.pose_axes import pose_axes
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
def unfinished(finished, tmp_path):
    """As if the process had ended before the generator was finished."""
    shutil.copytree(finished.path, tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    folder.finish_file.unlink()
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


def test_a_run_ends_with_a_fitted_flow_and_a_pose(finished):
    content = read_json(finished.finish_file)
    assert content["flow"]["faces"] > 100
    assert content["generator_sha256"] == sha256_file(finished.generator_file)
    assert keras.models.load_model(finished.generator_file).pose is not None


def test_nothing_else_changes(unfinished, dataset, config):
    flow, rest = weights_of(unfinished)
    finish_generator(unfinished, dataset, config.training.replace(steps=300))
    new_flow, new_rest = weights_of(unfinished)
    assert all(same(rest, new_rest))
    assert not any(same(flow, new_flow))
    content = read_json(unfinished.finish_file)["flow"]
    assert content["nats"] < content["nats_before"] - 0.1


def test_a_run_without_a_flow_ends_finished(tiny_sound_run):
    architecture = tiny_sound_run.read_config().architecture
    assert not lacks_finish(tiny_sound_run, architecture)
    assert read_json(tiny_sound_run.finish_file)["flow"] is None
    generator = keras.models.load_model(tiny_sound_run.generator_file)
    assert generator.pose is not None
    assert generator.mean_sound is not None


@pytest.fixture(params=["audio", "audio+face", "audio+noise"])
def flowless(request, dataset, tmp_path):
    """A folder with an unfinished generator that has no flow."""
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    Generator(
        32,
        filters=4,
        latent_dim=8,
        conditioning=request.param,
        speech=dataset.speech,
        seed=1,
    ).save(folder.generator_file)
    return folder


def test_without_a_flow_pose_and_mean_sound_are_found(
    flowless, dataset, config
):
    finish_generator(flowless, dataset, config.training)
    assert read_json(flowless.finish_file)["flow"] is None
    generator = keras.models.load_model(flowless.generator_file)
    architecture = config.architecture.replace(
        conditioning=generator.conditioning, look_flow=0
    )
    assert not lacks_finish(flowless, architecture)
    records = list(clip_records(dataset, ("train",)))
    assert len(records) <= 64
    heard = mean_sound(generator, records, dataset.info)
    assert np.array_equal(generator.mean_sound, heard)
    if generator.conditioning == "audio":
        assert generator.pose is None
    else:
        axes = pose_axes(generator, records, generator.blinking)
        assert np.array_equal(generator.pose, axes)


@pytest.mark.parametrize("asked_before", [0, 1, 8, 16])
def test_what_comes_after_the_flow_can_be_stopped_too(
    flowless, dataset, config, asked_before
):
    before = sha256_file(flowless.generator_file)
    asked = itertools.chain([False] * asked_before, itertools.repeat(True))
    finish_generator(
        flowless, dataset, config.training, stopped=lambda: next(asked)
    )
    assert sha256_file(flowless.generator_file) == before
    assert not flowless.finish_file.exists()


def test_a_generator_without_sound_is_left_alone(unfinished, config):
    assert lacks_finish(unfinished, config.architecture)
    noise = config.architecture.replace(conditioning="noise", look_flow=0)
    assert not lacks_finish(unfinished, noise)


def test_it_is_finished_once(finished, unfinished, config):
    assert not lacks_finish(finished, config.architecture)
    assert lacks_finish(unfinished, config.architecture)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"faces": 3}'])
def test_a_damaged_file_is_as_good_as_none(unfinished, config, content):
    unfinished.finish_file.write_text(content)
    assert lacks_finish(unfinished, config.architecture)


def test_a_fit_that_is_stopped_leaves_everything(unfinished, dataset, config):
    before = sha256_file(unfinished.generator_file)
    asked = iter([False, False, True])
    finish_generator(
        unfinished, dataset, config.training, stopped=lambda: next(asked)
    )
    assert sha256_file(unfinished.generator_file) == before
    assert not unfinished.finish_file.exists()


def of_an_earlier_version(folder):
    """As runs ended when the flow was all that there was to finish."""
    generator = keras.models.load_model(folder.generator_file)
    generator.mean_sound = None
    generator.save(folder.generator_file)
    fit = {"faces": 120, "nats_before": 0.5, "nats": 0.25}
    written = {"generator_sha256": sha256_file(folder.generator_file), **fit}
    write_json(folder.earlier_fit_file, written)
    return fit


def test_faces_of_a_run_of_an_earlier_version_stay_who_they_are(
    unfinished, dataset, config
):
    fit = of_an_earlier_version(unfinished)
    assert lacks_finish(unfinished, config.architecture)
    before = weights_of(unfinished)
    finish_generator(unfinished, dataset, config.training)
    for old, new in zip(before, weights_of(unfinished), strict=True):
        assert all(same(old, new))
    assert read_json(unfinished.finish_file)["flow"] == fit
    generator = keras.models.load_model(unfinished.generator_file)
    assert generator.mean_sound is not None
    assert not lacks_finish(unfinished, config.architecture)


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"generator_sha256": "0"}', None]
)
def test_an_earlier_fit_that_is_of_another_generator_is_done_again(
    unfinished, dataset, config, content
):
    fit = of_an_earlier_version(unfinished)
    if content is None:
        content = json.dumps({"generator_sha256": "0" * 64, **fit})
    unfinished.earlier_fit_file.write_text(content)
    flow, _ = weights_of(unfinished)
    finish_generator(unfinished, dataset, config.training)
    assert not any(same(flow, weights_of(unfinished)[0]))


def test_a_signal_to_a_team_that_is_fitting_is_told(
    unfinished, dataset, config, monkeypatch
):
    """There is no next step whose losses could carry it to the others."""
    steps = config.training.steps
    loop = TeamLoop(
        unfinished,
        config.training,
        StallSchedule(1e-3, 1e-5, 0),
        Exhibits(np.zeros((0, 1, 1, 3), np.float32)),
    )
    loop.step = steps

    def fit(*_, stopped):
        loop._on_signal(signal.SIGTERM, None)
        assert stopped()

    monkeypatch.setattr(run_module, "finish_generator", fit)
    run_module._complete(
        run_module._Job(config, dataset, ALONE, unfinished), loop
    )
    assert loop.received_signal == signal.SIGTERM


def test_a_crash_before_the_generator_is_in_place_is_made_up_for(
    unfinished, dataset, config, monkeypatch
):
    """Its hash is written, but the file is the old one: fitted again, once."""
    before = sha256_file(unfinished.generator_file)

    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(
            finish, "write_json", lambda *a: (write_json(*a), crash())
        )
        with pytest.raises(KeyboardInterrupt):
            finish_generator(unfinished, dataset, config.training)
    assert unfinished.finish_file.exists()
    assert sha256_file(unfinished.generator_file) == before
    assert lacks_finish(unfinished, config.architecture)


def test_equal_seeds_give_equal_flows(unfinished, dataset, config):
    shutil.copytree(unfinished.path, unfinished.path.parent / "other")
    other = RunFolder(unfinished.path.parent / "other")
    for folder in (unfinished, other):
        finish_generator(folder, dataset, config.training)
    for first, second in zip(
        weights_of(unfinished), weights_of(other), strict=True
    ):
        assert all(same(first, second))


def test_a_resumed_run_makes_up_for_it_and_leaves_checkpoints_alone(unfinished):
    def hashes():
        return {p: sha256_file(p) for p in unfinished.checkpoints.iterdir()}

    before = hashes()
    unfinished.report_file.unlink()
    resume(unfinished)
    assert unfinished.finish_file.is_file()
    assert unfinished.report_file.is_file()
    assert hashes() == before
