"""Speech from a file, or from arrays, in pieces.

Any file that FFmpeg reads will do: sound alone, or the sound of a video. Time 0
is the container's start, so that what is made from a video's sound fits to its
pictures; a gap in the sound is silence.
"""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from tfbegan.errors import ConfigError, SourceError
from tfbegan.media import (
    UNREADABLE,
    frame_samples,
    open_container,
    origin_s,
    reason,
    scaled_samples,
    sound_track,
)

BLOCK_S = 1.28
"""Seconds of a piece: 32 frames at 25 a second, a good batch."""

_FIRST_BLOCK_S = 0.32
_SLACK_S = 0.02
_TAIL_SLACK_S = 0.5
_RESTART_S = 1.0
"""A jump back by more is another recording that follows, as in chained Ogg;
by less, it is sound that comes twice."""
_LONGEST_GAP_S = 600.0
"""Longer ones are no silence but wrong time stamps."""

_SAMPLE_TYPES = (np.uint8, np.int8, np.int16, np.int32)
_LOUDEST = 64.0
_MOST_CHANNELS = 64
_RATES = (1_000, 1_000_000)

_GUESSING_FORMATS = frozenset(["aac", "ac3", "eac3", "mp3", "mpeg", "mpegts"])
"""Their duration may be guessed from the file's size."""

_SEAMLESS_FORMATS = frozenset(["flac", "mp3", "ogg"])
"""Where time is missing in them, so are bytes."""

_USE_ANOTHER = "Name a file with sound, such as a WAV, FLAC, MP3, OGG or MP4."


@dataclass(frozen=True)
class Speech:
    """A file whose sound can be read, again and again.

    Attributes:
        path: Of the file.
        sample_rate: In Hz.
        channels: Of the sound.
        duration_s: As the file says; None if it doesn't. It may be wrong.
    """

    path: Path
    sample_rate: int
    channels: int
    duration_s: float | None

    def read(self) -> "SpeechReader":
        """Begins to read from the start."""
        return SpeechReader(self)


def open_speech(path: Path) -> Speech:
    """Looks into a file, and decodes the beginning of its sound.

    Args:
        path: Of a sound file or a video.

    Raises:
        SourceError: The file is missing or empty, is no media file, or has no
            sound that can be decoded.
    """
    with _open(path) as container:
        stream = _audio_stream(path, container)
        packets = _Packets(container, stream)
        first = next(packets.frames(), None)
        if first is None:
            cause = packets.stopped or (
                "not one of its packets can be decoded"
                if packets.failed
                else "it has 0 samples"
            )
            raise SourceError(
                f"{path} has no sound to speak: {cause}. {_USE_ANOTHER}"
            )
        duration = container.duration
        return Speech(
            Path(path),
            checked_rate(first.sample_rate),
            len(first.layout.channels),
            duration / av.time_base if duration else None,
        )


class SpeechReader:
    """Reads a file's sound in pieces of some 1.28 s; the first is shorter.

    Iterating gives float32 [N, channels] and raises a SourceError where a
    sample is no finite number. Damage is no error: it is skipped, silence
    taking its place, and told afterwards.

    Args:
        speech: What to read.

    Attributes:
        damage: After the last piece: None, or a sentence about what could
            not be read.
    """

    def __init__(self, speech: Speech) -> None:
        self.speech = speech
        self.damage: str | None = None

    def __iter__(self) -> Iterator[np.ndarray]:
        rate = self.speech.sample_rate
        size = round(_FIRST_BLOCK_S * rate)
        waiting: list[np.ndarray] = []
        count = read = 0
        for samples in self._decoded():
            for piece in _pieces(samples, round(BLOCK_S * rate)):
                waiting.append(piece)
                count += len(piece)
                if count < size:
                    continue
                read += count
                yield self._checked(waiting, read - count)
                waiting, count, size = [], 0, round(BLOCK_S * rate)
        if waiting:
            yield self._checked(waiting, read)

    def _checked(self, pieces: list[np.ndarray], start: int) -> np.ndarray:
        samples = np.concatenate(pieces)
        start_s = start / self.speech.sample_rate
        _check_samples(samples, start_s, str(self.speech.path))
        return samples

    def _decoded(self) -> Iterator[np.ndarray]:
        """The samples frame by frame, placed by their time stamps."""
        speech = self.speech
        with _open(speech.path) as container:
            stream = _audio_stream(speech.path, container)
            packets = _Packets(container, stream)
            place = _Place(speech.sample_rate)
            for frame in packets.frames():
                if frame.sample_rate != speech.sample_rate:
                    packets.stopped = (
                        f"its sample rate changes to {frame.sample_rate} Hz"
                    )
                    break
                samples = _with_channels(frame_samples(frame), speech.channels)
                begun = place.count > 0
                gap, samples = place.fit(packets.time_s(frame), samples)
                if gap:
                    packets.missing += gap if begun else 0
                    silence = np.zeros((gap, speech.channels), np.float32)
                    yield silence
                yield samples
            self.damage = _told_damage(
                speech, packets, place.count / speech.sample_rate
            )


class _Packets:
    """The decoded frames of a stream, stepping over what is damaged."""

    def __init__(self, container: Any, stream: Any) -> None:
        self.container = container
        self.stream = stream
        self.origin_s = origin_s(container)
        self.failed = 0
        self.first_failed_s: float | None = None
        self.stopped: str | None = None
        self.missing = 0

    def frames(self) -> Iterator[Any]:
        last_s = 0.0
        for packet in self._packets():
            try:
                frames = packet.decode()
            except av.error.EOFError:
                return
            except av.error.FFmpegError:
                if not self.failed:
                    self.first_failed_s = last_s
                self.failed += 1
                continue
            for frame in frames:
                last_s = self.time_s(frame) or last_s
                if frame.samples:
                    yield frame

    def time_s(self, frame: Any) -> float | None:
        return None if frame.time is None else frame.time - self.origin_s

    def _packets(self) -> Iterator[Any]:
        try:
            yield from self.container.demux(self.stream)
        except (av.error.FFmpegError, OSError) as error:
            self.stopped = f"reading stopped ({reason(error)})"


class _Place:
    """Where the next samples belong."""

    def __init__(self, sample_rate: int) -> None:
        self.rate = sample_rate
        self.count = 0
        self._shift = 0

    def fit(
        self, time_s: float | None, samples: np.ndarray
    ) -> tuple[int, np.ndarray]:
        """Samples of silence to put before, and what is new of the samples."""
        gap = 0
        if time_s is not None:
            gap = round(time_s * self.rate) - self.count - self._shift
        if not -_RESTART_S <= gap / self.rate <= _LONGEST_GAP_S:
            self._shift += gap
            gap = 0
        if abs(gap) <= _SLACK_S * self.rate:
            gap = 0
        if gap < 0:
            samples, gap = samples[-gap:], 0
        self.count += gap + len(samples)
        return gap, samples


def sound_blocks(waveform: Any, sample_rate: int) -> Iterator[np.ndarray]:
    """Sound from memory, or as it comes, checked and mono.

    Args:
        waveform: An array [N] or [N, channels], of floats in [-1, 1] or of
            whole numbers; or an iterable of such arrays, one after another.
        sample_rate: In Hz.

    Yields:
        float32 [n], as soon as they come, none longer than 1.28 s.

    Raises:
        SourceError: A sample is not finite, or far outside of [-1, 1].
        ConfigError: An array has another shape.
    """
    checked_rate(sample_rate)
    size = max(1, round(BLOCK_S * sample_rate))
    first = max(1, round(_FIRST_BLOCK_S * sample_rate))
    count = 0
    for array in _arrays(waveform):
        samples = _as_channels(array)
        for piece in _pieces(samples, size, first if not count else size):
            _check_samples(piece, count / sample_rate, "The sound")
            count += len(piece)
            yield piece.mean(axis=1, dtype=np.float32)


def _arrays(waveform: Any) -> Iterable[Any]:
    is_array = hasattr(waveform, "__array__") or (
        isinstance(waveform, list | tuple)
        and (not waveform or np.ndim(waveform[0]) == 0)
    )
    if is_array:
        return [waveform]
    if isinstance(waveform, Iterable) and not isinstance(waveform, str | bytes):
        return waveform
    raise ConfigError(
        "The sound must be an array of samples, or an iterable of arrays."
        f" Received: {type(waveform).__name__}. For a file use `open_speech`,"
        " or tfbegan animate."
    )


def _as_channels(array: Any) -> np.ndarray:
    samples = np.asarray(array)
    numeric = np.issubdtype(samples.dtype, np.number)
    if samples.ndim == 1:
        samples = samples[:, None]
    if (
        samples.ndim != 2
        or not numeric
        or np.iscomplexobj(samples)
        or not 1 <= samples.shape[1] <= _MOST_CHANNELS
    ):
        raise ConfigError(
            "Sound must be real numbers of the shape [samples] or [samples,"
            f" channels]. Received: {samples.dtype} {np.shape(array)}"
        )
    if np.issubdtype(samples.dtype, np.integer) and (
        samples.dtype not in _SAMPLE_TYPES
    ):
        raise ConfigError(
            "Sound in whole numbers must be uint8, int8, int16 or int32, as"
            " the type says what is loud; else give floats in [-1, 1]."
            f" Received: {samples.dtype}"
        )
    return scaled_samples(samples)


def _pieces(
    samples: np.ndarray, size: int, first: int | None = None
) -> Iterator[np.ndarray]:
    start = 0
    stop = first or size
    while start < len(samples):
        yield samples[start:stop]
        start, stop = stop, stop + size


def _check_samples(samples: np.ndarray, start_s: float, name: str) -> None:
    finite = np.isfinite(samples)
    if not finite.all():
        index = int(np.argmin(finite.all(axis=1)))
        raise SourceError(
            f"{name} has a sample that is no finite number, {index} samples"
            f" after {start_s:.2f} s. Repair or cut it there."
        )
    peak = float(np.abs(samples).max(initial=0))
    if peak > _LOUDEST:
        raise SourceError(
            f"{name} has floating-point samples as large as {peak:g} after"
            f" {start_s:.2f} s, where [-1, 1] is expected. Divide it by its"
            " largest possible value, such as 32768."
        )


def checked_rate(sample_rate: Any) -> int:
    """A sample rate that can be worked with.

    Raises:
        ConfigError: It is no whole number of Hz, or out of range.
    """
    low, high = _RATES
    if not low <= sample_rate <= high or sample_rate != int(sample_rate):
        raise ConfigError(
            f"The sample rate must be a whole number in [{low}, {high}] Hz."
            f" Received: {sample_rate}"
        )
    return int(sample_rate)


def _with_channels(samples: np.ndarray, channels: int) -> np.ndarray:
    """Where the channels change midway: the mean of all, in each."""
    if samples.shape[1] == channels:
        return samples
    mean = samples.mean(axis=1, keepdims=True)
    return np.repeat(mean, channels, axis=1)


def _told_damage(speech: Speech, packets: _Packets, end_s: float) -> str | None:
    found = None
    promised_s = _promised_s(packets)
    if packets.stopped:
        found = f"{packets.stopped} after {end_s:.2f} s"
    elif packets.failed:
        found = (
            f"from {packets.first_failed_s or 0:.2f} s on {packets.failed} of"
            " its packets can't be decoded"
        )
    elif packets.missing and _is_one_of(packets, _SEAMLESS_FORMATS):
        missing_s = packets.missing / speech.sample_rate
        found = f"{missing_s:.2f} s of its sound are missing"
    elif promised_s is not None and end_s < promised_s - _TAIL_SLACK_S:
        found = (
            f"its sound ends at {end_s:.2f} s; the file says {promised_s:.2f} s"
        )
    elif _is_cut_wave(speech.path):
        found = f"its sound ends at {end_s:.2f} s, where the file is cut"
    return found and f"{speech.path} is damaged: {found}."


def _promised_s(packets: _Packets) -> float | None:
    """When the sound ends, as the file says."""
    container, stream = packets.container, packets.stream
    # The header of an MP3 that tells the encoder's delay tells the length too.
    if _is_one_of(packets, _GUESSING_FORMATS) and not stream.start_time:
        return None
    if stream.duration:
        begin = (stream.start_time or 0) + stream.duration
        return float(begin * stream.time_base) - packets.origin_s
    if container.duration and not container.streams.video:
        return container.duration / av.time_base
    return None


def _is_one_of(packets: _Packets, formats: frozenset[str]) -> bool:
    return bool(formats & set(packets.container.format.name.split(",")))


def _is_cut_wave(path: Path) -> bool:
    """FFmpeg takes the length of a WAV file from its size, if that is less."""
    with path.open("rb") as file:
        header = file.read(12)
    if header[:4] != b"RIFF" or header[8:] != b"WAVE":
        return False
    size = int.from_bytes(header[4:8], "little")
    streamed = size in (0, 0xFFFFFFFF)
    return not streamed and path.stat().st_size < size


@contextlib.contextmanager
def _open(path: Path) -> Iterator[Any]:
    path = Path(path)
    if not path.exists():
        raise SourceError(f"There is no file {path}. {_USE_ANOTHER}")
    if not path.is_file():
        raise SourceError(f"{path} is no file. {_USE_ANOTHER}")
    if path.stat().st_size == 0:
        raise SourceError(f"{path} is empty: it has 0 bytes. {_USE_ANOTHER}")
    try:
        container = open_container(path)
    except UNREADABLE as error:
        raise SourceError(
            f"{path} can't be read as sound ({reason(error)}). {_USE_ANOTHER}"
        ) from error
    with container:
        yield container


def _audio_stream(path: Path, container: Any) -> Any:
    stream = sound_track(container)
    if stream is None:
        raise SourceError(f"{path} has no sound. {_USE_ANOTHER}")
    return stream
