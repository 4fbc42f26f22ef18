"""Films made for a test: every picture shows its number."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

RATE = 16_000
_CLOCK = 90_000
_BITS = 8
_BLOCK_PX = 20


@dataclass(frozen=True)
class Film:
    """What is in a film.

    Attributes:
        name: Of the file; its suffix decides the container.
        times_s: Of the pictures.
        flashes: Numbers of the pictures that are bright below the middle.
        sound: float32 [N] at RATE; None for no sound.
        sound_start_s: Time stamp of its first sample.
        codecs: Of picture and sound.
        texture: Something for optical flow to hold on to.
    """

    name: str
    times_s: tuple[float, ...]
    flashes: frozenset[int] = frozenset()
    sound: np.ndarray | None = None
    sound_start_s: float = 0.0
    codecs: tuple[str, str] = ("libx264", "aac")
    texture: bool = False

    def picture(self, number: int) -> np.ndarray:
        """uint8 [120, 160, 3], the number in black and white blocks."""
        pixels = np.full((120, 160, 3), 60, np.uint8)
        if self.texture:
            noise = np.random.default_rng(0).integers(40, 90, (30, 40, 1))
            pixels[:] = np.kron(noise, np.ones((4, 4, 1)))
        for bit in range(_BITS if not self.texture else 0):
            left = bit * _BLOCK_PX
            pixels[8:32, left : left + _BLOCK_PX] = 220 * (number >> bit & 1)
        if number in self.flashes:
            pixels[76:88, 74:86] = 250
        return pixels


def number_of(pixels: np.ndarray) -> int:
    """The number that a picture shows."""
    blocks = pixels[14:26].reshape(12, _BITS, _BLOCK_PX, 3)
    bright = blocks[:, :, 6:14].mean(axis=(0, 2, 3)) > 110
    return int(sum(1 << bit for bit in np.flatnonzero(bright)))


@pytest.fixture
def make_film(tmp_path: Path) -> Callable[[Film], Path]:
    """Writes films into the test's folder."""

    def make(film: Film) -> Path:
        path = tmp_path / film.name
        with av.open(str(path), "w") as container:
            _write(container, film)
        return path

    return make


@pytest.fixture
def film_type() -> type[Film]:
    """The class; test modules can't import it from here."""
    return Film


@pytest.fixture
def read_number() -> Callable[[np.ndarray], int]:
    """Reads the number in a film's picture."""
    return number_of


def _write(container: av.container.OutputContainer, film: Film) -> None:
    picture = container.add_stream(film.codecs[0], rate=25)
    picture.width, picture.height, picture.pix_fmt = 160, 120, "yuv420p"
    is_mpeg = film.codecs[0].startswith("mpeg")  # knows few frame rates
    clock = Fraction(1, 25 if is_mpeg else _CLOCK)
    picture.codec_context.time_base = clock
    picture.codec_context.gop_size = 50
    picture.bit_rate = 2_000_000
    sound = None
    if film.sound is not None:
        sound = container.add_stream(film.codecs[1], rate=RATE, layout="mono")
    heard = 0
    for number, time_s in enumerate(film.times_s):
        frame = av.VideoFrame.from_ndarray(film.picture(number), "rgb24")
        frame.pts, frame.time_base = round(time_s / clock), clock
        container.mux(picture.encode(frame))
        while sound is not None and heard < _samples(film, time_s + 1):
            heard = _write_sound(container, sound, film, heard)
    container.mux(picture.encode())
    if sound is not None:
        container.mux(sound.encode())


def _samples(film: Film, time_s: float) -> int:
    assert film.sound is not None
    return min(len(film.sound), round((time_s - film.sound_start_s) * RATE))


def _write_sound(
    container: av.container.OutputContainer,
    stream: av.AudioStream,
    film: Film,
    first: int,
) -> int:
    assert film.sound is not None
    samples = film.sound[first : first + 1_024]
    content = (30_000 * samples).astype(np.int16)[None]
    frame = av.AudioFrame.from_ndarray(content, "s16", "mono")
    frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
    frame.pts = first + round(film.sound_start_s * RATE)
    container.mux(stream.encode(frame))
    return first + len(samples)
