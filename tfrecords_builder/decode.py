"""Pictures and sound of a media file, by their time stamps.

Time 0 is the container's start. Frames are never counted: variable rates, sound
that starts late and the edit lists of MP4 files (which FFmpeg applies) all
come out right because only time stamps decide.
"""

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import soxr

from tfrecords_builder.reasons import Reason

_SEEK_MARGIN_S = 0.5
_TIME_SLACK_S = 1e-3
_SOUND_SLACK_S = 0.02
_TAIL_SLACK_S = 0.5


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
        duration_s: None where it doesn't say.
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
        duration = container.duration
        rate = stream.average_rate
        return MediaInfo(
            duration_s=duration / av.time_base if duration else None,
            frame_rate=float(rate) if rate else None,
            has_sound=bool(container.streams.audio),
        )


def read_frames(path: Path, start_s: float, end_s: float) -> Iterator[Frame]:
    """The pictures of a range, in order.

    Args:
        path: Of the file.
        start_s: Of the range; its first frame is the first at or after it.
        end_s: The range ends before it; infinity is the end of the file.

    Raises:
        MediaError: While iterating, after all that could be decoded: the
            file is damaged, or ends before it says it does.
    """
    with _open(path) as container:
        stream = _video_stream(container)
        stream.thread_type = "AUTO"
        origin = _origin(container)
        if start_s > _SEEK_MARGIN_S:
            _seek(container, start_s - _SEEK_MARGIN_S + origin)
        last = -math.inf
        for frame in _decoded(container, stream):
            if frame.time is None or frame.is_corrupt:
                continue
            time_s = frame.time - origin
            if time_s < start_s - _TIME_SLACK_S or time_s <= last:
                continue
            if time_s >= end_s - _TIME_SLACK_S:
                return
            last = time_s
            yield Frame(time_s, _upright(frame, stream))
        _refuse_missing_tail(container, stream, max(last, start_s), end_s)


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
    """
    with _open(path) as container:
        stream = container.streams.best("audio")
        if stream is None:
            return None
        origin = _origin(container)
        if start_s > _SEEK_MARGIN_S:
            _seek(container, start_s - _SEEK_MARGIN_S + origin)
        track = _Track(start_s)
        with contextlib.suppress(MediaError):
            for frame in _decoded(container, stream):
                if frame.time is None:
                    continue
                time_s = frame.time - origin
                if time_s >= end_s:
                    break
                track.add(time_s, frame)
        return track.sound(end_s, sample_rate)


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


@contextlib.contextmanager
def _open(path: Path) -> Iterator[Any]:
    if not path.is_file():
        raise MediaError(Reason.MISSING_FILE, "There is no such file.")
    if path.stat().st_size == 0:
        raise MediaError(Reason.EMPTY_FILE, "The file has 0 bytes.")
    try:
        container = av.open(str(path), metadata_errors="ignore")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise MediaError(
            Reason.UNREADABLE, f"FFmpeg can't open it: {_reason(error)}."
        ) from error
    with container:
        yield container


def _video_stream(container: Any) -> Any:
    for stream in container.streams.video:
        attached = stream.disposition & stream.disposition.attached_pic
        if not attached:
            return stream
    raise MediaError(
        Reason.NO_VIDEO, "It has no moving picture, at most a cover."
    )


def _decoded(container: Any, stream: Any) -> Iterator[Any]:
    """Frames, stepping over packets that can't be decoded."""
    decoded = failed = 0
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            break
        except (av.error.FFmpegError, OSError) as error:
            raise MediaError(
                Reason.DAMAGED, f"Reading stopped: {_reason(error)}."
            ) from error
        try:
            frames = packet.decode()
        except av.error.EOFError:
            break
        except av.error.FFmpegError:
            failed += 1
            continue
        for frame in frames:
            decoded += 1
            yield frame
    if failed and not decoded:
        raise MediaError(Reason.DAMAGED, "Not one packet can be decoded.")


def _refuse_missing_tail(
    container: Any, stream: Any, last_s: float, end_s: float
) -> None:
    """The stream's own length counts: sound may well outlast the picture."""
    if stream.duration:
        length = float(stream.duration * stream.time_base)
    elif container.duration:
        length = container.duration / av.time_base
    else:
        return
    promised = min(end_s, length)
    if last_s < promised - _TAIL_SLACK_S:
        raise MediaError(
            Reason.TRUNCATED,
            f"The picture ends at {last_s:.2f} s; the file says"
            f" {promised:.2f} s.",
        )


def _origin(container: Any) -> float:
    return (container.start_time or 0) / av.time_base


def _seek(container: Any, time_s: float) -> None:
    with contextlib.suppress(av.error.FFmpegError):
        container.seek(round(time_s * av.time_base), backward=True)


def _upright(frame: Any, stream: Any) -> np.ndarray:
    pixels = frame.to_ndarray(format="rgb24")
    aspect = stream.sample_aspect_ratio
    if aspect and aspect != 1:
        height, width = pixels.shape[:2]
        pixels = cv2.resize(pixels, (round(width * float(aspect)), height))
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
