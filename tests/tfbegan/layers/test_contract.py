"""What every layer and network of ours must hold to."""

import importlib
import json
import pkgutil

import keras
import numpy as np
import pytest

import tfbegan.layers
import tfbegan.models
from tfbegan import MFCC, AudioEncoder, Autoencoder, Generator
from tfbegan.layers.conv3x3 import Conv3x3
from tfbegan.layers.conv_block import ConvBlock
from tfbegan.layers.decoder import Decoder
from tfbegan.layers.encoder import Encoder

for package in (tfbegan.layers, tfbegan.models):
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")

EXAMPLES = {
    Conv3x3: (lambda **k: Conv3x3(4, strides=2, **k), (2, 8, 8, 3)),
    ConvBlock: (lambda **k: ConvBlock(4, depth=3, **k), (2, 8, 8, 4)),
    Encoder: (lambda **k: Encoder(32, 2, 5, **k), (2, 32, 32, 3)),
    Decoder: (
        lambda **k: Decoder(32, 2, skip_connections=False, **k),
        (2, 5),
    ),
    AudioEncoder: (
        lambda **k: AudioEncoder((2, 3, 4), 1, (8, 6), **k),
        (2, 35, 13),
    ),
    MFCC: (
        lambda **k: MFCC(n_mfcc=5, mean=[1.0] * 5, std=[2.0] * 5, **k),
        (2, 1_600),
    ),
    Generator: (
        lambda **k: Generator(32, 2, 5, vanishing_residuals=True, **k),
        (2, 5),
    ),
    Autoencoder: (lambda **k: Autoencoder(32, 2, 5, **k), (2, 32, 32, 3)),
}
# The BEGAN itself takes no input to give an output; test_began.py tests it.
EXEMPT = {tfbegan.BEGAN}


def inputs_of(shape):
    values = np.random.default_rng(0).uniform(-1, 1, shape)
    return values.astype(np.float32)


each = pytest.mark.parametrize("kind", EXAMPLES, ids=lambda k: k.__name__)


def test_every_registered_class_has_an_example():
    registered = {
        kind
        for name, kind in keras.saving.get_custom_objects().items()
        if name.startswith("tfbegan>") and issubclass(kind, keras.Layer)
    }
    assert registered == {*EXAMPLES, *EXEMPT}


@each
def test_config_survives_json(kind):
    make, shape = EXAMPLES[kind]
    layer = make(name="example")
    config = json.loads(json.dumps(layer.get_config()))
    again = kind.from_config(config)
    assert json.loads(json.dumps(again.get_config())) == config
    assert again(inputs_of(shape)).shape == layer(inputs_of(shape)).shape


@each
def test_symbolic_shape_is_the_eager_shape(kind):
    make, shape = EXAMPLES[kind]
    layer = make()
    symbolic = layer(keras.Input(shape[1:]))
    eager = layer(inputs_of(shape))
    assert tuple(symbolic.shape[1:]) == tuple(eager.shape[1:])
    told = layer.compute_output_shape(shape)
    assert tuple(told) == tuple(eager.shape)


@each
def test_half_precision_is_finite(kind):
    make, shape = EXAMPLES[kind]
    layer = make(dtype="mixed_bfloat16")
    outputs = keras.ops.cast(layer(inputs_of(shape)), "float32")
    assert np.isfinite(np.array(outputs)).all()


@each
def test_building_makes_every_weight(kind):
    make, shape = EXAMPLES[kind]
    layer = make()
    layer.build(shape)
    built = len(layer.weights)
    layer(inputs_of(shape))
    assert len(layer.weights) == built


@each
def test_saving_and_loading_keeps_the_function(kind, tmp_path):
    make, shape = EXAMPLES[kind]
    model = make()
    if not isinstance(model, keras.Model):
        entrance = keras.Input(shape[1:])
        model = keras.Model(entrance, model(entrance))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        model(inputs_of(shape)), loaded(inputs_of(shape))
    )


@pytest.mark.parametrize("kind", [Encoder, Decoder, AudioEncoder, Conv3x3])
def test_equal_seeds_give_equal_weights(kind):
    make, shape = EXAMPLES[kind]
    first, second, other = make(seed=1), make(seed=1), make(seed=2)
    for layer in (first, second, other):
        layer.build(shape)
    for a, b in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.abs(np.array(first.weights[0]) - other.weights[0]).max() > 0
