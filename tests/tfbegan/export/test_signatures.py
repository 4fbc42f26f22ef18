"""A served generator that hears gives what it gives in Python."""

import json

import numpy as np
import pytest
import tensorflow as tf

from tfbegan import AudioConfig, Generator, export_saved_model
from tfbegan.config import SpeechConfig
from tfbegan.export.saved_model import CARD_NAME
from tfbegan.generation.animation import AnimationSettings, animate
from tfbegan.generation.loading import LoadedGenerator

pytestmark = pytest.mark.slow

_RATE = 16_000


def make(conditioning, path):
    speech = SpeechConfig(
        AudioConfig(),
        mfcc_mean=(-300.0,) + (5.0,) * 12,
        mfcc_std=(90.0,) + (20.0,) * 12,
        mouth_box=(0.27, 0.58, 0.73, 0.92),
    )
    model = Generator(
        32,
        4,
        8,
        conditioning=conditioning,
        speech=speech,
        mean_sound=np.full(256, 0.1),
        articulation=1.5,
        seed=1,
    )
    served = tf.saved_model.load(str(export_saved_model(model, path)))
    return LoadedGenerator(model, path), served.signatures


@pytest.fixture(scope="module", params=["audio", "audio+noise", "audio+face"])
def both(request, tmp_path_factory):
    return make(request.param, tmp_path_factory.mktemp("served"))


def with_z(generator, inputs, z):
    return {**inputs, "z": tf.constant(z)} if generator.latent_dim else inputs


@pytest.mark.parametrize("count", [1, 3, 16])
def test_windows(both, count):
    generator, signatures = both
    random = np.random.default_rng(0)
    windows = random.normal(-50, 80, (count, 35, 13)).astype(np.float32)
    z = random.uniform(-1, 1, (count, 8)).astype(np.float32)
    inputs = with_z(generator, {"mfcc": tf.constant(windows)}, z)
    images = signatures["serving_default"](**inputs)["images"].numpy()
    latents = z if generator.latent_dim else None
    expected = (generator.speak(latents, windows) + 1) / 2
    assert np.abs(images - expected).max() <= 1e-5


@pytest.mark.parametrize("fps", [24.0, 25.0, 30.0])
def test_a_waveform_becomes_the_frames_that_animate_makes(both, fps):
    generator, signatures = both
    random = np.random.default_rng(1)
    waveform = random.normal(0, 0.1, int(1.3 * _RATE)).astype(np.float32)
    z = random.uniform(-1, 1, 8).astype(np.float32)
    inputs = {"waveform": tf.constant(waveform), "fps": tf.constant(fps)}
    inputs = with_z(generator, inputs, z)
    images = signatures["speak"](**inputs)["images"].numpy()
    settings = AnimationSettings(
        fps=fps,
        natural_pose=False,
        face=z if generator.latent_dim else None,
    )
    frames = np.stack(list(animate(generator, waveform, _RATE, settings)))
    assert images.shape == frames.shape
    # The frames are rounded to whole grey levels.
    assert np.abs(images * 255 - frames).max() <= 0.6


def test_the_card_tells_where_z_comes_from(both):
    generator, signatures = both
    (version,) = generator.path.iterdir()
    card = json.loads((version / "assets.extra" / CARD_NAME).read_text())
    origin = {
        "audio+noise": "float32 [batch, latent_dim], uniform in [-1, 1]",
        "audio+face": "float32 [batch, latent_dim], in [-1, 1], of a face by"
        ' the signature "look"',
    }
    kind = generator.conditioning
    assert card["inputs"].get("z") == origin.get(kind)
    assert ("look" in signatures) == (kind in origin)


def test_a_long_waveform_is_painted_in_parts(both):
    generator, signatures = both
    waveform = np.random.default_rng(2).normal(0, 0.1, 6 * _RATE)
    inputs = {
        "waveform": tf.constant(waveform, tf.float32),
        "fps": tf.constant(25.0),
    }
    inputs = with_z(generator, inputs, np.zeros(8, np.float32))
    images = signatures["speak"](**inputs)["images"].numpy()
    settings = AnimationSettings(
        natural_pose=False, face=np.zeros(8) if generator.latent_dim else None
    )
    frames = list(animate(generator, waveform, _RATE, settings))
    assert len(frames) == 150  # two parts of 64, and a rest
    told = signatures["speak"].structured_outputs["images"].shape
    assert told.as_list() == [None, 32, 32, 3]
    assert np.abs(images * 255 - np.stack(frames)).max() <= 0.6


def test_faces_become_the_z_that_they_are_painted_of(both):
    generator, signatures = both
    if generator.conditioning == "audio":
        assert "look" not in signatures
        return
    faces = np.random.default_rng(3).uniform(0, 1, (3, 32, 32, 3))
    z = signatures["look"](images=tf.constant(faces, tf.float32))["z"].numpy()
    expected = generator.look((2 * faces - 1).astype(np.float32))
    np.testing.assert_allclose(z, expected, atol=1e-5)
