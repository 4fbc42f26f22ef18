"""Random numbers without state: functions of a seed and a step.

Keras' SeedGenerator is neither saved nor different from replica to replica, so
a resumed run would repeat or skip noise. Here step n of a seed always draws
the same.
"""

from typing import Any

import tensorflow as tf


def draw_prior(seed: Any, count: Any, latent_dim: int) -> tf.Tensor:
    """z: uniform in [-1, 1], float32 [count, latent_dim].

    Args:
        seed: int64 [2]; equal seeds draw equal numbers.
        count: Rows.
        latent_dim: Columns.
    """
    return tf.random.stateless_uniform((count, latent_dim), seed, -1.0, 1.0)


def draw_directions(seed: Any, count: int, latent_dim: int) -> tf.Tensor:
    """Uniformly distributed unit vectors, float32 [count, latent_dim].

    Args:
        seed: int64 [2]; equal seeds draw equal numbers.
        count: Rows.
        latent_dim: Columns.
    """
    return tf.math.l2_normalize(
        tf.random.stateless_normal((count, latent_dim), seed), axis=1
    )


def draw_coins(seed: Any, count: Any) -> tf.Tensor:
    """Uniform in [0, 1), float32 [count].

    Args:
        seed: int64 [2]; equal seeds draw equal numbers.
        count: How many.
    """
    return tf.random.stateless_uniform((count,), seed)


def draw_jitter(seed: Any, count: Any, latent_dim: int) -> tf.Tensor:
    """Normal of standard deviation 1, float32 [count, latent_dim].

    Args:
        seed: int64 [2]; equal seeds draw equal numbers.
        count: Rows.
        latent_dim: Columns.
    """
    return tf.random.stateless_normal((count, latent_dim), seed)
