"""The two networks: shapes, the paper's refinements, saving."""

import keras
import numpy as np
import pytest

from tfbegan import Autoencoder, Generator
from tfbegan.layers.conv_block import upsample


@pytest.mark.parametrize("image_size", [32, 64, 128, 256])
def test_shapes_at_every_size(image_size):
    generator = Generator(image_size, filters=2, latent_dim=5)
    images = generator(np.zeros((2, 5), np.float32))
    assert images.shape == (2, image_size, image_size, 3)
    autoencoder = Autoencoder(image_size, filters=2, latent_dim=5)
    assert autoencoder.encode(images).shape == (2, 5)
    assert autoencoder(images).shape == images.shape


def test_encoder_widens_linearly_and_ends_at_8x8():
    encoder = Autoencoder(64, filters=3, latent_dim=7).encoder
    assert [block.filters for block in encoder.blocks] == [3, 6, 9, 12]
    assert encoder.to_code.kernel.shape == (8 * 8 * 12, 7)


def test_generator_has_the_shape_of_the_discriminators_decoder():
    generator = Generator(64, filters=3, latent_dim=7)
    autoencoder = Autoencoder(64, filters=3, latent_dim=7)
    assert [w.shape for w in generator.decoder.weights] == [
        w.shape for w in autoencoder.decoder.weights
    ]


def test_upsampling_is_nearest_neighbour():
    features = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    expected = features.repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_allclose(upsample(features), expected, rtol=1e-6)


def test_skip_connections_reach_every_block():
    with_skip = Generator(64, filters=4, skip_connections=True)
    without = Generator(64, filters=4, skip_connections=False)

    def inputs(model):
        blocks = model.decoder.blocks
        return [b.convolutions[0].kernel.shape[2] for b in blocks]

    assert inputs(with_skip) == [4, 8, 8, 8]
    assert inputs(without) == [4, 4, 4, 4]


def test_full_carry_makes_blocks_the_identity():
    generator = Generator(
        32, filters=4, latent_dim=5, skip_connections=False,
        vanishing_residuals=True,
    )  # fmt: skip
    noise = np.random.default_rng(0).uniform(-1, 1, (2, 5)).astype("float32")
    generator.set_carry(1.0)
    decoder = generator.decoder
    first_map = decoder.reshape(decoder.to_map(noise))
    expected = decoder.to_rgb(upsample(upsample(first_map)))
    np.testing.assert_allclose(generator(noise), expected, atol=1e-6)
    generator.set_carry(0.0)
    assert np.abs(generator(noise) - expected).max() > 1e-3


def test_equal_seeds_give_equal_weights_and_others_do_not():
    a, b, c = (Generator(32, filters=4, seed=s) for s in (1, 1, 2))
    for first, second in zip(a.weights, b.weights, strict=True):
        np.testing.assert_array_equal(first, second)
    assert np.abs(a.weights[0] - c.weights[0]).max() > 0.01


@pytest.mark.parametrize("kind", [Generator, Autoencoder])
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_save_and_load(kind, dtype, tmp_path):
    model = kind(32, filters=4, latent_dim=6, vanishing_residuals=True,
                 dtype=dtype)  # fmt: skip
    model.set_carry(0.5)
    inputs = np.random.default_rng(0).uniform(
        -1, 1, (2, 6) if kind is Generator else (2, 32, 32, 3)
    )
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(inputs), loaded(inputs))
    assert model(inputs).dtype == "float32"
    assert np.isfinite(np.array(model(inputs))).all()
