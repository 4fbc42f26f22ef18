"""The pictures of a video, as they are on the screen at given times."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from tfbegan.errors import SourceError
from tfbegan.media import (
    UNREADABLE,
    moving_picture,
    open_container,
    origin_s,
    reason,
    too_large,
    upright_pixels,
)

_USE_ANOTHER = "Name a video, such as an MP4, WebM or MKV."


@dataclass(frozen=True)
class Footage:
    """A video whose pictures can be read.

    Attributes:
        path: Of the file.
        fps: Frames a second, as the file says; 25 if it doesn't.
    """

    path: Path
    fps: float

    def shown(self, frame_rate: Fraction) -> Iterator[np.ndarray]:
        """What is on the screen at 0, 1 / frame_rate, 2 / frame_rate, ...

        Time 0 is the container's start. Before the first picture it is the
        first, after the last for ever the last.

        Yields:
            uint8 [H, W, 3], RGB, upright and with square pixels.

        Raises:
            SourceError: Not one picture can be decoded.
        """
        current: np.ndarray | None = None
        number = 0
        for time_s, picture in _pictures(self.path):
            while current is not None and number / frame_rate < time_s - 1e-3:
                yield current
                number += 1
            current = picture
        if current is None:
            raise SourceError(
                f"Not one picture of {self.path} can be decoded. {_USE_ANOTHER}"
            )
        while True:
            yield current


def open_footage(path: Path) -> Footage:
    """Looks into a video.

    Raises:
        SourceError: The file is missing, no media file, or without pictures.
    """
    with _open(path) as container:
        rate = _video_stream(path, container).average_rate
        return Footage(Path(path), float(rate) if rate else 25.0)


def _pictures(path: Path) -> Iterator[tuple[float, np.ndarray]]:
    """Times and pictures; what is damaged is left out."""
    with _open(path) as container:
        stream = _video_stream(path, container)
        start_s = origin_s(container)
        packets = container.demux(stream)
        while True:
            try:
                frames = next(packets).decode()
            except (StopIteration, av.error.EOFError):
                return
            except av.error.InvalidDataError:
                continue
            except (av.error.FFmpegError, OSError):
                return
            for frame in frames:
                if frame.time is not None and not frame.is_corrupt:
                    yield frame.time - start_s, _upright(path, frame, stream)


def _upright(path: Path, frame: Any, stream: Any) -> np.ndarray:
    if too_large(frame.width, frame.height, stream):
        raise SourceError(
            f"The pictures of {path} are too large to read: {frame.width} x"
            f" {frame.height} pixels. Make them smaller."
        )
    try:
        return upright_pixels(frame, stream)
    except UNREADABLE as error:
        raise SourceError(
            f"The pictures of {path} have the format {frame.format.name},"
            f" which can't be read. {_USE_ANOTHER}"
        ) from error


@contextlib.contextmanager
def _open(path: Path) -> Iterator[Any]:
    if not Path(path).is_file():
        raise SourceError(f"There is no file {path}. {_USE_ANOTHER}")
    try:
        container = open_container(path)
    except UNREADABLE as error:
        raise SourceError(
            f"{path} can't be read as a video ({reason(error)}). {_USE_ANOTHER}"
        ) from error
    with container:
        yield container


def _video_stream(path: Path, container: Any) -> Any:
    stream = moving_picture(container)
    if stream is None:
        raise SourceError(
            f"{path} has no moving picture, at most a cover. {_USE_ANOTHER}"
        )
    return stream
