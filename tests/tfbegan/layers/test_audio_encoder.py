"""The seed's stack, with what it lacked."""

import numpy as np
import pytest

from tfbegan import AudioEncoder
from tfbegan.errors import ConfigError


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
