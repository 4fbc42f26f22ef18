"""How z moves while a face speaks: not at all, or slowly around its place."""

from typing import Any

import numpy as np

from tfbegan.errors import ConfigError
from tfbegan.generation.latents import draw_latents

_WAVES = 3
_SLOWEST_HZ, _FASTEST_HZ = 0.05, 0.35

_SHUTTING_S, _SHUT_S, _OPENING_S = 0.10, 0.04, 0.16
"""Of a blink: lids fall faster than they rise."""

_APART_S = 0.5
"""Between the middles of two blinks, at least."""


class _Waves:
    """Sums of three sine waves of 0.05 to 0.35 Hz with random phases.

    A function of (seed, time) alone, so an hour takes no more memory than a
    second.
    """

    def __init__(self, count: int, seed: int) -> None:
        if not 0 <= seed < 2**63:
            raise ConfigError(
                f"A seed must be in [0, 2^63 - 1]. Received: {seed}"
            )
        generator = np.random.Generator(np.random.PCG64([seed, 1]))
        shape = (_WAVES, count)
        self._hertz = generator.uniform(_SLOWEST_HZ, _FASTEST_HZ, shape)
        self._phases = generator.uniform(0, 2 * np.pi, shape)

    def at(self, times_s: np.ndarray) -> np.ndarray:
        """float64 [T, count], in [-1, 1]."""
        times = np.asarray(times_s, np.float64)[:, None, None]
        angles = 2 * np.pi * self._hertz * times + self._phases
        return np.sin(angles).mean(axis=1)


class _Lids:
    """Blinks at random moments, on average so many a minute.

    Time is cut into equal spans with one blink each, so a moment is a function
    of (seed, span): an hour takes no more memory than a second. Two blinks
    may follow each other as soon as the first is over, and after them there
    may be none for nearly two spans, for people don't blink like clocks.

    Args:
        per_minute: How many; more than 60 are taken as 60.
        seed: Of the moments.
    """

    def __init__(self, per_minute: float, seed: int) -> None:
        self._per_s = min(per_minute, 60.0) / 60
        self._seed = seed

    def at(self, times_s: np.ndarray) -> np.ndarray:
        """How far they are shut: float64 [T], in [0, 1]."""
        times = np.asarray(times_s, np.float64)
        if not self._per_s:
            return np.zeros_like(times)
        spans, where = np.unique(
            np.floor(times * self._per_s).astype(np.int64), return_inverse=True
        )
        moments = np.array([self._moment(int(span)) for span in spans])[where]
        since = times - moments
        falling = (since + _SHUTTING_S + _SHUT_S / 2) / _SHUTTING_S
        rising = (_OPENING_S + _SHUT_S / 2 - since) / _OPENING_S
        shut = np.minimum(falling, rising).clip(0, 1)
        return shut * shut * (3 - 2 * shut)  # neither starts with a jerk

    def _moment(self, span: int) -> float:
        generator = np.random.Generator(np.random.PCG64([self._seed, 2, span]))
        margin = _APART_S / 2 * self._per_s
        return (span + generator.uniform(margin, 1 - margin)) / self._per_s


class Pose:
    """A smooth, stationary walk of z around a centre.

    A coordinate never goes farther out than the cube [-1, 1], or than its
    centre where that lies outside: near the border it moves less.

    Args:
        centre: float [latent_dim], the z that it walks around.
        movement: How far a coordinate goes at most, in [0, 1]; 0 is a still
            pose.
        seed: Of the waves.

    Raises:
        ConfigError: The movement or the seed makes no sense.
    """

    def __init__(self, centre: np.ndarray, movement: float, seed: int) -> None:
        check_movement(movement)
        self.centre = np.asarray(centre, np.float64)
        room = np.maximum(0.0, 1.0 - np.abs(self.centre))
        self.reach = np.minimum(movement, room)
        self._waves = _Waves(len(self.centre), seed)

    @property
    def largest_speed(self) -> float:
        """No coordinate moves faster: in units of z a second."""
        return float(2 * np.pi * _FASTEST_HZ * self.reach.max(initial=0))

    def at(self, times_s: np.ndarray) -> np.ndarray:
        """z at some times.

        Args:
            times_s: float [T].

        Returns:
            float32 [T, latent_dim]; [1, latent_dim] for a still pose.
        """
        if not self.reach.any():
            return self.centre[None].astype(np.float32)
        walked = self.centre + self.reach * self._waves.at(times_s)
        return walked.astype(np.float32)


class LookWalk:
    """A walk of the look as it moves in footage, without becoming another's.

    z is who speaks as well as how the head is held. So it is the look code
    that walks, along the axes in which codes move within clips, as far as
    they do there; and where it is known how codes blink, it blinks as often
    as the footage.

    Args:
        generator: With `pose`, `blinking`, `code_of` and `latent_of`, such as
            a `LoadedGenerator`.
        centre: float [latent_dim], the z that it walks around.
        movement: In [0, 1]; 1 is as far as in the footage, in standard
            deviations.
        seed: Of the waves.

    Raises:
        ConfigError: The movement or the seed makes no sense.
    """

    def __init__(
        self, generator: Any, centre: np.ndarray, movement: float, seed: int
    ) -> None:
        check_movement(movement)
        self._generator = generator
        self._code = generator.code_of(np.asarray(centre)[None])
        # The mean of so many sines has a variance of 1 / (2 * their number).
        self._axes = movement * np.sqrt(2 * _WAVES) * generator.pose
        self._waves = _Waves(len(generator.pose), seed)
        self._blinking = generator.blinking
        if self._blinking is not None:
            self._lids = _Lids(self._blinking.per_minute, seed)

    def at(self, times_s: np.ndarray) -> np.ndarray:
        """z at some times: float [T] to float32 [T, latent_dim]."""
        codes = self._code + self._waves.at(times_s) @ self._axes
        if self._blinking is not None:
            shut = self._lids.at(times_s)[:, None] * self._blinking.shut
            codes = self._blinking.opened(codes) + shut
        latents: np.ndarray = self._generator.latent_of(
            codes.astype(np.float32)
        )
        return latents


def check_movement(movement: float) -> None:
    """Raises ConfigError for a movement outside of [0, 1]."""
    if not 0 <= movement <= 1:
        raise ConfigError(
            f"The movement must be in [0, 1]. Received: {movement}"
        )


def centre_of(
    face: np.ndarray | None,
    latent_dim: int,
    seed: int,
    truncation: float = 1.0,
) -> np.ndarray:
    """Who speaks: a given z, or the first that the seed draws.

    Args:
        face: float [latent_dim], or None.
        latent_dim: Length of z.
        seed: `tfbegan generate` draws its first face from the same.
        truncation: As `draw_latents`; of a given face nothing is changed.

    Returns:
        float32 [latent_dim].

    Raises:
        ConfigError: The z has another length or is not finite, or the seed
            or the truncation makes no sense.
    """
    if face is None:
        return draw_latents(1, latent_dim, seed, truncation)[0]
    centre = np.asarray(face, np.float32)
    if centre.shape != (latent_dim,) or not np.isfinite(centre).all():
        raise ConfigError(
            f"The z of a face must be {latent_dim} finite numbers."
            f" Received the shape: {centre.shape}"
        )
    return centre
