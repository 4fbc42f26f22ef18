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
from tfbegan.config import AudioConfig, SpeechConfig
from tfbegan.layers.conv3x3 import Conv3x3
from tfbegan.layers.conv_block import ConvBlock
from tfbegan.layers.decoder import Decoder
from tfbegan.layers.encoder import Encoder
from tfbegan.layers.film import FiLM
from tfbegan.layers.flow import Flow
from tfbegan.models.sync_critic import SyncCritic

for package in (tfbegan.layers, tfbegan.models):
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")

SPEECH = SpeechConfig(
    AudioConfig(window_frames=11, n_mfcc=4),
    mfcc_mean=(-300.0, 20.0, 5.0, -1.0),
    mfcc_std=(80.0, 30.0, 20.0, 10.0),
    mouth_box=(0.25, 0.5, 0.75, 0.9375),
)
# A shape, a list of the shapes of several arguments, or a dictionary of shapes.
EXAMPLES = {
    "Conv3x3": (lambda **k: Conv3x3(4, strides=2, **k), (2, 8, 8, 3)),
    "Conv3x3 after up-sampling": (
        lambda **k: Conv3x3(4, upsample=True, **k),
        (2, 8, 8, 3),
    ),
    "ConvBlock": (lambda **k: ConvBlock(4, depth=3, **k), (2, 8, 8, 4)),
    "FiLM": (lambda **k: FiLM(**k), [(2, 8, 8, 4), (2, 5)]),
    "Flow": (lambda **k: Flow(3, 4, **k), (2, 5)),
    "Encoder": (lambda **k: Encoder(32, 2, 5, **k), (2, 32, 32, 3)),
    "Decoder": (
        lambda **k: Decoder(32, 2, skip_connections=False, **k),
        (2, 5),
    ),
    "Decoder with untied biases": (
        lambda **k: Decoder(32, 2, untied_bias=True, **k),
        (2, 5),
    ),
    "AudioEncoder": (
        lambda **k: AudioEncoder((2, 3, 4), 1, (8, 6), **k),
        (2, 35, 13),
    ),
    "AudioEncoder of raw windows": (
        lambda **k: AudioEncoder(
            (2, 3, 4), 1, (8, 6), 2, [1.0] * 4, [2.0] * 4, **k
        ),
        (2, 11, 4),
    ),
    "MFCC": (
        lambda **k: MFCC(n_mfcc=5, mean=[1.0] * 5, std=[2.0] * 5, **k),
        (2, 1_600),
    ),
    "Generator": (
        lambda **k: Generator(32, 2, 5, vanishing_residuals=True, **k),
        (2, 5),
    ),
    "Generator with audio": (
        lambda **k: Generator(
            32, 2, 5, conditioning="audio", speech=SPEECH, film=False, **k
        ),
        {"mfcc": (2, 11, 4)},
    ),
    "Generator with audio and noise": (
        lambda **k: Generator(
            32, 2, 5, conditioning="audio+noise", speech=SPEECH, **k
        ),
        {"noise": (2, 5), "mfcc": (2, 11, 4)},
    ),
    "Generator with audio, noise and a flow": (
        lambda **k: Generator(
            32,
            2,
            5,
            conditioning="audio+noise",
            speech=SPEECH,
            look_flow=3,
            untied_bias=True,
            **k,
        ),
        {"noise": (2, 5), "mfcc": (2, 11, 4)},
    ),
    "Autoencoder": (
        lambda **k: Autoencoder(32, 2, 5, untied_bias=True, **k),
        (2, 32, 32, 3),
    ),
}
# The BEGAN itself takes no input to give an output, the critic gives two;
# test_began.py and test_sync_critic.py test them.
EXEMPT = {tfbegan.BEGAN, SyncCritic}


def inputs_of(shape):
    """The arguments of a call."""
    if isinstance(shape, list):
        return [value for part in shape for value in inputs_of(part)]
    if isinstance(shape, dict):
        return [{name: inputs_of(part)[0] for name, part in shape.items()}]
    values = np.random.default_rng(0).uniform(-1, 1, shape)
    return [values.astype(np.float32)]


def entrances_of(shape):
    """The same, symbolic."""
    if isinstance(shape, list):
        return [value for part in shape for value in entrances_of(part)]
    if isinstance(shape, dict):
        return [{name: entrances_of(part)[0] for name, part in shape.items()}]
    return [keras.Input(shape[1:])]


def shapes_of(shape):
    """The arguments of `build` and `compute_output_shape`."""
    return shape if isinstance(shape, list) else [shape]


each = pytest.mark.parametrize("name", EXAMPLES)


def test_every_registered_class_has_an_example():
    registered = {
        kind
        for name, kind in keras.saving.get_custom_objects().items()
        if name.startswith("tfbegan>") and issubclass(kind, keras.Layer)
    }
    examples = {type(make()) for make, _ in EXAMPLES.values()}
    assert registered == {*examples, *EXEMPT}


@each
def test_config_survives_json(name):
    make, shape = EXAMPLES[name]
    layer = make(name="example")
    config = json.loads(json.dumps(layer.get_config()))
    again = type(layer).from_config(config)
    assert json.loads(json.dumps(again.get_config())) == config
    assert again(*inputs_of(shape)).shape == layer(*inputs_of(shape)).shape


@each
def test_symbolic_shape_is_the_eager_shape(name):
    make, shape = EXAMPLES[name]
    layer = make()
    symbolic = layer(*entrances_of(shape))
    eager = layer(*inputs_of(shape))
    assert tuple(symbolic.shape[1:]) == tuple(eager.shape[1:])
    told = layer.compute_output_shape(*shapes_of(shape))
    assert tuple(told) == tuple(eager.shape)


@each
def test_half_precision_is_finite(name):
    make, shape = EXAMPLES[name]
    layer = make(dtype="mixed_bfloat16")
    outputs = keras.ops.cast(layer(*inputs_of(shape)), "float32")
    assert np.isfinite(np.array(outputs)).all()


@each
def test_building_makes_every_weight(name):
    make, shape = EXAMPLES[name]
    layer = make()
    layer.build(*shapes_of(shape))
    built = len(layer.weights)
    layer(*inputs_of(shape))
    assert len(layer.weights) == built


@each
def test_saving_and_loading_keeps_the_function(name, tmp_path):
    make, shape = EXAMPLES[name]
    model, inputs = make(), inputs_of(shape)
    if not isinstance(model, keras.Model):
        entrances = entrances_of(shape)
        model = keras.Model(entrances, model(*entrances))
        inputs = [inputs]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(*inputs), loaded(*inputs))


@pytest.mark.parametrize(
    "name", ["Encoder", "Decoder", "AudioEncoder", "Conv3x3"]
)
def test_equal_seeds_give_equal_weights(name):
    make, shape = EXAMPLES[name]
    first, second, other = make(seed=1), make(seed=1), make(seed=2)
    for layer in (first, second, other):
        layer.build(shape)
    for a, b in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.abs(np.array(first.weights[0]) - other.weights[0]).max() > 0
