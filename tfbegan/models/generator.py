"""The generator: noise to a face."""

from typing import Any

import keras

from tfbegan.layers.decoder import Decoder
from tfbegan.models.network import Network


@keras.saving.register_keras_serializable(package="tfbegan")
class Generator(Network):
    """G: the discriminator's decoder, with weights of its own.

    Args:
        image_size: Side of the images in pixels: 32, 64, 128 or 256.
        filters: The paper's n.
        latent_dim: The paper's N_z, the length of z.
        skip_connections: Whether h0 is concatenated after every up-sampling.
        vanishing_residuals: Whether the blocks carry their input.
        seed: Seed of the initial weights; None draws a new one.
        **kwargs: Of `keras.Model`.

    Call arguments:
        noise: float [B, latent_dim], drawn uniformly from [-1, 1].

    Output shape:
        float32 [B, image_size, image_size, 3], in [-1, 1] but for overshoot.

    Example:
        >>> generator = Generator(image_size=32, filters=8, latent_dim=16)
        >>> generator(keras.random.uniform((4, 16), -1, 1)).shape
        TensorShape([4, 32, 32, 3])

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
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(vanishing_residuals, **kwargs)
        self.image_size = image_size
        self.filters = filters
        self.latent_dim = latent_dim
        self.skip_connections = skip_connections
        self.seed = seed
        self.decoder = Decoder(
            image_size,
            filters,
            skip_connections=skip_connections,
            seed=seed,
            dtype=self.dtype_policy,
            name="decoder",
        )
        self.build((None, latent_dim))

    def build(self, input_shape: tuple) -> None:
        if not self.decoder.built:
            self.decoder.build((None, self.latent_dim))
        self.built = True

    def call(self, noise: Any) -> Any:
        return self.decoder(noise, carry=self.carry)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return self.decoder.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "image_size": self.image_size,
            "filters": self.filters,
            "latent_dim": self.latent_dim,
            "skip_connections": self.skip_connections,
            "vanishing_residuals": self.vanishing_residuals,
            "seed": self.seed,
        }


def in_float32(generator: Generator) -> Generator:
    """A copy that computes in float32, whatever it was trained in."""
    config = generator.get_config()
    config["dtype"] = "float32"
    copy = Generator.from_config(config)
    copy.set_weights(generator.get_weights())
    return copy
