"""Speech to the frames of a talking face, as it comes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import soxr

from tfbegan.config import AudioConfig
from tfbegan.errors import ConfigError, SourceError
from tfbegan.generation.pose import LookWalk, Pose, centre_of
from tfbegan.generation.sound_windows import (
    SoundWindows,
    frame_count,
    look_ahead_samples,
)
from tfbegan.generation.speech import checked_rate, sound_blocks
from tfbegan.media import exact_frame_rate

if TYPE_CHECKING:
    from tfbegan.generation.loading import LoadedGenerator

_BATCH = 32
_Z_WALK = 0.1
"""Farther, and hair and skin change: z is the look, too."""


@dataclass(frozen=True, eq=False)
class AnimationSettings:
    """How a face speaks.

    Attributes:
        fps: Frames a second, in [1, 120]; 29.97 means 30000/1001.
        seed: Of who speaks and of how the head moves.
        natural_pose: Whether z walks slowly, for small movements of the head
            and the eyes, and blinks where the generator knows how; else it
            stands still. A model without z moves only with the sound.
        movement: How far the walk goes, in [0, 1]. Where the generator knows
            how looks move within clips, 1 is as far as there, and what None
            takes; of another generator it is how far z goes, and .1.
        face: float [latent_dim], the z of who speaks, as
            `LoadedGenerator.look` gives it; None draws it from the seed.
        truncation: How far from the typical face the seed may draw one, in
            [0, 1].
    """

    fps: float = 25.0
    seed: int = 0
    natural_pose: bool = True
    movement: float | None = None
    face: np.ndarray | None = None
    truncation: float = 1.0

    @property
    def frame_rate(self) -> Fraction:
        """`fps` as a fraction."""
        return exact_frame_rate(self.fps)


def animate(
    generator: "LoadedGenerator",
    waveform: Any,
    sample_rate: int,
    settings: AnimationSettings | None = None,
) -> Iterator[np.ndarray]:
    """The frames of a face that speaks, as soon as they are known.

    A frame is known when the sound has been heard for `look_ahead` seconds
    after it. Memory does not grow with the sound. However a sound is cut into
    arrays the frames are the same, but for the last bit of a computation in
    float32: one grey level.

    Args:
        generator: A model that takes sound.
        waveform: An array [N] or [N, channels], of floats in [-1, 1] or of
            whole numbers; or an iterable of such arrays, as a microphone
            gives them.
        sample_rate: Of the waveform, in Hz.
        settings: How; None takes the defaults.

    Returns:
        An iterator over uint8 [S, S, 3], of N / sample_rate * fps frames,
        rounded, and at least 1.

    Raises:
        ConfigError: The model takes no sound, or a setting makes no sense.
        SourceError: While iterating: the sound is empty, or a sample is no
            finite number.
    """
    sample_rate = checked_rate(sample_rate)
    stream = _Stream(generator, sample_rate, settings or AnimationSettings())
    return stream.frames(sound_blocks(waveform, sample_rate))


def animate_windows(
    generator: "LoadedGenerator",
    windows: Iterable[np.ndarray],
    settings: AnimationSettings | None = None,
) -> Iterator[np.ndarray]:
    """The frames of MFCC windows that are cut already, as in a data set.

    Args:
        generator: A model that takes sound.
        windows: Raw, float32 [F, window_frames, n_mfcc] each, one after
            another; one window a frame.
        settings: How; None takes the defaults.

    Returns:
        An iterator over uint8 [S, S, 3].

    Raises:
        ConfigError: As `animate`.
    """
    speaker = _Speaker(generator, settings or AnimationSettings())
    return (face for part in windows for face in speaker.speak(part))


def look_ahead(
    audio: AudioConfig, sample_rate: int, fps: float = 25.0
) -> float:
    """Seconds of sound after a frame that must be heard before it is shown.

    Args:
        audio: The front end of the model.
        sample_rate: Of the sound.
        fps: Frames a second.

    Returns:
        0.191 for the default front end and sound at its rate; resampling adds
        some hundredths of a second.
    """
    ahead = look_ahead_samples(audio, exact_frame_rate(fps))
    return ahead / audio.sample_rate + _resampler_delay_s(audio, sample_rate)


class _Speaker:
    """From windows to frames: z and the generator."""

    def __init__(
        self, generator: "LoadedGenerator", settings: AnimationSettings
    ) -> None:
        audio = _front_end(generator)
        self.generator = generator
        self.frame_rate = settings.frame_rate
        self.pose = _pose(generator, settings)
        self.shown = 0
        # What is traced and compiled once is not to delay the first frame.
        silence = np.zeros((1, audio.window_frames, audio.n_mfcc), np.float32)
        generator.speak(self._latents(1), silence)

    def speak(self, windows: np.ndarray) -> Iterator[np.ndarray]:
        from tfbegan.generation.loading import to_uint8

        for start in range(0, len(windows), _BATCH):
            batch = windows[start : start + _BATCH]
            faces = self.generator.speak(self._latents(len(batch)), batch)
            self.shown += len(batch)
            yield from to_uint8(faces)

    def _latents(self, count: int) -> np.ndarray | None:
        if self.pose is None:
            return None
        times = self.shown + np.arange(count)
        return self.pose.at(times / float(self.frame_rate))


class _Stream:
    """From sound to frames: resampling, windows, faces."""

    def __init__(
        self,
        generator: "LoadedGenerator",
        sample_rate: int,
        settings: AnimationSettings,
    ) -> None:
        audio = _front_end(generator)
        self.sample_rate = sample_rate
        self.frame_rate = settings.frame_rate
        self.speaker = _Speaker(generator, settings)
        self.resample = _Resampler(sample_rate, audio.sample_rate)
        self.windows = SoundWindows(audio, self.frame_rate)
        self.heard = 0

    def frames(self, blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        for block in blocks:
            self.heard += len(block)
            yield from self._show(self.resample(block))
        if not self.heard:
            raise SourceError("The sound is empty: it has 0 samples.")
        nothing = np.zeros(0, np.float32)
        yield from self._show(self.resample(nothing, last=True))
        total = frame_count(self.heard, self.sample_rate, self.frame_rate)
        yield from self.speaker.speak(self.windows.finish(total))

    def _show(self, samples: np.ndarray) -> Iterator[np.ndarray]:
        yield from self.speaker.speak(self.windows.push(samples))


class _Resampler:
    """Resamples as `soxr.resample`, piece by piece."""

    def __init__(self, rate_in: int, rate_out: int) -> None:
        self._stream = None
        if rate_in != rate_out:
            self._stream = soxr.ResampleStream(rate_in, rate_out, 1)

    def __call__(self, samples: np.ndarray, last: bool = False) -> np.ndarray:
        if self._stream is None:
            return samples
        return self._stream.resample_chunk(samples, last=last)


def _front_end(generator: "LoadedGenerator") -> AudioConfig:
    if generator.audio is None:
        raise ConfigError(
            f"{generator.path} was trained without sound, so it can't speak."
            " Name a run of audio, audio+noise or audio+face, or train one"
            " with: python train.py --conditioning audio+noise"
        )
    return generator.audio


def _pose(
    generator: "LoadedGenerator", settings: AnimationSettings
) -> Pose | LookWalk | None:
    if not generator.latent_dim:
        return None
    centre = centre_of(
        settings.face, generator.latent_dim, settings.seed, settings.truncation
    )
    if generator.blinking is not None:
        code = generator.blinking.opened(generator.code_of(centre[None]))
        centre = generator.latent_of(code.astype(np.float32))[0]
    if not settings.natural_pose:
        return Pose(centre, 0.0, settings.seed)
    if generator.pose is None:
        movement = _Z_WALK if settings.movement is None else settings.movement
        return Pose(centre, movement, settings.seed)
    movement = 1.0 if settings.movement is None else settings.movement
    return LookWalk(generator, centre, movement, settings.seed)


def _resampler_delay_s(audio: AudioConfig, sample_rate: int) -> float:
    """The longest wait for the samples of a second, measured."""
    if sample_rate == audio.sample_rate:
        return 0.0
    resample = _Resampler(sample_rate, audio.sample_rate)
    step = max(1, sample_rate // 1_000)
    heard = given = 0
    longest = 0.0
    while heard < sample_rate:
        given += len(resample(np.zeros(step, np.float32)))
        heard += step
        wait = heard / sample_rate - given / audio.sample_rate
        longest = max(longest, wait)
    return longest
