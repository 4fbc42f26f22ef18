"""A condition modulates channels: at first not at all, and never too much."""

import numpy as np
import pytest

from tfbegan.layers.conv_block import ConvBlock
from tfbegan.layers.decoder import Decoder
from tfbegan.layers.film import FiLM

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(3, 4, 5, 6)).astype(np.float32)
CONDITION = RNG.normal(size=(3, 7)).astype(np.float32)


def built(scale):
    """A layer whose kernel and bias are no longer 0."""
    layer = FiLM()
    layer.build(FEATURES.shape, CONDITION.shape)
    layer.modulation.set_weights(
        [RNG.normal(0, scale, w.shape) for w in layer.modulation.get_weights()]
    )
    return layer


def test_a_new_layer_is_the_identity():
    np.testing.assert_array_equal(FiLM()(FEATURES, CONDITION), FEATURES)


def test_it_scales_and_shifts_every_channel_by_the_condition():
    layer = built(0.5)
    kernel, bias = (v.astype(float) for v in layer.modulation.get_weights())
    scale, shift = np.split(CONDITION @ kernel + bias, 2, axis=-1)
    expected = (
        FEATURES * (1 + np.tanh(scale))[:, None, None] + (shift[:, None, None])
    )
    np.testing.assert_allclose(layer(FEATURES, CONDITION), expected, atol=1e-5)


@pytest.mark.parametrize("strength", [1e3, 1e6])
def test_the_gain_is_bounded_whatever_the_condition(strength):
    layer = built(1.0)
    condition = strength * CONDITION
    shift = np.array(layer(0 * FEATURES, condition))
    gain = np.array(layer(0 * FEATURES + 1, condition)) - shift
    # The difference of two floats near `shift` has their rounding.
    rounding = 4 * np.spacing(np.abs(shift).max())
    assert gain.min() >= -rounding
    assert gain.max() <= 2 + rounding


def test_the_condition_of_one_sample_does_not_reach_another():
    layer = built(0.5)
    changed = CONDITION.copy()
    changed[1] += 1
    before = np.array(layer(FEATURES, CONDITION))
    after = np.array(layer(FEATURES, changed))
    np.testing.assert_array_equal(before[[0, 2]], after[[0, 2]])
    assert np.abs(before[1] - after[1]).max() > 0.01


def test_a_new_block_with_a_condition_is_a_block_without():
    features = FEATURES[:, :4, :4]
    plain, modulated = ConvBlock(6, seed=1), ConvBlock(6, 2, 7, seed=1)
    expected = plain(features)
    np.testing.assert_array_equal(
        modulated(features, condition=CONDITION), expected
    )
    assert [layer.name for layer in modulated.modulations] == [
        "film_0",
        "film_1",
    ]
    assert not plain.modulations
    assert len(modulated.weights) == len(plain.weights) + 4


def test_every_block_of_a_decoder_is_modulated_and_its_last_layer_is_not():
    decoder = Decoder(32, 2, condition_dim=7, seed=1)
    decoder.build((None, 5))
    modulations = [f for b in decoder.blocks for f in b.modulations]
    assert len(modulations) == 2 * len(decoder.blocks)
    codes = RNG.uniform(-1, 1, (3, 5)).astype(np.float32)
    before = np.array(decoder(codes, condition=CONDITION))
    plain = Decoder(32, 2, seed=1)
    np.testing.assert_array_equal(plain(codes), before)
    for modulation in modulations:
        weights = modulation.modulation.get_weights()
        modulation.modulation.set_weights([w + 0.1 for w in weights])
        after = np.array(decoder(codes, condition=CONDITION))
        assert np.abs(after - before).max() > 1e-4
        before = after


def test_the_configuration_keeps_the_condition():
    decoder = Decoder(32, 2, condition_dim=7)
    again = Decoder.from_config(decoder.get_config())
    assert again.blocks[0].condition_dim == 7
