"""Puppets as videos with sound: test footage without any third party."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from tfbegan.config import Config
from tfbegan.errors import ConfigError
from tfbegan.files import atomic_path
from tfrecords_builder.puppets.character import Character
from tfrecords_builder.puppets.drawing import Portrait
from tfrecords_builder.puppets.features import Expression
from tfrecords_builder.puppets.painter import View
from tfrecords_builder.puppets.performance import perform
from tfrecords_builder.puppets.sentence import Sentence, articulate
from tfrecords_builder.puppets.speech import synthesise

if TYPE_CHECKING:
    import av
    import av.container

_FINER = 2
_EYE_HEIGHT = 0.42
_CUT_SHIFT = 0.12
_CUT_ZOOM = 0.15
_SWAY = 0.03
_ROLL = 0.05


@dataclass(frozen=True)
class FilmConfig(Config):
    """How a video of a puppet looks.

    Attributes:
        width, height: Of the picture in pixels, even.
        fps: Frames a second; 29.97 becomes 30000/1001.
        eye_distance: From eye to eye in pixels, before the camera sways.
        sway: How much the camera moves and rolls; 0 keeps the eyes where
            they are.
        sample_rate: Of the sound in Hz.
        sound: With sound.
        video_codec: A name that FFmpeg knows, such as "libx264" or "mpeg4".
        audio_codec: Likewise, such as "aac" or "pcm_s16le".
        jump_cuts: Times in seconds at which the camera jumps.
        seed: Of camera, head, eyes and melody.
    """

    width: int = 320
    height: int = 240
    fps: float = 25.0
    eye_distance: float = 40.0
    sway: float = 1.0
    sample_rate: int = 16_000
    sound: bool = True
    video_codec: str = "libx264"
    audio_codec: str = "aac"
    jump_cuts: tuple[float, ...] = ()
    seed: int = 0

    def validate(self) -> None:
        """Raises ConfigError where a value is outside of its range."""
        ranges = {
            "width": (32, 4_096),
            "height": (32, 4_096),
            "fps": (1, 240),
            "eye_distance": (4, 1_000),
            "sway": (0, 3),
            "sample_rate": (8_000, 96_000),
            "seed": (0, 2**31 - 1),
        }
        for name, (low, high) in ranges.items():
            self.check_range(name, low, high)
        if self.width % 2 or self.height % 2:
            raise ConfigError(
                "FilmConfig.width and height must be even, as H.264 needs it."
                f" Received: {self.width}x{self.height}"
            )

    @property
    def frame_rate(self) -> Fraction:
        """`fps` as the fraction that video files mean by it."""
        if abs(self.fps - round(self.fps)) > 1e-6:
            broadcast = Fraction(round(self.fps) * 1_000, 1_001)
            if abs(float(broadcast) - self.fps) < 0.01:
                return broadcast
        return Fraction(self.fps).limit_denominator(1_001)


def render_mp4(
    path: Path,
    character: Character,
    sentence: Sentence | Sequence[Sentence],
    film: FilmConfig | None = None,
) -> None:
    """Writes a video in which a puppet speaks.

    Args:
        path: The file; its suffix chooses the container (.mp4, .mkv).
        character: Who speaks.
        sentence: What it says, one or several one after another.
        film: How it looks; None takes the defaults.

    Raises:
        ConfigError: FFmpeg doesn't know a codec, or the container can't
            hold it.
        OutputError: The file can't be written.
    """
    import av

    film = film or FilmConfig()
    _check_codec(film.video_codec, "video")
    _check_codec(film.audio_codec, "audio")
    spoken = join_sentences(
        [sentence] if isinstance(sentence, Sentence) else sentence
    )
    rng = np.random.default_rng(film.seed)
    articulation = articulate(spoken)
    waveform = synthesise(articulation, character.voice, film.sample_rate, rng)
    count = int(spoken.duration_s * film.frame_rate + Fraction(1, 1_000_000))
    times = np.arange(count) / float(film.frame_rate)
    frames = _shoot(character, perform(articulation, times, rng), times, film)
    with atomic_path(Path(path)) as temporary:
        try:
            with av.open(str(temporary), "w") as container:
                _write(container, frames, waveform, film)
        except (av.error.FFmpegError, ValueError) as error:
            if isinstance(error, OSError):
                raise
            raise ConfigError(
                f"FFmpeg can't write {Path(path).name} with"
                f" {film.video_codec} and {film.audio_codec} ({error})."
                " Choose other codecs, or a suffix whose container holds"
                " them, such as .mkv."
            ) from error


def _check_codec(name: str, kind: str) -> None:
    import av

    try:
        known = av.codec.Codec(name, "w").type
    except ValueError:
        known = None
    if known != kind:
        raise ConfigError(
            f"FFmpeg has no {kind} codec that writes {name!r}. Choose other"
            " codecs, such as libx264 or mpeg4 and aac or pcm_s16le."
        )


def join_sentences(sentences: Sequence[Sentence]) -> Sentence:
    """Several sentences as one.

    Raises:
        ConfigError: There is none.
    """
    if not sentences:
        raise ConfigError("A puppet needs at least one sentence to say.")
    starts = itertools.accumulate(
        (s.duration_s for s in sentences), initial=0.0
    )
    return Sentence(
        tuple(
            spoken
            for start, sentence in zip(starts, sentences, strict=False)
            for spoken in sentence.moved(start)
        )
    )


def _shoot(
    character: Character,
    expressions: Sequence[Expression],
    times: np.ndarray,
    film: FilmConfig,
) -> Iterator[np.ndarray]:
    """The pictures, uint8 [height, width, 3]."""
    import cv2

    view = View(
        width=film.width * _FINER,
        height=film.height * _FINER,
        x=0.5 * film.width * _FINER,
        y=_EYE_HEIGHT * film.height * _FINER,
        scale=film.eye_distance * _FINER,
    )
    portrait = Portrait(character, view)
    size = (film.width, film.height)
    for expression, camera in zip(
        expressions, _camera(times, view, film), strict=True
    ):
        fine = portrait.draw(expression)
        fine = cv2.warpAffine(
            fine,
            camera,
            (view.width, view.height),
            borderMode=cv2.BORDER_REPLICATE,
        )
        yield cv2.resize(fine, size, interpolation=cv2.INTER_AREA)


def _camera(
    times: np.ndarray, view: View, film: FilmConfig
) -> Iterator[np.ndarray]:
    """For every frame the movement of the picture, float [2, 3]."""
    rng = np.random.default_rng((film.seed, 1))
    phases = rng.uniform(0, 2 * np.pi, 3)
    cuts = sorted(film.jump_cuts)
    # The first camera stands straight; each cut takes it elsewhere.
    places = np.zeros((len(cuts) + 1, 3))
    places[1:, :2] = rng.uniform(-_CUT_SHIFT, _CUT_SHIFT, (len(cuts), 2))
    places[1:, 2] = rng.uniform(-_CUT_ZOOM, _CUT_ZOOM, len(cuts))
    for time in times:
        place = places[np.searchsorted(cuts, time, side="right")]
        swing = film.sway * np.sin(
            2 * np.pi * time * np.array((0.31, 0.43, 0.23)) + phases
        )
        angle = _ROLL * swing[2]
        zoom = 1 + place[2]
        turn = zoom * np.array(
            [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        )
        centre = np.array((view.x, view.y))
        move = (place[:2] + _SWAY * swing[:2]) * view.height
        yield np.concatenate(
            [turn, (centre - turn @ centre + move)[:, None]], axis=1
        )


def _write(
    container: "av.container.OutputContainer",
    frames: Iterator[np.ndarray],
    waveform: np.ndarray,
    film: FilmConfig,
) -> None:
    import av

    rate = film.frame_rate
    video = cast(
        "av.VideoStream", container.add_stream(film.video_codec, rate=rate)
    )
    video.width, video.height = film.width, film.height
    video.pix_fmt = "yuv420p"
    video.time_base = 1 / rate
    # One thread, so that the same film is the same bytes.
    video.codec_context.thread_count = 1
    if film.video_codec == "libx264":
        video.options = {"crf": "16", "preset": "veryfast"}
    else:
        video.bit_rate = 2_000_000
    audio = _add_sound(container, film) if film.sound else None
    sent = 0
    for number, picture in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = number, 1 / rate
        container.mux(video.encode(frame))
        # The sound keeps pace, as players expect it.
        until = min(len(waveform), int((number + 1) / rate * film.sample_rate))
        if audio is not None:
            _write_sound(container, audio, waveform[sent:until], sent)
        sent = until
    container.mux(video.encode(None))
    if audio is not None:
        _write_sound(container, audio, waveform[sent:], sent)
        container.mux(audio.encode(None))


def _add_sound(
    container: "av.container.OutputContainer", film: FilmConfig
) -> "av.AudioStream":
    audio = container.add_stream(
        film.audio_codec, rate=film.sample_rate, layout="mono"
    )
    return cast("av.AudioStream", audio)


def _write_sound(
    container: "av.container.OutputContainer",
    audio: "av.AudioStream",
    samples: np.ndarray,
    position: int,
) -> None:
    import av

    if not len(samples):
        return
    whole = (samples * 32_767).round().astype(np.int16)
    frame = av.AudioFrame.from_ndarray(whole[None], "s16", "mono")
    frame.sample_rate = audio.rate
    frame.pts, frame.time_base = position, Fraction(1, audio.rate)
    container.mux(audio.encode(frame))
