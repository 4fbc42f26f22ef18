"""The encoder: an image to a code."""

import math
from typing import Any

import keras

from tfbegan.layers.conv3x3 import Conv3x3
from tfbegan.layers.conv_block import ConvBlock
from tfbegan.layers.seeds import offset_seed

SMALLEST_MAP = 8
"""Side of the last feature map, whatever the size of the image."""


def block_count(image_size: int) -> int:
    """Blocks of the encoder and decoder: image_size = 8 * 2^(blocks - 1)."""
    return int(math.log2(image_size // SMALLEST_MAP)) + 1


@keras.saving.register_keras_serializable(package="tfbegan")
class Encoder(keras.layers.Layer):
    """Convolutions that widen as they shrink, then a linear code.

    A 3x3 convolution to n channels; block i of two 3x3 convolutions with i*n
    channels; between blocks a convolution of stride 2 to (i+1)*n; the last
    map, 8x8, fully connected to the code without a non-linearity.

    Args:
        image_size: Side of the images in pixels, 8 times a power of 2.
        filters: The paper's n.
        latent_dim: The paper's N_h, the length of the code.
        seed: Seed of the initial weights; None draws a new one.
        **kwargs: Of `keras.layers.Layer`.

    Call arguments:
        images: float [B, image_size, image_size, 3] in [-1, 1].
        carry: float [] in [0, 1], or None without vanishing residuals.

    Output shape:
        float32 [B, latent_dim].

    Reference:
        Berthelot et al., BEGAN, arXiv 1703.10717, section 3.5 and figure 1.
    """

    def __init__(
        self,
        image_size: int,
        filters: int,
        latent_dim: int,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.image_size = image_size
        self.filters = filters
        self.latent_dim = latent_dim
        self.seed = seed
        blocks = block_count(image_size)
        policy = self.dtype_policy
        self.stem = Conv3x3(filters, seed=seed, dtype=policy, name="stem")
        self.blocks = [
            ConvBlock(
                filters * (i + 1),
                seed=offset_seed(seed, 10 * (i + 1)),
                dtype=policy,
                name=f"block_{i}",
            )
            for i in range(blocks)
        ]
        self.subsamplings = [
            Conv3x3(
                filters * (i + 2),
                strides=2,
                seed=offset_seed(seed, 10 * (i + 1) + 5),
                dtype=policy,
                name=f"subsampling_{i}",
            )
            for i in range(blocks - 1)
        ]
        self.flatten = keras.layers.Flatten(dtype=policy)
        self.to_code = keras.layers.Dense(
            latent_dim,
            kernel_initializer=keras.initializers.GlorotUniform(
                seed=offset_seed(seed, 1)
            ),
            dtype="float32",
            name="to_code",
        )

    def build(self, input_shape: tuple) -> None:
        shape = (None, self.image_size, self.image_size, 3)
        self.stem.build(shape)
        shape = self.stem.compute_output_shape(shape)
        for index, block in enumerate(self.blocks):
            block.build(shape)
            if index < len(self.subsamplings):
                self.subsamplings[index].build(shape)
                shape = self.subsamplings[index].compute_output_shape(shape)
        self.flatten.build(shape)
        self.to_code.build(self.flatten.compute_output_shape(shape))

    def call(self, images: Any, carry: Any = None) -> Any:
        return self.code_of(self.levels(images, carry)[-1])

    def levels(self, images: Any, carry: Any = None) -> list[Any]:
        """What block i gives: [B, S / 2^i, S / 2^i, (i + 1) n], for each i."""
        levels: list[Any] = []
        features = self.stem(images)
        for index, block in enumerate(self.blocks):
            levels.append(block(features, carry=carry))
            if index < len(self.subsamplings):
                features = self.subsamplings[index](levels[-1])
        return levels

    def code_of(self, last_level: Any) -> Any:
        """Of the last of `levels`: float32 [B, latent_dim]."""
        return self.to_code(self.flatten(last_level))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], self.latent_dim)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "image_size": self.image_size,
            "filters": self.filters,
            "latent_dim": self.latent_dim,
            "seed": self.seed,
        }
