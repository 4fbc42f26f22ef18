"""Pictures and sound of a media file, by their time stamps.

Time 0 is the container's start. Frames are never counted: variable rates, sound
that starts late and the edit lists of MP4 files (which FFmpeg applies) all
come out right because only time stamps decide.
"""

import contextlib
import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import soxr

from tfbegan.media import (
    UNREADABLE,
    frame_samples,
    moving_picture,
    open_container,
    origin_s,
    reason,
    sound_track,
    too_large,
    upright_pixels,
)
from tfrecords_builder.reasons import Reason

_TIME_SLACK_S = 1e-3
_SOUND_SLACK_S = 0.02
_TAIL_SLACK_S = 0.5

_SEEK_MARGIN_S = 0.5
_UNINDEXED_MARGIN_S = 2.0
"""Few packets of these carry a time stamp; the first after a seek are guessed,
a frame or so beside the truth."""

_UNINDEXED_FORMATS = frozenset(["mpeg", "mpegts", "mpegvideo"])


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
        if sound_track(container) is None:
            return None
    track = _Track(start_s)
    with (
        contextlib.suppress(_StoppedError),
        _open_at(path, sound_track, start_s) as (_, frames),
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
        self.origin = origin_s(container)
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
        try:
            yield from self.container.demux(self.stream)
        except (av.error.FFmpegError, OSError) as error:
            raise _StoppedError(
                Reason.DAMAGED, f"Reading stopped: {reason(error)}."
            ) from error


class _Track:
    """Collects decoded sound, placing it by its time stamps."""

    def __init__(self, start_s: float) -> None:
        self.start_s = start_s
        self.rate = 0
        self.first_s = 0.0
        self.pieces: list[np.ndarray] = []
        self.count = 0

    def add(self, time_s: float, frame: Any) -> None:
        samples = frame_samples(frame).mean(axis=1)
        samples[~np.isfinite(samples)] = 0  # damaged: silence, as elsewhere
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


@contextlib.contextmanager
def _open(path: Path) -> Iterator[Any]:
    if not path.is_file():
        raise MediaError(Reason.MISSING_FILE, "There is no such file.")
    if path.stat().st_size == 0:
        raise MediaError(Reason.EMPTY_FILE, "The file has 0 bytes.")
    try:
        container = open_container(path)
    except UNREADABLE as error:
        raise MediaError(
            Reason.UNREADABLE, f"FFmpeg can't open it: {reason(error)}."
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
    stream = moving_picture(container)
    if stream is None:
        raise MediaError(
            Reason.NO_VIDEO, "It has no moving picture, at most a cover."
        )
    _refuse_size(stream.codec_context, stream)
    return stream


def _measured_duration(container: Any, stream: Any) -> float | None:
    reader = _Reader(container, stream)
    times: list[float] = []
    with contextlib.suppress(_StoppedError):
        for packet in reader._packets():
            if packet.pts is not None:
                end = (packet.pts + (packet.duration or 0)) * packet.time_base
                times = [max([*times, float(end) - reader.origin])]
    return times[0] if times else None


def _refuse_size(picture: Any, stream: Any) -> None:
    if too_large(picture.width, picture.height, stream):
        raise MediaError(
            Reason.TOO_LARGE,
            f"Its pictures have {picture.width} x {picture.height} pixels.",
        )


def _upright(frame: Any, stream: Any) -> np.ndarray:
    _refuse_size(frame, stream)
    try:
        return upright_pixels(frame, stream)
    except UNREADABLE as error:
        raise MediaError(
            Reason.UNREADABLE,
            f"Pictures of the format {frame.format.name} can't be read.",
        ) from error
