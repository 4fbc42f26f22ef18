"""A convolution after up-sampling, and biases that learn in full."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfbegan.layers.conv3x3 import Conv3x3
from tfbegan.layers.conv_block import upsample


@pytest.mark.parametrize("shape", [(2, 8, 8, 6), (3, 4, 4, 1)])
def test_upsampling_is_nearest_neighbours_and_then_the_same_convolution(
    shape: tuple[int, ...],
) -> None:
    plain = Conv3x3(5, seed=0)
    joined = Conv3x3(5, upsample=True, seed=0)
    features = keras.random.normal(shape, seed=1)
    plain.build((None, *shape[1:]))
    joined.build((None, *shape[1:]))
    joined.set_weights([plain.get_weights()[0], np.arange(5.0)])
    plain.set_weights(joined.get_weights())

    with tf.GradientTape(persistent=True) as tape:
        tape.watch(features)
        expected = plain(upsample(features))
        actual = joined(features)
        losses = [tf.reduce_sum(y * tf.abs(y)) for y in (expected, actual)]

    assert actual.shape == expected.shape
    assert joined.compute_output_shape(shape) == tuple(expected.shape)
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)
    for of_plain, of_joined in zip(
        tape.gradient(losses[0], [features, plain.kernel, plain.bias]),
        tape.gradient(losses[1], [features, joined.kernel, joined.bias]),
        strict=True,
    ):
        np.testing.assert_allclose(of_joined, of_plain, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("upsampled", [False, True])
def test_gradient_of_the_bias_is_a_sum_also_in_half_precision(
    upsampled: bool,
) -> None:
    layer = Conv3x3(
        8, upsample=upsampled, activation=None, seed=0, dtype="mixed_bfloat16"
    )
    features = keras.random.normal((8, 64, 64, 3), seed=1)
    weights = keras.random.uniform((8,), 0.5, 1.5, seed=2)
    layer.build(features.shape)
    with tf.GradientTape() as tape:
        outputs = layer(features)
        loss = tf.reduce_sum(tf.cast(outputs, tf.float32) * weights)
    pixels = np.prod(outputs.shape[:3])
    # The weights alone are rounded: to 8 bits.
    np.testing.assert_allclose(
        tape.gradient(loss, layer.bias), pixels * weights, rtol=2**-7
    )
