"""What reading and writing media files have in common."""

import functools
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from tfbegan.errors import ConfigError

_REFERRING_FORMATS = frozenset(
    ["concat", "dash", "hls", "image2", "imf", "lavfi", "sdp", "tty", "webvtt"]
)
"""Playlists and the like, which name other files, and text as a film."""

_MOST_PIXELS = 50_000_000
_PLAUSIBLE_ASPECTS = (0.1, 10.0)
_SLOWEST, _FASTEST = 1.0, 120.0

UNREADABLE = (av.error.FFmpegError, OSError, ValueError)
"""What `open_container` and `upright_pixels` raise where they can't read."""


def open_container(path: Path) -> Any:
    """Opens a file, and nothing but this file, whatever it refers to.

    Args:
        path: Of a media file that exists.

    Returns:
        An `av.container.InputContainer`.

    Raises:
        UNREADABLE: FFmpeg can't open it.
    """
    return av.open(
        str(path), metadata_errors="ignore", options=dict(_open_options())
    )


@functools.cache
def _open_options() -> dict[str, str]:
    formats = sorted(
        name
        for name in av.formats_available
        if not _REFERRING_FORMATS & set(name.split(","))
    )
    return {"protocol_whitelist": "file", "format_whitelist": ",".join(formats)}


def origin_s(container: Any) -> float:
    """The container's start in the time of its streams: time 0 of ours."""
    return (container.start_time or 0) / av.time_base


def moving_picture(container: Any) -> Any | None:
    """The first stream of pictures that is no cover."""
    for stream in container.streams.video:
        if not stream.disposition & stream.disposition.attached_pic:
            return stream
    return None


def sound_track(container: Any) -> Any | None:
    """The sound that a player would choose."""
    # FFmpeg overlooks one whose packets begin late in the file.
    return container.streams.best("audio") or next(
        iter(container.streams.audio), None
    )


def too_large(width: int, height: int, stream: Any) -> bool:
    """Whether a picture would take more memory than any footage needs.

    Args:
        width: Of the picture as it is coded.
        height: Of it.
        stream: Its stream, which knows the shape of its pixels.
    """
    return max(width, _square_width(width, stream)) * height > _MOST_PIXELS


def _square_width(width: int, stream: Any) -> int:
    """How wide a picture is once its pixels are square."""
    aspect = float(stream.sample_aspect_ratio or 1)
    low, high = _PLAUSIBLE_ASPECTS
    return max(1, round(width * aspect)) if low <= aspect <= high else width


def upright_pixels(frame: Any, stream: Any) -> np.ndarray:
    """A decoded `av.VideoFrame`, upright and with square pixels.

    Args:
        frame: Not `too_large`.
        stream: Its stream, which knows the shape of its pixels.

    Returns:
        uint8 [H, W, 3], RGB.

    Raises:
        UNREADABLE: It has a format that FFmpeg can't turn into RGB.
    """
    pixels = frame.to_ndarray(format="rgb24")
    height, width = pixels.shape[:2]
    square_width = _square_width(width, stream)
    if square_width != width:
        import cv2

        pixels = cv2.resize(pixels, (square_width, height))
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels


def opaque_pixels(image: Any) -> np.ndarray:
    """A `PIL.Image` as it was meant to be seen, whatever its mode.

    Returns:
        uint8 [H, W, 3], RGB, upright; transparent parts are white.

    Raises:
        OSError, ValueError, SyntaxError: Pillow can't decode it.
    """
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        depth = 1 if image.mode == "F" else 255 / 65_535
        grey = np.clip(np.asarray(image, np.float64) * depth, 0, 255)
        return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
    if not image.has_transparency_data:
        return np.asarray(image.convert("RGB"))
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return np.asarray(Image.alpha_composite(white, image).convert("RGB"))


def reason(error: Exception) -> str:
    """What FFmpeg says went wrong, without its numbers."""
    return getattr(error, "strerror", None) or str(error)


def frame_samples(frame: Any) -> np.ndarray:
    """The samples of a decoded `av.AudioFrame`, whatever its format.

    Returns:
        float32 [N, channels], whole numbers scaled to [-1, 1].
    """
    try:
        samples = frame.to_ndarray()
    except ValueError:  # PyAV turns not every format into an array: not s64
        (frame,) = av.AudioResampler("dblp", frame.layout).resample(frame)
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
