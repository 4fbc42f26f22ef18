"""The default data set: a cast of puppets, each saying some sentences."""

import contextlib
import hashlib
import json
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from tfbegan.config import AudioConfig, Config, FaceConfig
from tfbegan.errors import ConfigError
from tfbegan.records import Clip, DatasetInfo
from tfrecords_builder.audio import mfcc_track
from tfrecords_builder.puppets.character import Character, make_character
from tfrecords_builder.puppets.folder import find_finished, write_folder
from tfrecords_builder.puppets.performance import Shot, Studio, Take
from tfrecords_builder.puppets.sentence import random_sentence

_EXTRA_ROWS = 3
"""MFCC rows of true sound at both ends beyond those that windows need."""


@dataclass(frozen=True)
class PuppetPlan(Config):
    """What the puppets' data set holds; the same plan gives the same bytes.

    Attributes:
        face: The geometry of the pictures.
        audio: The MFCC front end.
        characters: How many, each with a voice of its own.
        looks: How many looks they share; 0 gives each its own. With 1 it is
            one speaker who lends many voices a face, each in a light of its
            own, as footage of one person in many places.
        one_sitting: A look has one light instead, and its head rests in
            nearly the same place in every sentence: footage of one person
            before one camera.
        days: Its head rests so too, but every character speaks on a day of
            its own, in much the same light, in clothes and before a ground of
            other colours: footage of one person in one chair, over weeks.
        sentences: Of every character; one is one clip.
        sentence_s: Seconds of a sentence.
        fps: Frames a second.
        seed: Of looks, voices, words and movements.
        validation_fraction: Of the characters, who are then never trained
            on.
        clips_per_shard: How many clips a file holds.
        image_format: "jpeg" or "png".
        jpeg_quality: 1 to 100.
        salt: Decides the order of records and who is for validation. The
            default gives the default cast a validation split whose looks and
            voices are on average like everyone's.
    """

    face: FaceConfig = field(default_factory=FaceConfig)
    audio: AudioConfig = field(default_factory=AudioConfig)
    characters: int = 36
    looks: int = 0
    one_sitting: bool = False
    days: bool = False
    sentences: int = 4
    sentence_s: float = 3.0
    fps: float = 25.0
    seed: int = 0
    validation_fraction: float = 0.15
    clips_per_shard: int = 64
    image_format: str = "jpeg"
    jpeg_quality: int = 95
    salt: str = "puppets-1010"

    def validate(self) -> None:
        """Raises ConfigError where a value is outside of its range."""
        ranges = {
            "characters": (1, 100_000),
            "looks": (0, self.characters),
            "sentences": (1, 10_000),
            "sentence_s": (0.5, 60.0),
            "fps": (1.0, 240.0),
            "seed": (0, 2**31 - 1),
            "validation_fraction": (0.0, 0.9),
            "clips_per_shard": (1, 100_000),
            "jpeg_quality": (1, 100),
        }
        for name, (low, high) in ranges.items():
            self.check_range(name, low, high)
        self.check_choice("image_format", ("jpeg", "png"))
        if self.one_sitting and self.days:
            raise ConfigError(
                "PuppetPlan.one_sitting and PuppetPlan.days exclude each other:"
                " one sitting is on one day. Leave one of them away."
            )
        _check_mouth(self.face)

    @classmethod
    def from_dict(cls, content: Any) -> Self:
        """The inverse of `to_dict`.

        Raises:
            ConfigError: As `Config.from_dict`.
        """
        if isinstance(content, dict):
            content = dict(content)
            for name, kind in (("face", FaceConfig), ("audio", AudioConfig)):
                if name in content:
                    content[name] = kind.from_dict(content[name])
        return super().from_dict(content)


def _check_mouth(face: FaceConfig) -> None:
    """A puppet's mouth lies 0.85 to 1.7 eye distances below its eyes."""
    _, top, _, bottom = face.mouth_box
    highest = face.eye_height + 0.85 * face.eye_distance
    lowest = face.eye_height + 1.7 * face.eye_distance
    if not (top <= highest and lowest <= bottom):
        raise ConfigError(
            "The mouth of a puppet with such eyes moves between"
            f" {highest:.2f} and {lowest:.2f} of the picture's height, which"
            f" FaceConfig.mouth_box must hold. Received: {face.mouth_box}."
            " Make the box higher or bring the eyes closer together."
        )


def build_puppets(
    out: Path, plan: PuppetPlan | None = None, workers: int | None = None
) -> DatasetInfo:
    """Makes a puppets' data set; one that is finished already is left alone.

    With several workers the calling script needs the usual
    `if __name__ == "__main__":`, as they are processes of their own.

    Args:
        out: The folder.
        plan: What to make; None takes the defaults.
        workers: As in `puppet_clips`. The bytes are the same.

    Returns:
        The content of its marker.

    Raises:
        PlanChangedError: The folder holds a data set of another plan.
        LockedError: Another process builds it.
        OutputError: It can't be written, or holds something else.
    """
    plan = plan or PuppetPlan()
    out = Path(out)
    finished = find_finished(out, plan)
    return finished or write_folder(out, puppet_clips(plan, workers), plan)


def puppet_clips(
    plan: PuppetPlan, workers: int | None = None
) -> Iterator[Clip]:
    """Every clip of a plan, in the order of characters and sentences.

    Args:
        plan: What to make.
        workers: Processes; None takes as many as there are processors, 1
            works in this process. The clips are the same.
    """
    count = min(workers or os.cpu_count() or 1, plan.characters)
    if count == 1:
        for number in range(plan.characters):
            yield from character_clips(plan, number)
        return
    # Forking a process in which TensorFlow runs threads can lock up.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, mp_context=context)
    with pool:
        jobs = [
            pool.submit(character_clips, plan, number)
            for number in range(plan.characters)
        ]
        try:
            for job in jobs:
                yield from job.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def character_clips(plan: PuppetPlan, number: int) -> list[Clip]:
    """All clips of one character of a plan."""
    with _one_thread():
        character = _character(plan, number)
        studio = Studio(character, plan.face)
        return [
            _make_clip(plan, character, sentence, studio)
            for sentence in range(plan.sentences)
        ]


def record_take(plan: PuppetPlan, number: int, sentence: int = 0) -> Take:
    """One sentence of one character as plain arrays.

    Args:
        plan: The data set that it would be in.
        number: Which character, from 0.
        sentence: Which of its sentences, from 0.
    """
    character = _character(plan, number)
    return _record(plan, character, sentence, Studio(character, plan.face))


def source_id(plan: PuppetPlan, number: int) -> str:
    """The id of a character, 16 hexadecimal digits."""
    looks = f" sharing {plan.looks} looks" if plan.looks else ""
    place = " in one sitting" if plan.one_sitting else ""
    place = " on days of their own" if plan.days else place
    return _hex_id(
        f"puppet {plan.seed} {plan.characters} {number}{looks}{place}"
    )


def _character(plan: PuppetPlan, number: int) -> Character:
    return make_character(
        plan.seed,
        number,
        plan.characters,
        plan.looks,
        plan.one_sitting,
        plan.days,
    )


def _record(
    plan: PuppetPlan, character: Character, sentence: int, studio: Studio
) -> Take:
    rng = np.random.default_rng((plan.seed, character.number, sentence))
    spoken = random_sentence(plan.sentence_s, character.voice.rate, rng)
    shot = Shot(
        plan.fps,
        plan.audio.sample_rate,
        _lead_s(plan.audio),
        plan.one_sitting or plan.days,
    )
    return studio.record(spoken, shot, rng)


def _lead_s(audio: AudioConfig) -> float:
    return (audio.window_frames // 2 + _EXTRA_ROWS) / audio.frame_rate


def _make_clip(
    plan: PuppetPlan, character: Character, sentence: int, studio: Studio
) -> Clip:
    take = _record(plan, character, sentence, studio)
    source = source_id(plan, character.number)
    heard = (take.frame_times + take.lead_s) * plan.audio.frame_rate
    return Clip(
        clip_id=_hex_id(f"{source} {sentence}"),
        source_id=source,
        frames=[_encode(frame, plan) for frame in take.frames],
        frame_times=take.frame_times.astype(np.float32),
        mfcc=mfcc_track(take.waveform, plan.audio),
        mfcc_centres=np.floor(heard + 0.5).astype(np.int64),
        mouth_opening=take.opening.astype(np.float32),
        mouth_width=take.width.astype(np.float32),
        metadata=_metadata(plan, character, take, sentence),
    )


def _metadata(
    plan: PuppetPlan, character: Character, take: Take, sentence: int
) -> str:
    content = {
        "file": f"puppet {character.number}",
        "start_s": sentence * plan.sentence_s,
        "end_s": (sentence + 1) * plan.sentence_s,
        "fps": plan.fps,
        "eye_distance_px": plan.face.eye_distance * plan.face.image_size,
        "character": character.to_dict(),
        "phonemes": [
            [p.symbol, round(p.start_s, 4), round(p.end_s, 4)]
            for p in take.sentence.phonemes
        ],
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def _encode(frame: np.ndarray, plan: PuppetPlan) -> bytes:
    import cv2

    flags = []
    if plan.image_format == "jpeg":
        flags = [
            cv2.IMWRITE_JPEG_QUALITY,
            plan.jpeg_quality,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
        ]
    _, content = cv2.imencode(f".{plan.image_format}", frame[..., ::-1], flags)
    return content.tobytes()


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """OpenCV with one thread: workers are processes, pictures are small."""
    import cv2

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _hex_id(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
