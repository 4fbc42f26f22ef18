"""A take: a character says a sentence, as pictures, sound and truth."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tfrecords_builder.puppets.character import Character
from tfrecords_builder.puppets.drawing import Portrait
from tfrecords_builder.puppets.features import Expression
from tfrecords_builder.puppets.painter import View
from tfrecords_builder.puppets.sentence import (
    Articulation,
    Sentence,
    articulate,
)
from tfrecords_builder.puppets.speech import synthesise

if TYPE_CHECKING:
    from tfbegan.config import FaceConfig

_BLINK_S = 0.24
_YAW = 0.10
_PITCH = 0.055
_NOD = 0.03
_REST = 0.75
_REST_IN_ONE_PLACE = 0.25
"""Standard deviation of where a head rests from sentence to sentence, in units
of `_YAW` and `_PITCH`: somebody filmed in many places, and who sits before one
camera."""


@dataclass(frozen=True)
class Take:
    """A sentence as plain arrays.

    Attributes:
        frames: uint8 [T, S, S, 3], RGB.
        frame_times: float64 [T], seconds from the first frame.
        waveform: float32 [N] in [-1, 1], mono.
        sample_rate: Of the waveform in Hz.
        lead_s: How much of the waveform comes before the first frame, and
            again after the end of the sentence.
        opening, width: float64 [T] in [0, 1], what the drawn mouth does.
        sentence: What is said; its times count from the first frame.
    """

    frames: np.ndarray
    frame_times: np.ndarray
    waveform: np.ndarray
    sample_rate: int
    lead_s: float
    opening: np.ndarray
    width: np.ndarray
    sentence: Sentence


@dataclass(frozen=True)
class Shot:
    """How a take is recorded.

    Attributes:
        fps: Frames a second.
        sample_rate: Of the sound in Hz.
        lead_s: Sound to add before and after the sentence.
        one_place: The head rests in nearly the same place in every take.
    """

    fps: float = 25.0
    sample_rate: int = 16_000
    lead_s: float = 0.0
    one_place: bool = False


class Studio:
    """Records takes of one character at one size of crop.

    Args:
        character: Who is recorded.
        face: The geometry of the crops.
    """

    def __init__(self, character: Character, face: "FaceConfig") -> None:
        self._character = character
        self._size = face.image_size
        self._portrait = Portrait(character, crop_view(face))

    def record(
        self, sentence: Sentence, shot: Shot, rng: np.random.Generator
    ) -> Take:
        """A sentence as pictures and sound.

        Args:
            sentence: What is said.
            shot: Frame rate and sound.
            rng: Where head, eyes and melody move.
        """
        articulation = articulate(sentence.padded(shot.lead_s))
        waveform = synthesise(
            articulation, self._character.voice, shot.sample_rate, rng
        )
        count = int(sentence.duration_s * shot.fps + 1e-6)
        times = np.arange(count) / shot.fps
        heard = times + shot.lead_s
        rest = _REST_IN_ONE_PLACE if shot.one_place else _REST
        expressions = perform(articulation, heard, rng, rest)
        return Take(
            frames=np.stack(list(self._draw(expressions))),
            frame_times=times,
            waveform=waveform,
            sample_rate=shot.sample_rate,
            lead_s=shot.lead_s,
            opening=np.array([e.opening for e in expressions]),
            width=np.array([e.width for e in expressions]),
            sentence=sentence,
        )

    def _draw(self, expressions: Sequence[Expression]) -> Iterator[np.ndarray]:
        import cv2

        size = (self._size, self._size)
        for expression in expressions:
            fine = self._portrait.draw(expression)
            yield cv2.resize(fine, size, interpolation=cv2.INTER_AREA)


def crop_view(face: "FaceConfig") -> View:
    """The fine canvas of a crop: 2 to 4 times its side."""
    side = face.image_size * {32: 4, 64: 3}.get(face.image_size, 2)
    return View(
        width=side,
        height=side,
        x=0.5 * side,
        y=face.eye_height * side,
        scale=face.eye_distance * side,
    )


def perform(
    articulation: Articulation,
    times: np.ndarray,
    rng: np.random.Generator,
    rest: float = _REST,
) -> list[Expression]:
    """What a face does while it speaks.

    Args:
        articulation: What its mouth does.
        times: float [T], seconds from the articulation's beginning, rising.
        rng: Where blinks, gaze and head move.
        rest: How far from straight the head rests: a standard deviation, in
            units of how far it moves.
    """
    opening = articulation.at(articulation.opening, times).clip(0, 1)
    width = articulation.at(articulation.width, times).clip(0, 1)
    effort = _slow(articulation.at(articulation.voicing, times), times, 0.25)
    blink = _blinks(times, rng)
    gaze = _glances(times, rng)
    yaw = _YAW * _wander(times, 0.35, rest, rng)
    pitch = _PITCH * _wander(times, 0.5, rest, rng) + _NOD * (effort - 0.5)
    brow = (0.5 * _wander(times, 0.7, rest, rng) + effort - 0.4).clip(0, 1)
    return [
        Expression(
            opening=float(opening[i]),
            width=float(width[i]),
            blink=float(blink[i]),
            gaze=(float(gaze[i, 0]), float(gaze[i, 1])),
            brow=float(brow[i]),
            yaw=float(yaw[i]),
            pitch=float(pitch[i]),
        )
        for i in range(len(times))
    ]


def _slow(track: np.ndarray, times: np.ndarray, seconds: float) -> np.ndarray:
    from scipy.ndimage import gaussian_filter1d

    step = times[1] - times[0] if len(times) > 1 else 1.0
    return gaussian_filter1d(track, seconds / step, mode="nearest")


def _wander(
    times: np.ndarray, hertz: float, rest: float, rng: np.random.Generator
) -> np.ndarray:
    """A smooth random movement of about unit size round a random place.

    Args:
        times: float [T], seconds.
        hertz: About how often it comes and goes.
        rest: Standard deviation of the place.
        rng: Of movement and place.
    """
    phases = rng.uniform(0, 2 * np.pi, 3)
    speeds = hertz * rng.uniform(0.4, 1.3, 3)
    waves = np.sin(2 * np.pi * np.outer(times, speeds) + phases)
    return rng.normal(0, rest) + 0.45 * waves.mean(axis=1)


def _blinks(times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    shut = np.zeros_like(times)
    moment = times[0] + rng.uniform(-0.1, 2.5) if len(times) else 0.0
    while len(times) and moment < times[-1]:
        away = np.abs(times - moment) / (_BLINK_S / 2)
        shut = np.maximum(shut, (1.6 * (1 - away)).clip(0, 1))
        moment += rng.uniform(1.6, 4.5)
    return shut


def _glances(times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Gaze [T, 2]: rests somewhere near the viewer, then jumps."""
    gaze = np.zeros((len(times), 2))
    moment = times[0] if len(times) else 0.0
    while len(times) and moment < times[-1]:
        gaze[times >= moment] = rng.normal(0, (0.3, 0.2)).clip(-0.9, 0.9)
        moment += rng.uniform(0.6, 2.0)
    return gaze
