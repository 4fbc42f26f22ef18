"""A generator from a run or a file; nothing from a hostile one."""

import json
import shutil
import zipfile

import keras
import numpy as np
import pytest

import tfbegan
from tfbegan import BEGAN, Generator, ModelConfig
from tfbegan.errors import ConfigError, ModelFileError, RunError
from tfbegan.generation.loading import load_generator


@pytest.fixture(scope="module")
def generator_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "generator.keras"
    Generator(32, filters=4, latent_dim=8, seed=1).save(path)
    return path


@pytest.mark.slow
def test_a_run_folder_and_the_newest_run(tiny_run, monkeypatch):
    from_folder = load_generator(tiny_run.path)
    from_runs = load_generator(tiny_run.path.parent)
    assert from_folder.path == from_runs.path
    assert (from_folder.image_size, from_folder.latent_dim) == (32, 8)
    faces = from_folder.generate(5, seed=3)
    assert faces.dtype == np.uint8
    assert faces.shape == (5, 32, 32, 3)
    np.testing.assert_array_equal(faces[:2], from_folder.generate(2, seed=3))
    assert (faces != from_folder.generate(5, seed=4)).any()


def test_a_whole_began_gives_its_averaged_generator(tmp_path):
    model = BEGAN(
        ModelConfig(image_size=32, filters=4, latent_dim=8),
        dtype="mixed_bfloat16",
    )
    model.compile()
    weight = model.ema_generator.weights[0]
    weight.assign(weight + 0.5)
    model.save(tmp_path / "began.keras")
    loaded = load_generator(tmp_path / "began.keras")
    np.testing.assert_array_equal(loaded.model.weights[0], weight)
    assert loaded.model.compute_dtype == "float32"


def test_decoding_takes_latents_of_the_right_length(generator_file):
    generator = load_generator(generator_file)
    assert generator.decode(np.zeros((70, 8))).shape == (70, 32, 32, 3)
    with pytest.raises(ConfigError, match=r"\[B, 8\]"):
        generator.decode(np.zeros((2, 9)))


def test_what_is_not_there_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match="no trained run"):
        tfbegan.load_generator()
    with pytest.raises(RunError, match=r"no generator\.keras"):
        load_generator(tmp_path)
    with pytest.raises(ModelFileError, match="no model file"):
        load_generator("nowhere.keras")
    with pytest.raises(RunError, match="none is bundled"):
        load_generator("celebrities")


# Hostile files


def rewrite(source, target, config=None, extra=None):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json" and config is not None:
                content = json.dumps(config(json.loads(content))).encode()
            new.writestr(name, content)
        for name, content in (extra or {}).items():
            new.writestr(name, content, zipfile.ZIP_DEFLATED)
    return target


def as_lambda(config):
    return {
        **config,
        "class_name": "Lambda",
        "module": "keras.layers",
        "config": {"function": "__import__('os').system('touch canary')"},
    }


def with_a_nested_lambda(config):
    config["config"]["dtype"] = {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {"function": {"class_name": "__lambda__", "config": {}}},
    }
    return config


def as_os_system(config):
    return {**config, "class_name": "system", "module": "os"}


def as_another_module(config):
    return {**config, "class_name": "Generator", "module": "evil.tfbegan."}


def as_tfsm_layer(config):
    return {
        **config,
        "class_name": "TFSMLayer",
        "module": "keras.layers",
        "config": {"filepath": "/somewhere"},
    }


@pytest.mark.parametrize(
    "config",
    [
        as_lambda,
        with_a_nested_lambda,
        as_os_system,
        as_another_module,
        as_tfsm_layer,
    ],
)
def test_a_hostile_configuration_is_refused(
    generator_file, tmp_path, monkeypatch, config
):
    monkeypatch.chdir(tmp_path)
    path = rewrite(generator_file, tmp_path / "evil.keras", config)
    with pytest.raises(ModelFileError):
        load_generator(path)
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize(
    "extra",
    [
        {"../canary": b"x"},
        {"assets/code.py": b"x"},
        {"model.weights.h5.bomb": bytes(10 << 20)},
    ],
)
def test_foreign_members_are_refused(generator_file, tmp_path, extra):
    path = rewrite(generator_file, tmp_path / "evil.keras", extra=extra)
    with pytest.raises(ModelFileError, match="holds"):
        load_generator(path)
    assert not (tmp_path.parent / "canary").exists()


def test_a_bomb_in_an_ordinary_member_is_refused(generator_file, tmp_path):
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(generator_file) as old:
        config = old.read("config.json")
        metadata = old.read("metadata.json")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        new.writestr("config.json", config)
        new.writestr("metadata.json", metadata)
        new.writestr("model.weights.h5", bytes(50 << 20))
    with pytest.raises(ModelFileError, match="unpacks to"):
        load_generator(path)


def test_a_renamed_pickle_and_a_cut_file_are_refused(generator_file, tmp_path):
    pickled = tmp_path / "model.keras"
    pickled.write_bytes(b"\x80\x04cos\nsystem\n(S'touch canary'\ntR.")
    with pytest.raises(ModelFileError, match=r"no \.keras file"):
        load_generator(pickled)
    cut = tmp_path / "cut.keras"
    cut.write_bytes(generator_file.read_bytes()[:500])
    with pytest.raises(ModelFileError):
        load_generator(cut)


def test_an_ordinary_keras_model_is_no_generator(tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    model.save(tmp_path / "dense.keras")
    with pytest.raises(ModelFileError, match="no generator"):
        load_generator(tmp_path / "dense.keras")
    shutil.copy(tmp_path / "dense.keras", tmp_path / "copy.keras")
