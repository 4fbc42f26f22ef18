"""A normalising flow: from the cube of z to where codes really are."""

from typing import Any

import keras
import numpy as np
from keras import ops

from tfbegan.errors import ConfigError

_EDGE = 1.0 - 1e-4
"""z at the very edge of the cube would have a code infinitely far away."""

_LARGEST_LOG_SCALE = 2.0


@keras.saving.register_keras_serializable(package="tfbegan")
class Flow(keras.layers.Layer):
    """An invertible map between z ~ U(-1, 1) and codes of any distribution.

    A few affine couplings as in Real NVP. What `negative_log_likelihood`
    teaches it is the distribution of the codes that it is shown: clusters,
    bent surfaces, wide and narrow directions. The code of a uniform z is then
    like one of theirs, and the z of a code is uniform.

    Args:
        couplings: How many, at least 2.
        hidden_units: Of the two hidden layers of each coupling's network.
        seed: Seed of the initial weights; None draws a new one.
        **kwargs: Of `keras.layers.Layer`. In half precision the inverse is no
            inverse any more: take dtype="float32".

    Call arguments:
        noise: z, float [B, h] in [-1, 1], h at least 2.

    Output shape:
        Codes, float [B, h]. Before training they are 2 / pi artanh(z), in
        another order: logistic, with z's standard deviation.

    Raises:
        ConfigError: There are less than 2 couplings, or h is 1.

    Example:
        >>> Flow()(keras.random.uniform((4, 16), -1, 1)).shape
        TensorShape([4, 16])

    Reference:
        Dinh, Sohl-Dickstein, Bengio, "Density estimation using Real NVP",
        arXiv 1605.08803.
    """

    def __init__(
        self,
        couplings: int = 6,
        hidden_units: int = 64,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if couplings < 2:
            raise ConfigError(
                "A flow needs 2 couplings or more, or half of each code is"
                f" never looked at. Received: couplings={couplings}"
            )
        self.couplings = couplings
        self.hidden_units = hidden_units
        self.seed = seed
        self.networks: list[Any] = []
        self.scale: Any = None
        self.shift: Any = None

    def build(self, input_shape: tuple) -> None:
        width = input_shape[-1]
        if width < 2:
            raise ConfigError(
                "A flow couples one half of a code with the other, so a code"
                f" must have 2 numbers or more. Received: {width}"
            )
        self.kept = width // 2
        self.changed = width - self.kept
        self.order = _shuffle(width)
        self.networks = [
            self._new_network(index) for index in range(self.couplings)
        ]
        for network in self.networks:
            network.build((None, self.kept))
        # Of every number at the z end: one coupling leaves half of them as
        # they are.
        self.scale = self.add_weight(
            name="log_scale", shape=(width,), initializer="zeros"
        )
        self.shift = self.add_weight(
            name="shift", shape=(width,), initializer="zeros"
        )
        self.built = True

    def _new_network(self, index: int) -> keras.Sequential:
        def dense(units: int, number: int, **more: Any) -> keras.layers.Dense:
            return keras.layers.Dense(
                units, dtype=self.dtype_policy, name=f"dense_{number}", **more
            )

        def weights(number: int) -> Any:
            seed = None if self.seed is None else self.seed + 2 * index + number
            return keras.initializers.GlorotUniform(seed)

        hidden = {"activation": "elu"}
        return keras.Sequential(
            [
                dense(
                    self.hidden_units,
                    0,
                    kernel_initializer=weights(0),
                    **hidden,
                ),
                dense(
                    self.hidden_units,
                    1,
                    kernel_initializer=weights(1),
                    **hidden,
                ),
                # A new coupling changes nothing.
                dense(2 * self.changed, 2, kernel_initializer="zeros"),
            ],
            name=f"coupling_{index}",
        )

    def call(self, noise: Any) -> Any:
        noise = ops.clip(noise, -_EDGE, _EDGE)
        values = 2.0 * ops.arctanh(noise)  # logistic
        values = (values - self.shift) * ops.exp(-self.scale)
        for network in reversed(self.networks):
            kept, changed = self._split(values)
            log_scale, shift = self._of(network, kept)
            changed = (changed - shift) * ops.exp(-log_scale)
            values = ops.concatenate([kept, changed], axis=-1)
            values = ops.take(values, np.argsort(self.order), axis=-1)
        return values / np.pi

    def invert(self, codes: Any) -> Any:
        """The z of codes: float [B, h] to the same, in [-1, 1]."""
        values, _ = self._to_logistic(codes)
        return ops.tanh(0.5 * values)

    def negative_log_likelihood(self, codes: Any) -> Any:
        """How little the flow expects codes: its loss.

        Args:
            codes: float [B, h].

        Returns:
            float [], in nats for each number of a code, mean over the batch.
        """
        values, log_volume = self._to_logistic(codes)
        # The logistic density is e^-|v| / (1 + e^-|v|)^2.
        magnitude = ops.abs(values)
        surprise = magnitude + 2.0 * ops.softplus(-magnitude)  # [B, h]
        return ops.mean(surprise) - ops.mean(log_volume) / codes.shape[-1]

    def _to_logistic(self, codes: Any) -> tuple[Any, Any]:
        """float [B, h], and by how much the log of a volume grows: [B]."""
        # A logistic variable has pi times the deviation of U(-1, 1).
        values = np.pi * codes
        log_volume = codes.shape[-1] * np.log(np.pi) + ops.sum(self.scale)
        for network in self.networks:
            values = ops.take(values, self.order, axis=-1)
            kept, changed = self._split(values)
            log_scale, shift = self._of(network, kept)
            changed = changed * ops.exp(log_scale) + shift
            values = ops.concatenate([kept, changed], axis=-1)
            log_volume += ops.sum(log_scale, axis=-1)
        return values * ops.exp(self.scale) + self.shift, log_volume

    def _split(self, values: Any) -> tuple[Any, Any]:
        return values[:, : self.kept], values[:, self.kept :]

    def _of(self, network: Any, kept: Any) -> tuple[Any, Any]:
        """The logarithm of the scale, bounded, and the shift."""
        log_scale, shift = ops.split(network(kept), 2, axis=-1)
        bound = _LARGEST_LOG_SCALE
        return bound * ops.tanh(log_scale / bound), shift

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "couplings": self.couplings,
            "hidden_units": self.hidden_units,
            "seed": self.seed,
        }


def _shuffle(width: int) -> np.ndarray:
    """The riffle of both halves, by which all numbers meet: int [width]."""
    order = np.empty(width, int)
    order[0::2] = np.arange(width // 2, width)
    order[1::2] = np.arange(width // 2)
    return order
