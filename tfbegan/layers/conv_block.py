"""Two 3x3 convolutions of one size, with the paper's vanishing residuals."""

from typing import Any

import keras
from keras import ops

from tfbegan.layers.conv3x3 import Conv3x3
from tfbegan.layers.film import FiLM
from tfbegan.layers.seeds import offset_seed


@keras.saving.register_keras_serializable(package="tfbegan")
class ConvBlock(keras.layers.Layer):
    """Successive 3x3 convolutions with ELU, as in the paper's figure 1.

    With a carry c, a convolution that keeps the number of channels gives
    c * input + (1 - c) * output: the vanishing residual, which starts a
    network as the identity and ends as if it had never been there.

    Args:
        filters: Channels of the output.
        depth: Convolutions in the block.
        condition_dim: Length of a condition that modulates the output of
            every convolution (`FiLM`); 0 is a block without.
        upsample: Whether to double the size by nearest neighbours first.
        seed: Seed of the initial weights; None draws a new one.
        **kwargs: Of `keras.layers.Layer`.

    Call arguments:
        inputs: [B, H, W, C].
        carry: float [] in [0, 1], or None for a block without residuals.
        condition: float [B, condition_dim]; None for a block without.

    Output shape:
        [B, H, W, filters]; [B, 2H, 2W, filters] with `upsample`.

    Reference:
        Berthelot et al., BEGAN, arXiv 1703.10717, section 3.5.
    """

    def __init__(
        self,
        filters: int,
        depth: int = 2,
        condition_dim: int = 0,
        upsample: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.depth = depth
        self.upsample = upsample
        self.condition_dim = condition_dim
        self.seed = seed
        self.convolutions = [
            Conv3x3(
                filters,
                upsample=upsample and index == 0,
                seed=offset_seed(seed, index),
                dtype=self.dtype_policy,
                name=f"conv_{index}",
            )
            for index in range(depth)
        ]
        self.modulations = [
            FiLM(dtype=self.dtype_policy, name=f"film_{index}")
            for index in range(depth if condition_dim else 0)
        ]

    def build(self, input_shape: tuple) -> None:
        shape = tuple(input_shape)
        for convolution in self.convolutions:
            convolution.build(shape)
            shape = convolution.compute_output_shape(shape)
        for modulation in self.modulations:
            modulation.build(shape, (shape[0], self.condition_dim))

    def call(
        self, inputs: Any, carry: Any = None, condition: Any = None
    ) -> Any:
        features = inputs
        for index, convolution in enumerate(self.convolutions):
            outputs = convolution(features)
            if carry is not None and features.shape[-1] == self.filters:
                if convolution.upsample:
                    features = upsample(features)
                share = ops.cast(carry, outputs.dtype)
                outputs = share * features + (1 - share) * outputs
            if self.modulations:
                outputs = self.modulations[index](outputs, condition)
            features = outputs
        return features

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return self.convolutions[0].compute_output_shape(tuple(input_shape))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "depth": self.depth,
            "condition_dim": self.condition_dim,
            "upsample": self.upsample,
            "seed": self.seed,
        }


def upsample(features: Any) -> Any:
    """Nearest-neighbour up-sampling by 2: [B, H, W, C] to [B, 2H, 2W, C]."""
    _, height, width, channels = features.shape
    spread = ops.reshape(features, (-1, height, 1, width, 1, channels))
    spread = ops.broadcast_to(
        spread,
        (ops.shape(features)[0], height, 2, width, 2, channels),
    )
    return ops.reshape(spread, (-1, 2 * height, 2 * width, channels))
