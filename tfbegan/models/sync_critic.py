"""The sync critic: does this mouth belong to this sound?"""

import math
from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from tfbegan.config import SpeechConfig
from tfbegan.layers.audio_encoder import new_audio_encoder
from tfbegan.layers.conv3x3 import Conv3x3
from tfbegan.layers.seeds import offset_seed

_FIRST_TEMPERATURE = 0.1
_LEAST_TEMPERATURE = 0.02


@keras.saving.register_keras_serializable(package="tfbegan")
class SyncCritic(keras.Model):
    """Two small towers whose outputs are near where mouth and sound fit.

    It learns from real pairs only, by `conditioning.contrastive_loss`; what G
    makes never teaches it, so that it can't learn to like it.

    Args:
        image_size: Side of the images in pixels.
        speech: Front end and mouth box, a `SpeechConfig` or its dictionary.
        filters: Channels of the first convolution on mouths.
        embedding_dim: E, the length of an embedding.
        seed: Seed of the initial weights; None draws a new one.
        **kwargs: Of `keras.Model`.

    Reference:
        Chung, Zisserman, "Out of time: automated lip sync in the wild", 2016;
        Prajwal et al., "A lip sync expert is all you need", arXiv 2008.10010.
    """

    def __init__(
        self,
        image_size: int,
        speech: SpeechConfig | Mapping[str, Any],
        filters: int = 24,
        embedding_dim: int = 64,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        # Raw windows must arrive as they are; see AudioEncoder.
        super().__init__(**{"autocast": False, **kwargs})
        if not isinstance(speech, SpeechConfig):
            speech = SpeechConfig.from_dict(dict(speech))
        self.image_size = image_size
        self.speech = speech
        self.filters = filters
        self.embedding_dim = embedding_dim
        self.seed = seed
        self.rows, self.columns = speech.face(image_size).mouth_slices()
        policy = self.dtype_policy
        self.convolutions = [
            Conv3x3(
                filters * width,
                strides=strides,
                seed=offset_seed(seed, index),
                dtype=policy,
                name=f"mouth_conv_{index}",
            )
            for index, (width, strides) in enumerate(
                ((1, 1), (2, 2), (2, 1), (4, 2), (4, 2))
            )
        ]
        self.flatten = keras.layers.Flatten(dtype=policy)
        self.from_mouth = self._projection("from_mouth", 100)
        self.audio_encoder = new_audio_encoder(
            "compact",
            speech,
            seed=offset_seed(seed, 200),
            dtype=policy,
            name="audio_encoder",
        )
        self.from_sound = self._projection("from_sound", 300)
        self.log_temperature = self.add_weight(
            name="log_temperature",
            shape=(),
            initializer=keras.initializers.Constant(
                math.log(_FIRST_TEMPERATURE)
            ),
            dtype="float32",
        )
        self.build(None)

    def _projection(self, name: str, seed_offset: int) -> Any:
        return keras.layers.Dense(
            self.embedding_dim,
            kernel_initializer=keras.initializers.GlorotUniform(
                seed=offset_seed(self.seed, seed_offset)
            ),
            dtype=self.dtype_policy,
            name=name,
        )

    def build(self, input_shape: Any) -> None:
        if not self.from_mouth.built:
            shape: tuple = (
                None,
                self.rows.stop - self.rows.start,
                self.columns.stop - self.columns.start,
                3,
            )
            for convolution in self.convolutions:
                convolution.build(shape)
                shape = convolution.compute_output_shape(shape)
            self.from_mouth.build((None, math.prod(shape[1:])))
            self.from_sound.build((None, self.audio_encoder.dense_units[-1]))
        self.built = True

    @property
    def temperature(self) -> Any:
        """Of the softmax, learnt: float32 [], 0.02 or more."""
        return ops.maximum(ops.exp(self.log_temperature), _LEAST_TEMPERATURE)

    def embed_mouths(self, images: Any) -> Any:
        """Whole faces [B, S, S, 3] in [-1, 1] to float32 [B, E], length 1."""
        features = images[:, self.rows, self.columns]
        for convolution in self.convolutions:
            features = convolution(features)
        return _of_length_one(self.from_mouth(self.flatten(features)))

    def embed_sounds(self, windows: Any) -> Any:
        """Raw MFCC windows [B, W, n_mfcc] to float32 [B, E], length 1."""
        return _of_length_one(self.from_sound(self.audio_encoder(windows)))

    def call(self, pairs: Any) -> tuple[Any, Any]:
        """{"image": ..., "mfcc": ...} to the embeddings of both."""
        return (
            self.embed_mouths(pairs["image"]),
            self.embed_sounds(pairs["mfcc"]),
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "image_size": self.image_size,
            "speech": self.speech.to_dict(),
            "filters": self.filters,
            "embedding_dim": self.embedding_dim,
            "seed": self.seed,
        }


def _of_length_one(vectors: Any) -> Any:
    vectors = ops.cast(vectors, "float32")
    return vectors / ops.sqrt(
        ops.sum(ops.square(vectors), axis=-1, keepdims=True) + 1e-8
    )
