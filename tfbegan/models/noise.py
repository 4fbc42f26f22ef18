"""Random numbers without state: functions of a seed and a step.

Keras' SeedGenerator is neither saved nor different from replica to replica, so
a resumed run would repeat or skip noise. Here step n of a seed always draws
the same.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tfbegan.models.replicas import rows_of_replica

_LATENTS, _PRIOR, _DIRECTIONS, _COINS, _JITTER = range(5)
_PRIOR_SAMPLES_PER_CODE = 8
_DIRECTIONS_PER_STEP = 256


def draw_prior(seed: Any, count: Any, latent_dim: int) -> tf.Tensor:
    """z: uniform in [-1, 1], float32 [count, latent_dim].

    Args:
        seed: int64 [2]; equal seeds draw equal numbers.
        count: Rows.
        latent_dim: Columns.
    """
    return tf.random.stateless_uniform((count, latent_dim), seed, -1.0, 1.0)


class StepNoise:
    """What a step draws: equal for equal seed and step, also when resumed.

    On several replicas each gets its rows of what is drawn for the whole
    batch, and all get the same directions.

    Args:
        seed: Of the run.
        step: Steps done, an int64 variable.
        latent_dim: h.
    """

    def __init__(self, seed: int, step: Any, latent_dim: int) -> None:
        self._seed = seed
        self._step = step
        self._latent_dim = latent_dim

    def latents(self, count: Any) -> tf.Tensor:
        """z, float32 [count, h]."""
        return self._rows(_LATENTS, count, self._uniform)

    def prior(self, count: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """What so many codes are compared with, and along which directions.

        Returns:
            Samples of the prior, float32 [8 count, h], and unit vectors in all
            directions alike, float32 [256, h]. See
            `equilibrium.sliced_wasserstein`.
        """
        shape = (_DIRECTIONS_PER_STEP, self._latent_dim)
        directions = tf.random.stateless_normal(
            shape, self._seed_of(_DIRECTIONS)
        )
        return (
            self._rows(_PRIOR, _PRIOR_SAMPLES_PER_CODE * count, self._uniform),
            tf.math.l2_normalize(directions, axis=1),
        )

    def coins(self, count: Any) -> tf.Tensor:
        """Uniform in [0, 1), float32 [count]."""
        return self._rows(
            _COINS,
            count,
            lambda rows, seed: tf.random.stateless_uniform((rows,), seed),
        )

    def jitter(self, count: Any) -> tf.Tensor:
        """Normal of standard deviation 1, float32 [count, h]."""
        return self._rows(
            _JITTER,
            count,
            lambda rows, seed: tf.random.stateless_normal(
                (rows, self._latent_dim), seed
            ),
        )

    def _uniform(self, rows: Any, seed: tf.Tensor) -> tf.Tensor:
        return draw_prior(seed, rows, self._latent_dim)

    def _rows(
        self,
        purpose: int,
        count: Any,
        draw: Callable[[Any, tf.Tensor], tf.Tensor],
    ) -> tf.Tensor:
        seed = self._seed_of(purpose)
        return rows_of_replica(lambda rows: draw(rows, seed), count)

    def _seed_of(self, purpose: int) -> tf.Tensor:
        """A seed of this step, for one purpose; the same on every replica."""
        seed = tf.random.fold_in(
            [self._seed, 0], tf.constant(purpose, tf.int64)
        )
        return tf.random.fold_in(seed, tf.convert_to_tensor(self._step))
