"""Doubles and files for the tests of animation."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from tfbegan.config import AudioConfig


class LoudMouth:
    """Instead of a generator: its grey is the sound's energy at the frame.

    Digital silence is black, a full tone is white. The left upper pixel's
    red tells z's first coordinate.
    """

    conditioning = "audio+noise"
    image_size = 32
    latent_dim = 8
    path = Path("double.keras")
    pose = None
    blinking = None

    def __init__(self, audio: AudioConfig | None = None) -> None:
        self.audio = audio or AudioConfig()
        self.batches: list[int] = []

    def speak(self, latents: np.ndarray, windows: np.ndarray) -> np.ndarray:
        self.batches.append(len(windows))
        energy = windows[:, self.audio.window_frames // 2, 0]
        grey = np.clip(energy / 316.0 + 1.0, -1, 1).astype(np.float32)
        images = np.broadcast_to(
            grey[:, None, None, None], (len(windows), 32, 32, 3)
        ).copy()
        images[:, 0, 0, 0] = latents[:, 0]
        return images


@pytest.fixture
def loud_mouth() -> LoudMouth:
    return LoudMouth()


def clicks(
    times_s: list[float], length_s: float, sample_rate: int
) -> np.ndarray:
    """Silence with tones of 40 ms, float32 [N]."""
    samples = np.zeros(round(length_s * sample_rate), np.float32)
    count = round(0.04 * sample_rate)
    tone = 0.8 * np.sin(2 * np.pi * 440 * np.arange(count) / sample_rate)
    for time_s in times_s:
        start = round(time_s * sample_rate)
        part = samples[start : start + count]
        part[:] = tone[: len(part)]
    return samples


def write_sound(
    path: Path, samples: np.ndarray, sample_rate: int, codec: str
) -> Path:
    """A sound file by FFmpeg; samples float32 [N] or [N, channels]."""
    samples = samples.reshape(len(samples), -1)
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[samples.shape[1]]
    whole = (samples * 32_767).round().astype(np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=sample_rate)
        stream.layout = layout
        frame = av.AudioFrame.from_ndarray(
            whole.reshape(1, -1), format="s16", layout=layout
        )
        frame.sample_rate, frame.pts = sample_rate, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def sound_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a second of noise, or what is given, and tells where."""

    def write(
        name: str = "speech.wav",
        samples: np.ndarray | None = None,
        sample_rate: int = 16_000,
        codec: str = "pcm_s16le",
    ) -> Path:
        if samples is None:
            generator = np.random.default_rng(0)
            samples = generator.normal(0, 0.1, sample_rate)
            samples = samples.astype(np.float32)
        return write_sound(tmp_path / name, samples, sample_rate, codec)

    return write
