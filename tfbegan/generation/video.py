"""Frames and sound to a video file that says that it was generated."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import soxr
from av.video.reformatter import VideoReformatter
from PIL import Image

from tfbegan.errors import ConfigError
from tfbegan.files import atomic_path
from tfbegan.generation.hand_over import consume_beside
from tfbegan.generation.marking import container_tags, mark_gif, mark_mp4
from tfbegan.generation.provenance import Provenance
from tfbegan.media import reason

_SOUND_HZ = 48_000
"""Of the written sound: Opus knows no other, and every AAC player knows it."""

_VISIBLE_PIXELS = 256
_LARGEST_SCALE = 64
_FASTEST_GIF = 50


@dataclass(frozen=True)
class Soundtrack:
    """The sound of a video.

    Attributes:
        blocks: float32 [N, channels], in [-1, 1], one after another; louder
            samples are clipped.
        sample_rate: In Hz.
        channels: Of every block; more than 2 are written as their mean.
    """

    blocks: Iterable[np.ndarray]
    sample_rate: int
    channels: int


@dataclass(frozen=True)
class Film:
    """How a video is written.

    Attributes:
        frame_rate: Frames a second.
        provenance: What it comes from.
        scale: Whole number that width and height are multiplied by; None
            takes what makes the smaller side at least 256 pixels.
        sound: None for a silent one. A GIF has none.
    """

    frame_rate: Fraction
    provenance: Provenance
    scale: int | None = None
    sound: Soundtrack | None = None


def save_video(path: Path, pictures: Iterable[np.ndarray], film: Film) -> int:
    """Writes a generated video, whole or not at all, marked as generated.

    MP4 holds H.264 and AAC, WebM VP9 and Opus; a GIF has no sound. Memory
    does not grow with the length, but for the index that an MP4 ends with
    (some 20 MB an hour). Pictures are encoded, and the sound is read, in a
    thread of its own, while the next pictures are made in the caller's.

    Args:
        path: Of the file; .mp4, .webm or .gif.
        pictures: uint8 [H, W, 3] each, RGB, all of one size.
        film: How.

    Returns:
        How many pictures were written.

    Raises:
        ConfigError: The suffix names no format that we write, the scale makes
            no sense, a GIF is too fast, there is no picture, or FFmpeg lacks
            a codec.
        OutputError: The file can't be written.
    """
    path = Path(path)
    check_video(path, film.frame_rate, film.scale)
    kind = _FORMATS[path.suffix.lower()]
    with atomic_path(path) as temporary:
        try:
            # Copies, for a caller may paint one picture over another.
            count = consume_beside(
                map(np.array, pictures),
                lambda copies: _write(temporary, copies, film, kind),
            )
        except av.error.FFmpegError as error:
            if isinstance(error, OSError):
                raise
            raise ConfigError(
                f"FFmpeg can't write {path.name} ({reason(error)}). Choose"
                " another format or scale."
            ) from error
        if kind.mark is not None:
            kind.mark(temporary, film.provenance)
    return count


def check_video(
    path: Path, frame_rate: Fraction, scale: int | None = None
) -> None:
    """Refuses, before any work, what `save_video` can't write.

    Raises:
        ConfigError: As `save_video`, as far as can be told.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _FORMATS:
        raise ConfigError(
            f"A video's name must end in one of {', '.join(_FORMATS)}."
            f" Received: {path}"
        )
    if scale is not None and not 1 <= scale <= _LARGEST_SCALE:
        raise ConfigError(
            f"The scale must be in [1, {_LARGEST_SCALE}]. Received: {scale}"
        )
    if suffix == ".gif" and frame_rate > _FASTEST_GIF:
        raise ConfigError(
            f"A GIF can't show more than {_FASTEST_GIF} frames a second."
            f" Received: {float(frame_rate):g}. Lower --fps, or write an"
            " MP4."
        )


def _write(
    path: Path, pictures: Iterable[np.ndarray], film: Film, kind: "_Format"
) -> int:
    iterator = iter(pictures)
    first = next(iterator, None)
    if first is None:
        raise ConfigError("A video needs at least one picture. Received: none")
    with av.open(
        str(path), "w", format=kind.container, options=dict(kind.options)
    ) as container:
        container.metadata.update(container_tags(film.provenance))
        painter = _Pictures(container, kind, film, first.shape[:2])
        sound = None
        if film.sound is not None and kind.audio_codec:
            sound = _Sound(container, kind.audio_codec, film.sound)
        painter.write(first)
        for picture in iterator:
            if sound is not None:
                # It keeps pace, as players expect it.
                sound.write_until(painter.count / film.frame_rate)
            painter.write(picture)
        painter.close()
        if sound is not None:
            sound.close()
    return painter.count


class _Pictures:
    """The video stream of a container."""

    def __init__(
        self, container: Any, kind: "_Format", film: Film, size: tuple[int, int]
    ) -> None:
        scale = film.scale or max(1, -(-_VISIBLE_PIXELS // min(size)))
        self.height, self.width = (scale * side for side in size)
        self.container = container
        self.as_frame = kind.as_frame
        self.time_base = 1 / film.frame_rate
        self.count = 0
        stream = _add_stream(container, kind.video_codec, film.frame_rate)
        stream.width, stream.height = self.width, self.height
        stream.pix_fmt = kind.pixel_format
        stream.options = dict(kind.video_options)
        stream.time_base = self.time_base
        # Small pictures are encoded faster by one thread; and it makes the
        # same film the same bytes.
        stream.codec_context.thread_count = 1
        self.stream = stream
        # A new one for every frame would take more time than encoding.
        self.reformatter = VideoReformatter()

    def write(self, picture: np.ndarray) -> None:
        frame = self.as_frame(self.reformatter, picture, self._size)
        frame.pts, frame.time_base = self.count, self.time_base
        self.container.mux(self.stream.encode(frame))
        self.count += 1

    def close(self) -> None:
        self.container.mux(self.stream.encode(None))

    @property
    def _size(self) -> tuple[int, int]:
        return self.width, self.height


class _Sound:
    """The audio stream of a container."""

    def __init__(self, container: Any, codec: str, sound: Soundtrack) -> None:
        self.container = container
        self.channels = sound.channels if sound.channels <= 2 else 1
        self.layout = "stereo" if self.channels == 2 else "mono"
        self.blocks = self._resampled(sound)
        self.waiting = np.zeros((0, self.channels), np.float32)
        self.sent = 0
        self.stream = _add_stream(container, codec, _SOUND_HZ)
        self.stream.layout = self.layout
        self.stream.bit_rate = 64_000 * self.channels

    def write_until(self, time_s: Fraction) -> None:
        self._send(int(time_s * _SOUND_HZ) - self.sent)

    def close(self) -> None:
        for block in self.blocks:
            self._put(block)
        self._put(np.zeros((0, self.channels), np.float32))
        self._send(len(self.waiting))
        self.container.mux(self.stream.encode(None))

    def _send(self, count: int) -> None:
        while len(self.waiting) < count:
            block = next(self.blocks, None)
            if block is None:
                break
            self._put(block)
        samples, self.waiting = self.waiting[:count], self.waiting[count:]
        if not len(samples):
            return
        whole = (np.clip(samples, -1, 1) * 32_767).round().astype(np.int16)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(whole.reshape(1, -1)), "s16", self.layout
        )
        frame.sample_rate = _SOUND_HZ
        frame.pts, frame.time_base = self.sent, Fraction(1, _SOUND_HZ)
        self.container.mux(self.stream.encode(frame))
        self.sent += len(samples)

    def _put(self, samples: np.ndarray) -> None:
        self.waiting = np.concatenate([self.waiting, samples])

    def _resampled(self, sound: Soundtrack) -> Iterator[np.ndarray]:
        stream = None
        if sound.sample_rate != _SOUND_HZ:
            stream = soxr.ResampleStream(
                sound.sample_rate, _SOUND_HZ, self.channels
            )
        for block in sound.blocks:
            if self.channels < block.shape[1]:
                block = block.mean(axis=1, keepdims=True, dtype=np.float32)
            yield stream.resample_chunk(block) if stream else block
        if stream:
            nothing = np.zeros((0, self.channels), np.float32)
            yield stream.resample_chunk(nothing, last=True)


def _add_stream(container: Any, codec: str, rate: Fraction | int) -> Any:
    try:
        return container.add_stream(codec, rate=rate)
    except ValueError as error:
        raise ConfigError(
            f"This FFmpeg has no encoder {codec}. Install the av package from"
            " PyPI, whose wheels have it, or choose another format."
        ) from error


def _yuv_frame(
    reformatter: VideoReformatter, picture: np.ndarray, size: tuple[int, int]
) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(
        np.ascontiguousarray(picture), format="rgb24"
    )
    return reformatter.reformat(
        frame, *size, format="yuv420p", interpolation="BICUBIC"
    )


def _palette_frame(
    reformatter: VideoReformatter, picture: np.ndarray, size: tuple[int, int]
) -> av.VideoFrame:
    """With the 256 colours that fit this picture best."""
    image = Image.fromarray(picture)
    if image.size != size:
        image = image.resize(size, Image.Resampling.BICUBIC)
    # The median cut finds better colours, a hundred times more slowly.
    colours = image.quantize(256, Image.Quantize.FASTOCTREE)
    image = image.quantize(palette=colours)  # dithered: skin has no steps
    # PyAV wants opacity, red, green, blue.
    palette = np.full((256, 4), 255, np.uint8)
    values = np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
    palette[: len(values), 1:] = values
    content: Any = (np.asarray(image), palette)
    return av.VideoFrame.from_ndarray(content, format="pal8")


@dataclass(frozen=True)
class _Format:
    """A container and what goes into it."""

    container: str
    video_codec: str
    pixel_format: str
    as_frame: Callable[..., av.VideoFrame]
    video_options: tuple[tuple[str, str], ...] = ()
    audio_codec: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    mark: Callable[[Path, Provenance], None] | None = None


_FORMATS = {
    ".mp4": _Format(
        "mp4",
        "libx264",
        "yuv420p",
        _yuv_frame,
        # "ultrafast" encodes twice as fast and doubles the file; beside the
        # generator, which one waits for, nothing of that is left.
        (("preset", "veryfast"), ("crf", "18")),
        "aac",
        (("movflags", "+faststart+use_metadata_tags"),),
        mark_mp4,
    ),
    ".webm": _Format(
        "webm",
        "libvpx-vp9",
        "yuv420p",
        _yuv_frame,
        (
            ("deadline", "realtime"),
            ("cpu-used", "8"),
            ("crf", "20"),
            ("b", "0"),
        ),
        "libopus",
    ),
    ".gif": _Format(
        "gif",
        "gif",
        "pal8",
        _palette_frame,
        # Its differences between pictures go wrong where palettes differ.
        (("gifflags", "0"),),
        mark=mark_gif,
    ),
}
