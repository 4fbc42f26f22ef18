"""The audio encoder: a window of MFCC to a vector of features."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from tfbegan.config import SpeechConfig
from tfbegan.errors import ConfigError
from tfbegan.layers.conv3x3 import Conv3x3
from tfbegan.layers.seeds import offset_seed


@keras.saving.register_keras_serializable(package="tfbegan")
class AudioEncoder(keras.layers.Layer):
    """A shallow convolutional network over (time, coefficient).

    Conv(3x3, 64), Conv(3x3, 128), Pool(2), Conv(3x3, 256), Conv(3x3, 512),
    Dense(512), Dense(256), with ELU between them and a layer normalisation at
    the end: without activations and normalisation the stack is one linear
    map, whose output hardly varies with the sound.

    Args:
        conv_filters: Channels of the 3x3 convolutions.
        pool_after: The 2x2 max pooling follows so many convolutions.
        dense_units: Units of the fully connected layers; the last is the
            length of the output.
        last_stride: Of the last convolution; 2 leaves a quarter of the
            weights, nearly all of which are in the first Dense.
        mean: Subtracted from the windows, per coefficient; None for windows
            that are normalised already.
        std: Divided by, per coefficient; None likewise.
        seed: Seed of the initial weights; None draws a new one.
        **kwargs: Of `keras.layers.Layer`.

    Input shape:
        float [B, frames, n_mfcc].

    Output shape:
        float [B, dense_units[-1]], of mean 0 and variance 1 per sample.

    Raises:
        ConfigError: The pooling lies outside of the convolutions, there is
            nothing to stack, or the input's shape is not known.

    Example:
        >>> AudioEncoder()(keras.random.normal((2, 35, 13))).shape
        TensorShape([2, 256])
    """

    def __init__(
        self,
        conv_filters: Sequence[int] = (64, 128, 256, 512),
        pool_after: int = 2,
        dense_units: Sequence[int] = (512, 256),
        last_stride: int = 1,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        # Raw windows must arrive as they are, see _normalised.
        super().__init__(**{"autocast": False, **kwargs})
        self.conv_filters = tuple(conv_filters)
        self.pool_after = pool_after
        self.dense_units = tuple(dense_units)
        self.last_stride = last_stride
        self.mean = None if mean is None else tuple(map(float, mean))
        self.std = None if std is None else tuple(map(float, std))
        self.seed = seed
        if not self.conv_filters or not self.dense_units:
            raise ConfigError(
                "An AudioEncoder needs a convolution and a fully connected"
                f" layer. Received: conv_filters={conv_filters!r},"
                f" dense_units={dense_units!r}"
            )
        if not 1 <= pool_after <= len(self.conv_filters):
            raise ConfigError(
                f"pool_after must be in [1, {len(self.conv_filters)}]."
                f" Received: pool_after={pool_after}"
            )
        policy = self.dtype_policy
        self.convolutions = [
            Conv3x3(
                filters,
                strides=(
                    last_stride if index == len(self.conv_filters) - 1 else 1
                ),
                seed=offset_seed(self.seed, index),
                dtype=policy,
                name=f"conv_{index}",
            )
            for index, filters in enumerate(self.conv_filters)
        ]
        self.pool = keras.layers.MaxPooling2D(2, dtype=policy, name="pool")
        self.flatten = keras.layers.Flatten(dtype=policy, name="flatten")
        self.dense = [
            keras.layers.Dense(
                units,
                # The output is normalised instead.
                activation="elu" if index < len(self.dense_units) - 1 else None,
                kernel_initializer=keras.initializers.GlorotUniform(
                    seed=offset_seed(self.seed, 100 + index)
                ),
                dtype=policy,
                name=f"dense_{index}",
            )
            for index, units in enumerate(self.dense_units)
        ]
        self.normalization = keras.layers.LayerNormalization(
            dtype=policy, name="normalization"
        )

    def build(self, input_shape: tuple) -> None:
        if len(input_shape) != 3 or None in input_shape[1:]:
            raise ConfigError(
                "An AudioEncoder takes [batch, frames, n_mfcc] with frames and"
                f" n_mfcc known. Received: {tuple(input_shape)}"
            )
        shape: tuple = (*input_shape, 1)
        for index, convolution in enumerate(self.convolutions):
            convolution.build(shape)
            shape = convolution.compute_output_shape(shape)
            if index + 1 == self.pool_after:
                self.pool.build(shape)
                shape = self.pool.compute_output_shape(shape)
        self.flatten.build(shape)
        shape = self.flatten.compute_output_shape(shape)
        for layer in self.dense:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.normalization.build(shape)

    def call(self, windows: Any) -> Any:
        features = ops.expand_dims(self._normalised(windows), -1)
        # [B, frames, n_mfcc, 1]
        for index, convolution in enumerate(self.convolutions):
            features = convolution(features)
            if index + 1 == self.pool_after:
                features = self.pool(features)
        features = self.flatten(features)
        for layer in self.dense:
            features = layer(features)
        return self.normalization(features)

    def _normalised(self, windows: Any) -> Any:
        """In float32: a raw c0 of some hundreds has no decimals in half."""
        windows = ops.cast(windows, "float32")
        if self.mean is not None:
            windows = windows - np.array(self.mean, np.float32)
        if self.std is not None:
            windows = windows / np.array(self.std, np.float32)
        return ops.cast(windows, self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], self.dense_units[-1])

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "conv_filters": self.conv_filters,
            "pool_after": self.pool_after,
            "dense_units": self.dense_units,
            "last_stride": self.last_stride,
            "mean": self.mean,
            "std": self.std,
            "seed": self.seed,
        }


_SIZES: dict[str, dict[str, Any]] = {
    "full": {},
    "compact": {
        "conv_filters": (32, 48, 64, 96),
        "dense_units": (256, 256),
        "last_stride": 2,
    },
}


def new_audio_encoder(
    size: str, speech: SpeechConfig, **kwargs: Any
) -> AudioEncoder:
    """An encoder of raw windows, "compact" or "full", and built.

    The compact one has a fortieth of the weights and served as well
    (docs/results/audio.md).

    Args:
        size: "compact" or "full".
        speech: The front end whose windows it will get.
        **kwargs: Of `AudioEncoder`, such as `seed`.
    """
    encoder = AudioEncoder(
        **_SIZES[size],
        mean=speech.mfcc_mean,
        std=speech.mfcc_std,
        **kwargs,
    )
    encoder.build((None, speech.audio.window_frames, speech.audio.n_mfcc))
    return encoder
