"""Feature-wise linear modulation: a condition scales and shifts channels."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="tfbegan")
class FiLM(keras.layers.Layer):
    """Scales and shifts every channel as a condition says.

    features * (1 + tanh(scale)) + shift, both linear in the condition and 0
    at first, so that a new layer is the identity. The gain is bounded because
    an unbounded one let training explode.

    Args:
        **kwargs: Of `keras.layers.Layer`.

    Call arguments:
        features: [B, H, W, C].
        condition: [B, F].

    Output shape:
        [B, H, W, C].

    Reference:
        Perez et al., "FiLM: Visual Reasoning with a General Conditioning
        Layer", arXiv 1709.07871.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.modulation: Any = None

    def build(self, features_shape: tuple, condition_shape: tuple) -> None:
        self.modulation = keras.layers.Dense(
            2 * features_shape[-1],
            kernel_initializer="zeros",
            dtype=self.dtype_policy,
            name="modulation",
        )
        self.modulation.build(condition_shape)

    def call(self, features: Any, condition: Any) -> Any:
        scale, shift = ops.split(
            self.modulation(condition)[:, None, None], 2, axis=-1
        )  # [B, 1, 1, C] each
        return features * (1 + ops.tanh(scale)) + shift

    def compute_output_shape(
        self, features_shape: tuple, condition_shape: tuple
    ) -> tuple:
        return tuple(features_shape)
