"""The compiled path computes what the model computes."""

import gc
import logging
import weakref

import numpy as np
import pytest

from tfbegan import BEGAN, Generator, ModelConfig
from tfbegan.config import AudioConfig, FaceConfig, SpeechConfig
from tfbegan.models.autoencoder import Autoencoder
from tfbegan.models.compiled import compiled, run_compiled

SPEECH = SpeechConfig(
    AudioConfig(), (0.0,) * 13, (10.0,) * 13, FaceConfig().mouth_box
)


def make(conditioning):
    speech = None if conditioning == "noise" else SPEECH
    return Generator(
        32, filters=4, latent_dim=8, conditioning=conditioning, speech=speech
    )


def inputs_of(conditioning, count):
    generator = np.random.default_rng(count)
    noise = generator.uniform(-1, 1, (count, 8)).astype(np.float32)
    windows = generator.normal(0, 9, (count, 35, 13)).astype(np.float32)
    if conditioning == "noise":
        return noise
    if conditioning == "audio":
        return {"mfcc": windows}
    return {"noise": noise, "mfcc": windows}


@pytest.mark.parametrize(
    "conditioning", ["noise", "audio", "audio+noise", "audio+face"]
)
def test_it_computes_the_same_for_any_batch_with_one_trace(
    conditioning, monkeypatch
):
    model = make(conditioning)
    expected = {
        count: np.array(model(inputs_of(conditioning, count)))
        for count in (1, 3, 16)
    }
    calls, call = [], Generator.call

    def spy(self, inputs):
        calls.append(self)
        return call(self, inputs)

    monkeypatch.setattr(Generator, "call", spy)
    function = compiled(model)
    assert compiled(model) is function
    for count, images in expected.items():
        inputs = inputs_of(conditioning, count)
        np.testing.assert_allclose(function(inputs), images, atol=1e-5)
    assert calls == [model]


@pytest.mark.parametrize("conditioning", ["noise", "audio", "audio+noise"])
@pytest.mark.parametrize("count", [1, 64, 65, 130])
def test_batches_are_put_together_and_clipped(conditioning, count):
    model = make(conditioning)
    model.set_weights([1.5 * weight for weight in model.get_weights()])
    inputs = inputs_of(conditioning, count)
    faces = run_compiled(model, inputs)
    expected = np.array(model(inputs))
    assert np.abs(expected).max() > 1
    np.testing.assert_allclose(faces, np.clip(expected, -1, 1), atol=1e-3)


def test_an_autoencoder_is_compiled_too():
    model = Autoencoder(32, filters=4, latent_dim=8, seed=0)
    images = np.random.default_rng(0).uniform(-1, 1, (3, 32, 32, 3))
    expected = np.clip(np.array(model(images)), -1, 1)
    np.testing.assert_allclose(run_compiled(model, images), expected, atol=1e-5)


class Sentences(logging.Handler):
    def __init__(self):
        super().__init__()
        self.told = []

    def emit(self, record):
        self.told.append(record.getMessage())


def test_tensorflow_does_not_warn_of_many_networks():
    """It counts the traces of one code: that of predict, or of ours."""
    sentences = Sentences()
    logger = logging.getLogger("tensorflow")
    logger.addHandler(sentences)
    try:
        for seed in range(8):
            began = BEGAN(ModelConfig(image_size=32, filters=2), seed=seed)
            began.reconstruct(began.generate(2, seed=0))
    finally:
        logger.removeHandler(sentences)
    assert [s for s in sentences.told if "retracing" in s] == []


def test_it_sees_new_weights_and_keeps_no_model_alive():
    model = make("noise")
    function = compiled(model)
    before = function(inputs_of("noise", 2)).numpy()
    model.set_weights([2 * weight for weight in model.get_weights()])
    after = function(inputs_of("noise", 2)).numpy()
    assert np.abs(after - before).max() > 1e-3
    reference = weakref.ref(model)
    del model, function
    gc.collect()
    assert reference() is None
