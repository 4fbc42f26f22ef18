"""What reading and writing media files have in common."""

import functools
from fractions import Fraction
from typing import Any

import av
import numpy as np

from tfbegan.errors import ConfigError

_REFERRING_FORMATS = frozenset(
    ["concat", "dash", "hls", "image2", "imf", "lavfi", "sdp", "tty", "webvtt"]
)
"""Playlists and the like, which name other files, and text as a film."""

_SLOWEST, _FASTEST = 1.0, 120.0


@functools.cache
def open_options() -> dict[str, str]:
    """FFmpeg reads nothing but the file itself, whatever it refers to."""
    formats = sorted(
        name
        for name in av.formats_available
        if not _REFERRING_FORMATS & set(name.split(","))
    )
    return {"protocol_whitelist": "file", "format_whitelist": ",".join(formats)}


def reason(error: Exception) -> str:
    """What FFmpeg says went wrong, without its numbers."""
    return getattr(error, "strerror", None) or str(error)


def frame_samples(frame: Any) -> np.ndarray:
    """The samples of a decoded `av.AudioFrame`, whatever its format.

    Returns:
        float32 [N, channels], whole numbers scaled to [-1, 1].
    """
    samples = frame.to_ndarray()
    if frame.format.is_planar:
        samples = samples.T
    else:
        samples = samples.reshape(-1, frame.layout.nb_channels)
    return scaled_samples(samples)


def scaled_samples(samples: np.ndarray) -> np.ndarray:
    """Samples as float32, whole numbers scaled to [-1, 1]."""
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - 128) / 128
    if np.issubdtype(samples.dtype, np.integer):
        scale = -float(np.iinfo(samples.dtype).min)
        return samples.astype(np.float32) / np.float32(scale)
    return samples.astype(np.float32)


def exact_frame_rate(fps: float) -> Fraction:
    """Frames a second as the fraction that video files mean by it.

    Args:
        fps: In [1, 120]; 29.97 becomes 30000/1001.

    Raises:
        ConfigError: It is outside of that.
    """
    if not _SLOWEST <= fps <= _FASTEST:
        raise ConfigError(
            f"The frame rate must be in [{_SLOWEST:g}, {_FASTEST:g}] frames a"
            f" second. Received: {fps}"
        )
    if abs(fps - round(fps)) > 1e-6:
        broadcast = Fraction(round(fps) * 1_000, 1_001)
        if abs(float(broadcast) - fps) < 0.01:
            return broadcast
    return Fraction(fps).limit_denominator(1_001)
