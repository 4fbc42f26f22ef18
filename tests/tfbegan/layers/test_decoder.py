"""The decoder's own options; what all layers promise is in test_contract.py."""

import keras
import numpy as np
import pytest

from tfbegan.layers.decoder import Decoder

CODES = np.random.default_rng(0).uniform(-1, 1, (3, 5)).astype(np.float32)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_an_untied_bias_is_added_pixel_by_pixel_in_float32(policy):
    tied = Decoder(32, 2, seed=1, dtype=policy)
    untied = Decoder(32, 2, untied_bias=True, seed=1, dtype=policy)
    before = np.array(tied(CODES))
    np.testing.assert_array_equal(untied(CODES), before)
    assert untied.count_params() == tied.count_params() + 32 * 32 * 3
    bias = np.random.default_rng(1).uniform(-1, 1, (32, 32, 3))
    untied.bias.assign(bias)
    expected = before + bias.astype(np.float32)
    np.testing.assert_allclose(untied(CODES), expected, rtol=0, atol=1e-6)


def test_the_configuration_keeps_it():
    decoder = Decoder(32, 2, untied_bias=True)
    again = keras.layers.deserialize(keras.layers.serialize(decoder))
    assert again.untied_bias
    assert not Decoder(32, 2).untied_bias
