"""What the two networks of a BEGAN have in common."""

from typing import Any

import keras


class Network(keras.Model):
    """A network that may still be fading out its vanishing residuals.

    The carry c is a weight, not an argument, so that a network saved in the
    middle of the fading computes the same when it is loaded.

    Args:
        vanishing_residuals: Whether there is a carry. It starts at 1.
        **kwargs: Of `keras.Model`.
    """

    def __init__(self, vanishing_residuals: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.vanishing_residuals = vanishing_residuals
        self.carry = None
        if vanishing_residuals:
            self.carry = self.add_weight(
                name="carry",
                shape=(),
                initializer="ones",
                dtype="float32",
                trainable=False,
            )

    def set_carry(self, value: Any) -> None:
        """Sets c, in [0, 1]; without vanishing residuals does nothing."""
        if self.carry is not None:
            self.carry.assign(value)
