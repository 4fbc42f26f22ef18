"""Pictures and sound of a media file, by their time stamps.

Time 0 is the container's start. Frames are never counted: variable rates, sound
that starts late and the edit lists of MP4 files (which FFmpeg applies) all
come out right because only time stamps decide.
"""

import contextlib
import functools
import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import soxr

from tfrecords_builder.reasons import Reason

_TIME_SLACK_S = 1e-3
_SOUND_SLACK_S = 0.02
_TAIL_SLACK_S = 0.5

_SEEK_MARGIN_S = 0.5
_UNINDEXED_MARGIN_S = 2.0
"""Few packets of these carry a time stamp; the first after a seek are guessed,
a frame or so beside the truth."""

_UNINDEXED_FORMATS = frozenset(["mpeg", "mpegts", "mpegvideo"])

_REFERRING_FORMATS = frozenset(
    ["concat", "dash", "hls", "image2", "imf", "lavfi", "sdp", "tty", "webvtt"]
)
"""Playlists and the like, which name other files, and text as a film."""

_MOST_PIXELS = 50_000_000
_PLAUSIBLE_ASPECTS = (0.1, 10.0)


class MediaError(Exception):
    """A file, or the rest of it, can't be decoded.

    Args:
        reason: In a word.
        detail: In a sentence.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Frame:
    """A picture, upright and with square pixels.

    Attributes:
        time_s: From the container's start.
        pixels: uint8 [H, W, 3], RGB.
    """

    time_s: float
    pixels: np.ndarray


@dataclass(frozen=True)
class Sound:
    """A piece of mono sound.

    Attributes:
        start_s: Time of the first sample, from the container's start.
        samples: float32 [N], in [-1, 1].
        sample_rate: In Hz.
    """

    start_s: float
    samples: np.ndarray
    sample_rate: int

    @property
    def end_s(self) -> float:
        """Time after the last sample."""
        return self.start_s + len(self.samples) / self.sample_rate

    def between(self, start_s: float, end_s: float) -> np.ndarray:
        """The samples of a range, zero where there is no sound.

        Returns:
            float32 [round((end_s - start_s) * sample_rate)].
        """
        count = round((end_s - start_s) * self.sample_rate)
        first = round((start_s - self.start_s) * self.sample_rate)
        piece = np.zeros(count, np.float32)
        low, high = max(0, first), min(len(self.samples), first + count)
        if low < high:
            piece[low - first : high - first] = self.samples[low:high]
        return piece


@dataclass(frozen=True)
class MediaInfo:
    """What a container says of itself, which may be wrong.

    Attributes:
        duration_s: Measured by reading the file's packets where it doesn't
            say; None if they have no time stamps either.
        frame_rate: Average, in Hz; None where it doesn't say.
        has_sound: Whether there is an audio stream.
    """

    duration_s: float | None
    frame_rate: float | None
    has_sound: bool


def probe(path: Path) -> MediaInfo:
    """Opens a file and reads its headers.

    Raises:
        MediaError: It is empty, no media file, or has no moving picture.
    """
    with _open(path) as container:
        stream = _video_stream(container)
        rate = stream.average_rate
        if container.duration:
            duration: float | None = container.duration / av.time_base
        else:
            duration = _measured_duration(container, stream)
        return MediaInfo(
            duration_s=duration,
            frame_rate=float(rate) if rate else None,
            has_sound=bool(container.streams.audio),
        )


def read_frames(path: Path, start_s: float, end_s: float) -> Iterator[Frame]:
    """The pictures of a range, in order; damaged ones are left out.

    Args:
        path: Of the file.
        start_s: Of the range; its first frame is the first at or after it.
        end_s: The range ends before it; infinity is the end of the file.

    Raises:
        MediaError: While iterating, after all that could be decoded: pictures
            of the range are damaged, or the file ends before it says it does.
    """
    with _open_at(path, _video_stream, start_s) as (reader, frames):
        tally = _Tally(start_s)
        for time_s, frame in frames:
            if time_s < start_s - _TIME_SLACK_S or time_s <= tally.last_s:
                continue
            if time_s >= end_s - _TIME_SLACK_S:
                break
            tally.count(time_s, frame)
            if not frame.is_corrupt:
                yield Frame(time_s, _upright(frame, reader.stream))
        else:
            reader.refuse_missing_tail(tally, end_s)
        tally.refuse_damage()


def read_sound(
    path: Path, start_s: float, end_s: float, sample_rate: int
) -> Sound | None:
    """The sound of a range, mono and resampled.

    Of several tracks it is the default one, as a player would choose.

    Args:
        path: Of the file.
        start_s: Of the range; may be negative.
        end_s: Of the range; infinity is the end of the file.
        sample_rate: To resample to, in Hz.

    Returns:
        What there is of it: the sound may begin later and end earlier. None
        without an audio stream, or without a sample in the range.

    Raises:
        MediaError: The file can't be opened. Damage within the sound is no
            error: what is before it is returned.
    """
    with _open(path) as container:
        if _audio_stream(container) is None:
            return None
    track = _Track(start_s)
    with (
        contextlib.suppress(_StoppedError),
        _open_at(path, _audio_stream, start_s) as (_, frames),
    ):
        for time_s, frame in frames:
            if time_s >= end_s:
                break
            track.add(time_s, frame)
    return track.sound(end_s, sample_rate)


class _StoppedError(MediaError):
    """Decoding stopped in the middle."""


class _Tally:
    """What became of the pictures of a range."""

    def __init__(self, start_s: float) -> None:
        self.last_s = -math.inf
        self.end_s = start_s
        self.total = 0
        self.damaged: list[float] = []

    def count(self, time_s: float, frame: Any) -> None:
        seconds = (frame.duration or 0) * (frame.time_base or 0)
        self.last_s, self.end_s = time_s, time_s + float(seconds)
        self.total += 1
        if frame.is_corrupt:
            self.damaged.append(time_s)

    def refuse_damage(self) -> None:
        if not self.damaged:
            return
        if self.damaged == [self.last_s] and self.total > 1:
            raise MediaError(
                Reason.TRUNCATED,
                f"The file ends within the picture at {self.last_s:.2f} s.",
            )
        raise MediaError(
            Reason.DAMAGED,
            f"{len(self.damaged)} of {self.total} pictures are damaged, the"
            f" first at {self.damaged[0]:.2f} s.",
        )


class _Reader:
    """One stream of an open container."""

    def __init__(self, container: Any, stream: Any) -> None:
        self.container = container
        self.stream = stream
        self.origin = (container.start_time or 0) / av.time_base
        # Workers are as many as cores. And how a damaged picture is mended
        # depends on the number of threads, so there is one on any machine.
        stream.codec_context.thread_count = 1

    def seek(self, time_s: float) -> None:
        with contextlib.suppress(av.error.FFmpegError):
            self.container.seek(
                round((time_s + self.origin) * av.time_base), backward=True
            )

    def frames(self) -> Iterator[tuple[float, Any]]:
        """Times and frames, stepping over packets that can't be decoded."""
        untimed = decoded = failed = 0
        for packet in self._packets():
            try:
                frames = packet.decode()
            except av.error.EOFError:
                break
            except av.error.FFmpegError:
                failed += 1
                continue
            for frame in frames:
                decoded += 1
                if frame.time is None:
                    untimed += 1
                else:
                    yield frame.time - self.origin, frame
        if failed and not decoded:
            raise _StoppedError(
                Reason.DAMAGED, "Not one packet can be decoded."
            )
        if untimed and untimed == decoded:
            raise _StoppedError(
                Reason.UNREADABLE, "Its pictures have no time stamps."
            )

    def refuse_missing_tail(self, tally: _Tally, end_s: float) -> None:
        """The stream's own length counts: sound may well outlast it."""
        stream = self.stream
        if stream.duration:
            begin = (stream.start_time or 0) * stream.time_base - self.origin
            length = float(begin + stream.duration * stream.time_base)
        elif self.container.duration:
            length = self.container.duration / av.time_base
        else:
            return
        promised = min(end_s, length)
        if tally.end_s < promised - _TAIL_SLACK_S:
            raise MediaError(
                Reason.TRUNCATED,
                f"The picture ends at {tally.end_s:.2f} s; the file says"
                f" {promised:.2f} s.",
            )

    def _packets(self) -> Iterator[Any]:
        packets = self.container.demux(self.stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.error.FFmpegError, OSError) as error:
                raise _StoppedError(
                    Reason.DAMAGED, f"Reading stopped: {_reason(error)}."
                ) from error
            yield packet


class _Track:
    """Collects decoded sound, placing it by its time stamps."""

    def __init__(self, start_s: float) -> None:
        self.start_s = start_s
        self.rate = 0
        self.first_s = 0.0
        self.pieces: list[np.ndarray] = []
        self.count = 0

    def add(self, time_s: float, frame: Any) -> None:
        samples = _mono(frame)
        if time_s + len(samples) / frame.sample_rate <= self.start_s:
            return
        if not self.pieces:
            self.rate, self.first_s = frame.sample_rate, time_s
        elif frame.sample_rate != self.rate:
            return
        gap = round((time_s - self.first_s) * self.rate) - self.count
        if abs(gap) > _SOUND_SLACK_S * self.rate:
            if gap > 0:
                self._append(np.zeros(gap, np.float32))
            else:
                samples = samples[-gap:]
        self._append(samples)

    def sound(self, end_s: float, sample_rate: int) -> Sound | None:
        if self.count == 0:
            return None
        samples = np.concatenate(self.pieces)
        skip = max(0, round((self.start_s - self.first_s) * self.rate))
        start_s = self.first_s + skip / self.rate
        stop = len(samples)
        if math.isfinite(end_s):
            stop = min(stop, round((end_s - self.first_s) * self.rate))
        samples = samples[skip:stop]
        if len(samples) == 0:
            return None
        resampled = soxr.resample(samples, self.rate, sample_rate)
        return Sound(start_s, resampled.astype(np.float32), sample_rate)

    def _append(self, samples: np.ndarray) -> None:
        self.pieces.append(samples)
        self.count += len(samples)


@functools.cache
def _open_options() -> dict[str, str]:
    """Nothing but the file itself is read, whatever it refers to."""
    formats = sorted(
        name
        for name in av.formats_available
        if not _REFERRING_FORMATS & set(name.split(","))
    )
    return {"protocol_whitelist": "file", "format_whitelist": ",".join(formats)}


@contextlib.contextmanager
def _open(path: Path) -> Iterator[Any]:
    if not path.is_file():
        raise MediaError(Reason.MISSING_FILE, "There is no such file.")
    if path.stat().st_size == 0:
        raise MediaError(Reason.EMPTY_FILE, "The file has 0 bytes.")
    try:
        container = av.open(
            str(path), metadata_errors="ignore", options=dict(_open_options())
        )
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise MediaError(
            Reason.UNREADABLE, f"FFmpeg can't open it: {_reason(error)}."
        ) from error
    with container:
        yield container


@contextlib.contextmanager
def _open_at(
    path: Path, choose: Callable[[Any], Any], start_s: float
) -> Iterator[tuple[_Reader, Iterator[tuple[float, Any]]]]:
    """A stream from a little before a time, by seeking.

    Containers without an index may land anywhere: then farther back.
    """
    margin = _SEEK_MARGIN_S
    while True:
        with _open(path) as container:
            if container.format.name in _UNINDEXED_FORMATS:
                margin = max(margin, _UNINDEXED_MARGIN_S)
            reader = _Reader(container, choose(container))
            if start_s > margin:
                reader.seek(start_s - margin)
            frames = reader.frames()
            first = next(frames, None)
            behind = first is not None and first[0] <= start_s - margin / 2
            if behind or start_s <= margin:
                head = [] if first is None else [first]
                yield reader, itertools.chain(head, frames)
                return
        margin *= 4


def _video_stream(container: Any) -> Any:
    for stream in container.streams.video:
        attached = stream.disposition & stream.disposition.attached_pic
        if not attached:
            _refuse_size(
                stream.codec_context.width, stream.codec_context.height
            )
            return stream
    raise MediaError(
        Reason.NO_VIDEO, "It has no moving picture, at most a cover."
    )


def _audio_stream(container: Any) -> Any:
    # FFmpeg overlooks one whose packets begin late in the file.
    return container.streams.best("audio") or next(
        iter(container.streams.audio), None
    )


def _measured_duration(container: Any, stream: Any) -> float | None:
    reader = _Reader(container, stream)
    times: list[float] = []
    with contextlib.suppress(_StoppedError):
        for packet in reader._packets():
            if packet.pts is not None:
                end = (packet.pts + (packet.duration or 0)) * packet.time_base
                times = [max([*times, float(end) - reader.origin])]
    return times[0] if times else None


def _refuse_size(width: int, height: int) -> None:
    if width * height > _MOST_PIXELS:
        raise MediaError(
            Reason.TOO_LARGE, f"Its pictures have {width} x {height} pixels."
        )


def _upright(frame: Any, stream: Any) -> np.ndarray:
    _refuse_size(frame.width, frame.height)
    try:
        pixels = frame.to_ndarray(format="rgb24")
    except (av.error.FFmpegError, ValueError) as error:
        raise MediaError(
            Reason.UNREADABLE,
            f"Pictures of the format {frame.format.name} can't be read.",
        ) from error
    aspect = float(stream.sample_aspect_ratio or 1)
    low, high = _PLAUSIBLE_ASPECTS
    if aspect != 1 and low <= aspect <= high:
        height, width = pixels.shape[:2]
        pixels = cv2.resize(pixels, (max(1, round(width * aspect)), height))
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels


def _mono(frame: Any) -> np.ndarray:
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if samples.dtype == np.uint8:
        samples = (samples.astype(np.float32) - 128) / 128
    elif np.issubdtype(samples.dtype, np.integer):
        samples = samples.astype(np.float32) / -float(
            np.iinfo(samples.dtype).min
        )
    return samples.astype(np.float32).mean(axis=0)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
