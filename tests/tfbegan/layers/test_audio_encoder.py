"""The seed's stack, with what it lacked."""

import numpy as np
import pytest

from tfbegan import AudioEncoder
from tfbegan.errors import ConfigError
from tfbegan.layers.audio_encoder import new_audio_encoder


def test_the_default_is_the_stack_that_was_asked_for():
    encoder = AudioEncoder(seed=0)
    encoder.build((None, 35, 13))
    assert [c.filters for c in encoder.convolutions] == [64, 128, 256, 512]
    assert [d.units for d in encoder.dense] == [512, 256]
    assert encoder.dense[0].kernel.shape == (17 * 6 * 512, 512)
    assert encoder.compute_output_shape((2, 35, 13)) == (2, 256)


def test_the_output_is_normalised_and_varies_with_the_sound():
    encoder = AudioEncoder((8, 8, 16), 1, (32, 32), seed=0)
    windows = np.random.default_rng(0).normal(size=(16, 35, 13))
    features = np.array(encoder(windows))
    np.testing.assert_allclose(features.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(features.std(axis=1), 1, atol=1e-2)
    assert features.std(axis=0).mean() > 0.1


def test_it_is_not_linear():
    encoder = AudioEncoder((8, 8), 1, (16, 16), seed=0)
    encoder.build((None, 35, 13))
    x, y = np.random.default_rng(0).normal(size=(2, 1, 35, 13))
    before = encoder.normalization
    encoder.normalization = lambda features: features
    both = np.array(encoder(x + y))
    apart = np.array(encoder(x)) + np.array(encoder(y))
    encoder.normalization = before
    assert np.abs(both - apart).max() > 1e-3


@pytest.mark.parametrize(
    "arguments",
    [
        {"conv_filters": ()},
        {"dense_units": ()},
        {"pool_after": 0},
        {"pool_after": 5},
    ],
)
def test_senseless_stacks_are_refused(arguments):
    with pytest.raises(ConfigError, match="Received"):
        AudioEncoder(**arguments)


@pytest.mark.parametrize("shape", [(None, None, 13), (None, 35), (1, 2, 3, 4)])
def test_inputs_of_unknown_shape_are_refused(shape):
    with pytest.raises(ConfigError, match="Received"):
        AudioEncoder().build(shape)


def test_a_last_stride_leaves_a_quarter_of_the_weights():
    wide, narrow = (
        AudioEncoder((2, 3, 4), 1, (8, 6), last_stride=s) for s in (1, 2)
    )
    for encoder in (wide, narrow):
        encoder.build((None, 16, 8))
    assert wide.dense[0].kernel.shape == (8 * 4 * 4, 8)
    assert narrow.dense[0].kernel.shape == (4 * 2 * 4, 8)


def test_mean_and_std_are_taken_off_raw_windows():
    mean, std = (-300.0, 20.0), (80.0, 10.0)
    raw_encoder = AudioEncoder((4,), 1, (8,), mean=mean, std=std, seed=0)
    encoder = AudioEncoder((4,), 1, (8,), seed=0)
    normalised = np.random.default_rng(0).normal(size=(5, 11, 2))
    raw = (normalised * std + mean).astype(np.float32)
    np.testing.assert_allclose(
        raw_encoder(raw), encoder(normalised.astype(np.float32)), atol=1e-4
    )


def test_half_precision_hears_the_decimals_of_raw_windows():
    """At -300 bfloat16 tells only even numbers apart."""
    encoder = AudioEncoder(
        (4,),
        1,
        (8,),
        mean=(-300.0, 0.0),
        std=(0.5, 1.0),
        dtype="mixed_bfloat16",
    )
    raw = np.zeros((4, 11, 2), np.float32)
    raw[..., 0] = -300 + np.linspace(0, 0.9, 4)[:, None]
    raw[:, :5, 0] += 1
    features = np.array(encoder(raw)).astype(np.float32)
    for i in range(3):
        assert np.abs(features[i] - features[i + 1]).max() > 0


@pytest.mark.parametrize("size", ["compact", "full"])
def test_an_encoder_by_its_size_is_built_for_its_front_end(size, small_speech):
    encoder = new_audio_encoder(size, small_speech, seed=1)
    assert encoder.built
    assert encoder.mean == small_speech.mfcc_mean
    assert encoder.std == small_speech.mfcc_std
    assert encoder.dense_units[-1] == 256
    assert encoder(np.zeros((2, 11, 4), np.float32)).shape == (2, 256)
