"""A generator from a run or a file; nothing from a hostile one."""

import json
import shutil
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

import tfbegan
from tfbegan import BEGAN, Generator, ModelConfig
from tfbegan.data.dataset import open_dataset
from tfbegan.errors import ConfigError, ModelFileError, RunError
from tfbegan.generation.loading import LoadedGenerator, load_generator
from tfbegan.models.generator import in_float32


@pytest.fixture(scope="module")
def generator_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "generator.keras"
    Generator(32, filters=4, latent_dim=8, seed=1).save(path)
    return path


@pytest.fixture
def tiny_file_folder(generator_file, tmp_path_factory):
    """A run folder as far as loading is concerned."""
    folder = tmp_path_factory.mktemp("run")
    shutil.copy(generator_file, folder / "generator.keras")
    return folder


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
    (tmp_path / "runs").mkdir()
    with pytest.raises(RunError, match=r"no generator\.keras"):
        load_generator(tmp_path)
    with pytest.raises(ModelFileError, match="no model file"):
        load_generator("nowhere.keras")
    with pytest.raises(RunError, match="of that name is bundled"):
        load_generator("celebrities")


def test_where_there_is_no_run_the_bundled_generator_is_taken(
    generator_file, tiny_file_folder, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    asked = []

    def bundled(name):
        asked.append(name)
        return generator_file

    monkeypatch.setattr("tfbegan.generation.loading.bundled", bundled)
    assert tfbegan.load_generator().path == generator_file
    assert load_generator("puppet").path == generator_file
    assert asked == ["puppet", "puppet"]
    # What lies there goes before what comes with the package.
    shutil.copytree(tiny_file_folder, tmp_path / "puppet")
    assert load_generator("puppet").path.parent.name == "puppet"
    shutil.copytree(tiny_file_folder, tmp_path / "runs" / "00000-noise")
    assert tfbegan.load_generator().path.parent.name == "00000-noise"
    assert asked == ["puppet", "puppet"]


# Generators that hear


@pytest.fixture(scope="module")
def speaking(tmp_path_factory, small_speech):
    """A loaded generator of every conditioning with sound."""
    folder = tmp_path_factory.mktemp("speaking")
    loaded = {}
    for kind in ("audio", "audio+noise", "audio+face"):
        path = folder / f"{kind}.keras"
        Generator(
            32, 4, 8, conditioning=kind, speech=small_speech, seed=1
        ).save(path)
        loaded[kind] = load_generator(path)
    return loaded


WITH_LOOK = ["audio+noise", "audio+face"]


def windows_of(count, speech):
    normalised = np.random.default_rng(0).normal(size=(count, 11, 4))
    return normalised * speech.mfcc_std + speech.mfcc_mean


def test_it_tells_what_it_hears(speaking, generator_file, small_speech):
    assert load_generator(generator_file).audio is None
    assert load_generator(generator_file).conditioning == "noise"
    for kind, generator in speaking.items():
        assert generator.conditioning == kind
        assert generator.audio == small_speech.audio
        assert generator.latent_dim == (0 if kind == "audio" else 8)


@pytest.mark.parametrize("kind", WITH_LOOK)
def test_it_speaks_with_one_z_or_with_many(speaking, small_speech, kind):
    generator = speaking[kind]
    # More than a batch, so that the parts are put together again.
    windows = windows_of(70, small_speech)
    latents = np.random.default_rng(1).uniform(-1, 1, (1, 8))
    faces = generator.speak(latents, windows)
    assert faces.shape == (70, 32, 32, 3)
    assert faces.dtype == np.float32
    assert np.abs(faces).max() <= 1
    often = generator.speak(np.repeat(latents, 70, axis=0), windows)
    np.testing.assert_array_equal(faces, often)
    last = generator.speak(latents, windows[65:])
    np.testing.assert_allclose(last, faces[65:], atol=1e-5)
    other = generator.speak(-latents, windows)
    assert np.abs(other - faces).max() > 1e-3


def test_audio_speaks_without_z(speaking, small_speech):
    generator = speaking["audio"]
    windows = windows_of(3, small_speech)
    faces = generator.speak(None, windows)
    assert faces.shape == (3, 32, 32, 3)
    assert np.abs(faces[0] - faces[1]).max() > 1e-3


@pytest.mark.parametrize("kind", WITH_LOOK)
@pytest.mark.parametrize("shape", [(8,), (1, 9), (2, 1, 8)])
def test_z_of_another_shape_is_refused(speaking, small_speech, kind, shape):
    windows = windows_of(2, small_speech)
    with pytest.raises(ConfigError, match=r"\[B, 8\]\. Received"):
        speaking[kind].speak(np.zeros(shape), windows)


@pytest.mark.parametrize("kind", WITH_LOOK)
@pytest.mark.parametrize("count", [0, 2, 4])
def test_as_many_z_as_windows_or_one(speaking, small_speech, kind, count):
    windows = windows_of(3, small_speech)
    with pytest.raises(ConfigError, match=rf"1 or 3\. Received: {count}"):
        speaking[kind].speak(np.zeros((count, 8)), windows)


@pytest.mark.parametrize("kind", WITH_LOOK)
def test_z_that_is_missing_is_told(speaking, small_speech, kind):
    with pytest.raises(ConfigError, match=r"\[B, 8\]\. Received"):
        speaking[kind].speak(None, windows_of(2, small_speech))


@pytest.mark.parametrize(
    "shape", [(11, 4), (2, 10, 4), (2, 11, 13), (2,), (0, 11, 4)]
)
def test_windows_of_another_shape_are_refused(speaking, shape):
    for generator in speaking.values():
        with pytest.raises(ConfigError, match=r"\[B, 11, 4\]\. Received"):
            generator.speak(np.zeros((1, 8)), np.zeros(shape))


def test_a_generator_without_sound_does_not_speak(generator_file):
    with pytest.raises(ConfigError, match="without sound"):
        load_generator(generator_file).speak(
            np.zeros((1, 8)), np.zeros((2, 11, 4))
        )


def test_without_a_word_a_generator_that_hears_is_silent(
    speaking, small_speech
):
    silence = np.zeros((2, 11, 4), np.float32)
    silence[..., 0] = -100 * np.sqrt(small_speech.audio.n_mels)
    latents = np.random.default_rng(0).uniform(-1, 1, (2, 8))
    for kind in WITH_LOOK:
        faces = speaking[kind].decode(latents)
        expected = speaking[kind].speak(latents, silence)
        np.testing.assert_array_equal(faces, expected)
        assert speaking[kind].generate(3, seed=1).shape == (3, 32, 32, 3)


def test_without_z_there_are_no_faces_to_choose_from(speaking):
    for attempt in (
        lambda: speaking["audio"].decode(np.zeros((2, 8))),
        lambda: speaking["audio"].generate(2),
    ):
        with pytest.raises(ConfigError, match="speak"):
            attempt()


@pytest.mark.parametrize("kind", WITH_LOOK)
def test_the_look_of_photographs_is_a_z(speaking, kind):
    photographs = np.random.default_rng(0).uniform(-1, 1, (3, 32, 32, 3))
    codes = speaking[kind].look(photographs)
    assert codes.shape == (3, 8)
    assert codes.dtype == np.float32
    assert np.abs(codes).max() <= 1
    shouting = photographs.copy()
    shouting[:, 16:30, 8:24] = 1  # the mouth box
    np.testing.assert_array_equal(codes, speaking[kind].look(shouting))


def test_without_a_look_encoder_no_photograph_sets_the_face(
    speaking, generator_file
):
    photograph = np.zeros((1, 32, 32, 3))
    for generator in (speaking["audio"], load_generator(generator_file)):
        with pytest.raises(ConfigError, match="no photograph"):
            generator.look(photograph)


@pytest.mark.slow
def test_a_run_with_sound_gives_a_generator_that_speaks(
    tiny_sound_run, puppet_dataset
):
    generator = load_generator(tiny_sound_run.path)
    assert generator.conditioning == "audio+noise"
    dataset = open_dataset(puppet_dataset)
    assert generator.audio == dataset.info.audio
    images, windows = dataset.pairs("train", 4)
    z = generator.look(images / 127.5 - 1)
    assert generator.speak(z, windows).shape == (4, 32, 32, 3)


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


@pytest.mark.parametrize("kind", ["audio", *WITH_LOOK])
def test_articulation_moves_mouths_further_or_not_at_all(
    speaking, small_speech, kind
):
    model = in_float32(speaking[kind].model, mean_sound=np.full(256, 0.1))
    generator = LoadedGenerator(model, Path())
    assert (speaking[kind].articulation, generator.articulation) == (None, 1)
    latents = None if kind == "audio" else np.zeros((1, 8))
    windows = windows_of(6, small_speech)
    moved = [
        generator.with_articulation(articulation)
        .speak(latents, windows)
        .std(axis=0)
        .mean()
        for articulation in (0, np.float32(0.5), 1, 1.5)
    ]
    assert moved[0] < 1e-6
    assert (np.diff(moved) > 0).all()
    faces = generator.speak(latents, windows)
    np.testing.assert_array_equal(speaking[kind].speak(latents, windows), faces)


@pytest.mark.parametrize("articulation", [-0.1, 3.1, float("nan")])
def test_an_articulation_that_makes_no_sense_is_refused(speaking, articulation):
    with pytest.raises(ConfigError, match=r"in \[0, 3\]\. Received"):
        speaking["audio"].with_articulation(articulation)


def test_without_sound_there_is_no_articulation(generator_file):
    with pytest.raises(ConfigError, match="trained without sound"):
        load_generator(generator_file).with_articulation(1.5)


@pytest.mark.parametrize("articulation", [1, 1.5])
def test_without_a_mean_sound_there_is_no_articulation(speaking, articulation):
    with pytest.raises(ConfigError, match="--resume RUN"):
        speaking["audio"].with_articulation(articulation)
