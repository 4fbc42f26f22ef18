"""The decoder: a code, or noise, to an image."""

from typing import Any

import keras
from keras import ops

from tfbegan.layers.conv3x3 import Conv3x3
from tfbegan.layers.conv_block import ConvBlock, upsample
from tfbegan.layers.encoder import SMALLEST_MAP, block_count
from tfbegan.layers.seeds import offset_seed


@keras.saving.register_keras_serializable(package="tfbegan")
class Decoder(keras.layers.Layer):
    """A linear layer to 8x8xn, then blocks that double in size.

    Each block has two 3x3 convolutions with n channels and ELU; between
    blocks nearest-neighbour up-sampling; at the end a linear convolution to
    RGB. With skip connections the first map h0, up-sampled, is concatenated
    after every up-sampling.

    Args:
        image_size: Side of the images in pixels, 8 times a power of 2.
        filters: The paper's n.
        skip_connections: Whether h0 is concatenated after every up-sampling.
        condition_dim: Length of a condition that modulates every convolution
            but the last (`FiLM`); 0 is a decoder without.
        untied_bias: Whether every pixel of the image has biases of its own,
            beside those of the channels. Aligned faces have much in the same
            place that convolutions, the same everywhere, can hardly say.
            (`untie_biases` of Lasagne's layers.)
        seed: Seed of the initial weights; None draws a new one.
        **kwargs: Of `keras.layers.Layer`.

    Call arguments:
        codes: float [B, h].
        carry: float [] in [0, 1], or None without vanishing residuals.
        condition: float [B, condition_dim]; None for a decoder without.

    Output shape:
        float32 [B, image_size, image_size, 3], unclipped.

    Reference:
        Berthelot et al., BEGAN, arXiv 1703.10717, section 3.5 and figure 1.
    """

    def __init__(
        self,
        image_size: int,
        filters: int,
        skip_connections: bool = True,
        condition_dim: int = 0,
        untied_bias: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.image_size = image_size
        self.filters = filters
        self.skip_connections = skip_connections
        self.condition_dim = condition_dim
        self.untied_bias = untied_bias
        self.seed = seed
        policy = self.dtype_policy
        self.to_map = keras.layers.Dense(
            SMALLEST_MAP * SMALLEST_MAP * filters,
            kernel_initializer=keras.initializers.GlorotUniform(seed=seed),
            dtype=policy,
            name="to_map",
        )
        self.reshape = keras.layers.Reshape(
            (SMALLEST_MAP, SMALLEST_MAP, filters), dtype=policy
        )
        self.blocks = [
            ConvBlock(
                filters,
                upsample=i > 0,
                condition_dim=condition_dim,
                seed=offset_seed(seed, 10 * (i + 1)),
                dtype=policy,
                name=f"block_{i}",
            )
            for i in range(block_count(image_size))
        ]
        self.to_rgb = Conv3x3(
            3,
            activation=None,
            seed=offset_seed(seed, 1),
            dtype=policy,
            name="to_rgb",
        )

    def build(self, input_shape: tuple) -> None:
        self.to_map.build(input_shape)
        side, channels = SMALLEST_MAP, self.filters
        self.reshape.build((None, side * side * channels))
        for index, block in enumerate(self.blocks):
            if index:
                channels = self.filters * (2 if self.skip_connections else 1)
            block.build((None, side, side, channels))
            if index:
                side *= 2
        self.to_rgb.build((None, side, side, self.filters))
        if self.untied_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(side, side, 3),
                initializer="zeros",
                autocast=False,
            )

    def call(self, codes: Any, carry: Any = None, condition: Any = None) -> Any:
        first_map = self.reshape(self.to_map(codes))
        features = self.blocks[0](first_map, carry, condition)
        for block in self.blocks[1:]:
            if self.skip_connections:
                # Up-sampling both together is up-sampling each: nearest
                # neighbours commute with concatenation.
                features = ops.concatenate([features, first_map], axis=-1)
                first_map = upsample(first_map)
            features = block(features, carry, condition)
        images = ops.cast(self.to_rgb(features), "float32")
        return images + self.bias if self.untied_bias else images

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], self.image_size, self.image_size, 3)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "image_size": self.image_size,
            "filters": self.filters,
            "skip_connections": self.skip_connections,
            "condition_dim": self.condition_dim,
            "untied_bias": self.untied_bias,
            "seed": self.seed,
        }
