"""The compiled path computes what the model computes."""

import gc
import weakref

import numpy as np
import pytest

from tfbegan import Generator
from tfbegan.config import AudioConfig, FaceConfig, SpeechConfig
from tfbegan.generation.compiled import compiled

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
def test_it_computes_the_same_for_any_batch_with_one_trace(conditioning):
    model = make(conditioning)
    function = compiled(model)
    assert compiled(model) is function
    for count in (1, 3, 16):
        inputs = inputs_of(conditioning, count)
        expected = np.array(model(inputs))
        np.testing.assert_allclose(function(inputs), expected, atol=1e-5)
    assert function.experimental_get_tracing_count() == 1


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
