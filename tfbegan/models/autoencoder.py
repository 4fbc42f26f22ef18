"""The discriminator: an autoencoder, judged by what it fails to rebuild."""

from typing import Any

import keras

from tfbegan.layers.decoder import Decoder
from tfbegan.layers.encoder import Encoder
from tfbegan.layers.seeds import offset_seed
from tfbegan.models.network import Network


@keras.saving.register_keras_serializable(package="tfbegan")
class Autoencoder(Network):
    """D: encodes an image to a short code and decodes it again.

    Args:
        image_size: Side of the images in pixels: 32, 64, 128 or 256.
        filters: The paper's n.
        latent_dim: The paper's N_h, the length of the code.
        skip_connections: Whether the decoder's h0 is concatenated after every
            up-sampling.
        vanishing_residuals: Whether the blocks carry their input.
        untied_bias: Whether every pixel of what is rebuilt has biases of its
            own; see `Decoder`.
        seed: Seed of the initial weights; None draws a new one.
        **kwargs: Of `keras.Model`.

    Call arguments:
        images: float [B, image_size, image_size, 3] in [-1, 1].

    Output shape:
        float32 [B, image_size, image_size, 3], unclipped.

    Reference:
        Berthelot et al., BEGAN, arXiv 1703.10717, section 3.5.
    """

    def __init__(
        self,
        image_size: int = 64,
        filters: int = 32,
        latent_dim: int = 64,
        skip_connections: bool = True,
        vanishing_residuals: bool = False,
        untied_bias: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(vanishing_residuals, **kwargs)
        self.image_size = image_size
        self.filters = filters
        self.latent_dim = latent_dim
        self.skip_connections = skip_connections
        self.untied_bias = untied_bias
        self.seed = seed
        self.encoder = Encoder(
            image_size,
            filters,
            latent_dim,
            seed=seed,
            dtype=self.dtype_policy,
            name="encoder",
        )
        self.decoder = Decoder(
            image_size,
            filters,
            skip_connections=skip_connections,
            untied_bias=untied_bias,
            seed=offset_seed(seed, 500),
            dtype=self.dtype_policy,
            name="decoder",
        )
        self.build((None, image_size, image_size, 3))

    def build(self, input_shape: tuple) -> None:
        if not self.encoder.built:
            self.encoder.build((None, self.image_size, self.image_size, 3))
            self.decoder.build((None, self.latent_dim))
        self.built = True

    def encode(self, images: Any) -> Any:
        """Images [B, S, S, 3] in [-1, 1] to codes float32 [B, h]."""
        return self.encoder(images, carry=self.carry)

    def describe(self, images: Any) -> tuple[Any, list[Any]]:
        """As `encode`, and what every block of the encoder gives on the way.

        Args:
            images: float [B, S, S, 3] in [-1, 1].

        Returns:
            Codes float32 [B, h], and of block i [B, S / 2^i, S / 2^i,
            (i + 1) n], the finest first.
        """
        levels = self.encoder.levels(images, carry=self.carry)
        return self.encoder.code_of(levels[-1]), levels

    def decode(self, codes: Any) -> Any:
        """Codes [B, h] to images float32 [B, S, S, 3], unclipped."""
        return self.decoder(codes, carry=self.carry)

    def call(self, images: Any) -> Any:
        return self.decode(self.encode(images))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "image_size": self.image_size,
            "filters": self.filters,
            "latent_dim": self.latent_dim,
            "skip_connections": self.skip_connections,
            "vanishing_residuals": self.vanishing_residuals,
            "untied_bias": self.untied_bias,
            "seed": self.seed,
        }
