"""Two 3x3 convolutions of one size, with the paper's vanishing residuals."""

from typing import Any

import keras
from keras import ops

from tfbegan.layers.conv3x3 import Conv3x3
from tfbegan.layers.film import FiLM


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
        seed: Seed of the initial weights; None draws a new one.
        **kwargs: Of `keras.layers.Layer`.

    Call arguments:
        inputs: [B, H, W, C].
        carry: float [] in [0, 1], or None for a block without residuals.
        condition: float [B, condition_dim]; None for a block without.

    Output shape:
        [B, H, W, filters].

    Reference:
        Berthelot et al., BEGAN, arXiv 1703.10717, section 3.5.
    """

    def __init__(
        self,
        filters: int,
        depth: int = 2,
        condition_dim: int = 0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.depth = depth
        self.condition_dim = condition_dim
        self.seed = seed
        self.convolutions = [
            Conv3x3(
                filters,
                seed=None if seed is None else seed + index,
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
            shape = (*shape[:-1], self.filters)
        for modulation in self.modulations:
            modulation.build(shape, (shape[0], self.condition_dim))

    def call(
        self, inputs: Any, carry: Any = None, condition: Any = None
    ) -> Any:
        features = inputs
        for index, convolution in enumerate(self.convolutions):
            outputs = convolution(features)
            if carry is not None and features.shape[-1] == self.filters:
                share = ops.cast(carry, outputs.dtype)
                outputs = share * features + (1 - share) * outputs
            if self.modulations:
                outputs = self.modulations[index](outputs, condition)
            features = outputs
        return features

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (*input_shape[:-1], self.filters)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "depth": self.depth,
            "condition_dim": self.condition_dim,
            "seed": self.seed,
        }
