"""How a look code changes when eyes shut, and how often they do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from tfbegan.errors import ConfigError

MOST_PER_MINUTE = 120.0
"""Somebody who blinks more often flickers."""


@dataclass(frozen=True, eq=False)
class Blinking:
    """What a generator knows of blinks; `training.blinks` finds it.

    Attributes:
        shut: float32 [h]: what is added to a look code to shut its eyes.
        telling: float32 [h]: a code's product with it tells how far its eyes
            are shut, 1 more with them shut than open.
        open_at: That product where eyes are open, on average.
        per_minute: Blinks a minute in the footage, in [0, 120].
    """

    shut: np.ndarray
    telling: np.ndarray
    open_at: float
    per_minute: float

    @classmethod
    def from_dict(cls, content: Any, latent_dim: int) -> Self:
        """The inverse of `to_dict`.

        Args:
            content: What `to_dict` gave.
            latent_dim: h.

        Raises:
            ConfigError: It is something else, or of another h.
        """
        try:
            vectors = [
                np.asarray(content[name], np.float32)
                for name in ("shut", "telling")
            ]
            numbers = [
                float(content[name]) for name in ("open_at", "per_minute")
            ]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ConfigError(
                "`blinking` must be what `Blinking.to_dict` gives. Received:"
                f" {type(content).__name__} ({error})"
            ) from error
        finite = np.isfinite(np.concatenate([*map(np.ravel, vectors), numbers]))
        if {v.shape for v in vectors} != {(latent_dim,)} or not finite.all():
            raise ConfigError(
                f"`blinking` must have vectors of {latent_dim} finite numbers,"
                " as many as a look code has. Received the shapes:"
                f" {[v.shape for v in vectors]}"
            )
        if not 0 <= numbers[1] <= MOST_PER_MINUTE:
            raise ConfigError(
                "`blinking` must have per_minute in"
                f" [0, {MOST_PER_MINUTE:g}]. Received: {numbers[1]}"
            )
        return cls(vectors[0], vectors[1], numbers[0], numbers[1])

    def to_dict(self) -> Mapping[str, Any]:
        """As plain JSON types."""
        return {
            "shut": self.shut.tolist(),
            "telling": self.telling.tolist(),
            "open_at": self.open_at,
            "per_minute": self.per_minute,
        }

    def opened(self, codes: np.ndarray) -> np.ndarray:
        """Look codes float [N, h] with their eyes open, if they were shut."""
        closed = np.maximum(0.0, codes @ self.telling - self.open_at)
        return codes - closed[:, None] * self.shut
