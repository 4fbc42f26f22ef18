"""z: drawing it, walking through it, and finding the one of a picture."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tfbegan.errors import ConfigError

_MOST = 100_000
_EDGE = -1 + 1e-9
"""NumPy may draw -1 itself, which is infinitely far out."""


@dataclass(frozen=True)
class LatentSearch:
    """How z is searched for.

    Attributes:
        steps: Of Adam, 1 to 100,000.
        learning_rate: Of Adam.
        restarts: Searches from different starts; the best counts.
        seed: Of the starts.
    """

    steps: int = 400
    learning_rate: float = 0.05
    restarts: int = 8
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= _MOST:
            raise ConfigError(
                f"The steps of a search must be in [1, {_MOST}]. Received:"
                f" {self.steps}"
            )


def draw_latents(
    n: int, latent_dim: int, seed: int, truncation: float = 1.0
) -> np.ndarray:
    """z from the prior, uniform in [-1, 1], or nearer to its middle.

    Args:
        n: How many.
        latent_dim: Length of each.
        seed: Equal seeds give equal z; the i-th does not depend on n.
        truncation: In [0, 1]: 1 leaves the prior as it is, less gives faces
            that are more typical and less varied, 0 gives one face.

    Returns:
        float32 [n, latent_dim].

    Raises:
        ConfigError: n, the seed or the truncation makes no sense.

    Reference:
        The truncation trick: Brock et al., "Large Scale GAN Training for
        High Fidelity Natural Image Synthesis", arXiv 1809.11096.
    """
    if not 1 <= n <= _MOST:
        raise ConfigError(
            f"The number of faces must be in [1, {_MOST}]. Received: {n}"
        )
    check_seed(seed)
    check_truncation(truncation)
    # NumPy fills row by row, so the first rows do not depend on n.
    generator = np.random.Generator(np.random.PCG64(seed))
    latents = generator.uniform(-1, 1, (n, latent_dim))
    if truncation < 1:
        # Scaled where a `Flow` takes it for a code, which has no edges: of a
        # cube that merely shrinks, the tails go before anything comes nearer.
        inside = np.maximum(latents, _EDGE)
        latents = np.tanh(truncation * np.arctanh(inside))
    return latents.astype(np.float32)


def check_truncation(truncation: float) -> None:
    """Raises ConfigError for a truncation outside of [0, 1]."""
    if not 0 <= truncation <= 1:
        raise ConfigError(
            f"The truncation must be in [0, 1]. Received: {truncation}"
        )


def check_seed(seed: int) -> None:
    """Raises ConfigError for a seed that NumPy doesn't take."""
    if not 0 <= seed < 2**63:
        raise ConfigError(f"A seed must be in [0, 2^63 - 1]. Received: {seed}")


def check_path_steps(steps: int) -> None:
    """Raises ConfigError for a way of less than 2 or more than 100,000."""
    if not 2 <= steps <= _MOST:
        raise ConfigError(
            f"The steps of a path must be in [2, {_MOST}]. Received: {steps}"
        )


def interpolate(first: np.ndarray, last: np.ndarray, steps: int) -> np.ndarray:
    """The straight way from one z to another.

    Args:
        first: float [latent_dim].
        last: float [latent_dim].
        steps: Points on it, with both ends; see `check_path_steps`.

    Returns:
        float32 [steps, latent_dim].

    Raises:
        ConfigError: The number of steps makes no sense.
    """
    check_path_steps(steps)
    share = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
    return (1 - share) * first + share * last


def find_latent(
    model: Any, image: np.ndarray, search: LatentSearch
) -> tuple[np.ndarray, float]:
    """The z whose face is nearest to a picture.

    Adam on mean |x - G(z)|, as in section 4.2 of the paper, from several
    starts at once, z kept in the cube of the prior.

    Args:
        model: A generator.
        image: float32 [S, S, 3], in [-1, 1].
        search: How.

    Returns:
        float32 [latent_dim], and the error reached.
    """
    import tensorflow as tf

    starts = draw_latents(search.restarts, model.latent_dim, search.seed)
    latents = tf.Variable(0.5 * starts)
    target = tf.constant(image[None], tf.float32)
    first = tf.Variable(tf.zeros_like(latents))
    second = tf.Variable(tf.zeros_like(latents))

    @tf.function(autograph=False)
    def improve(step: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            distance = tf.abs(target - model(latents))
            errors = tf.reduce_mean(distance, axis=(1, 2, 3))  # [restarts]
            total = tf.reduce_sum(errors)
        gradient = tape.gradient(total, latents)
        first.assign(0.9 * first + 0.1 * gradient)
        second.assign(0.999 * second + 0.001 * gradient**2)
        rate = (
            search.learning_rate
            * 0.5
            * (1 + tf.cos(np.pi * step / search.steps))
        )
        update = (first / (1 - 0.9 ** (step + 1))) / (
            tf.sqrt(second / (1 - 0.999 ** (step + 1))) + 1e-8
        )
        latents.assign(tf.clip_by_value(latents - rate * update, -1.0, 1.0))
        return errors

    best_latent, best_error = starts[0], float("inf")
    for step in range(search.steps):
        before = latents.numpy()
        errors = improve(tf.constant(step, tf.float32)).numpy()
        index = int(errors.argmin())
        if errors[index] < best_error:
            best_latent, best_error = before[index], float(errors[index])
    return best_latent, best_error
