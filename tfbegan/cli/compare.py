"""`tfbegan compare`."""

import argparse
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfbegan.cli.animate import (
    add_speaker_options,
    check_speaker_options,
    load_articulate,
    speaker_settings,
    tell_damage,
    tell_result,
    with_progress,
)
from tfbegan.cli.outputs import refuse_overwriting
from tfbegan.errors import ConfigError, UsageError
from tfbegan.records import read_dataset_info

if TYPE_CHECKING:
    import numpy as np

    from tfbegan.generation.animation import AnimationSettings
    from tfbegan.generation.loading import LoadedGenerator

_HEIGHT = 256
_SPLIT, _CLIPS = "validation", 4
_STRIP_FACES = 16
_EPILOG = """examples:
  tfbegan compare interview.mp4 -o compare.mp4
  tfbegan compare --data data/talk --clips 6 -o compare.mp4
  tfbegan compare --data data/talk --clips 3 -o strips.png

With a video the picture shows it on the left and the face that the model makes
from its sound on the right, with the sound. With a data set it shows clips of
the held-out split, one after another, cropped as in training; a data set holds
no sound to play, so that video is silent; a PNG has film strips of the clips,
16 faces each, the real ones above the generated ones. Where the model looks at
faces, the generated one takes who it is from the clip's real frames, mouths
left out, and stands still, or else takes it from --face; --seed and its like
are refused then.

exit codes: as those of tfbegan animate
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.epilog = _EPILOG
    parser.add_argument(
        "video", type=Path, nargs="?", metavar="VIDEO", help="of a speaker"
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="data set, instead of VIDEO"
    )
    parser.add_argument("--split", help=f"of the data set (default: {_SPLIT})")
    parser.add_argument(
        "--clips", type=int, help=f"of the data set (default: {_CLIPS})"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("out/compare.mp4"),
        help="video: .mp4, .webm or .gif; with --data also .png (default:"
        " %(default)s)",
    )
    add_speaker_options(parser)
    parser.add_argument(
        "--fps",
        type=float,
        help="frames a second (default: those of VIDEO or of the data)",
    )


def check(parsed: argparse.Namespace) -> None:
    """Refuses what can be told to be wrong without TensorFlow."""
    if (parsed.video is None) == (parsed.data is None):
        raise UsageError(
            "tfbegan compare needs either a VIDEO or --data. Received:"
            f" {'neither' if parsed.video is None else 'both'}"
        )
    _check_options(parsed)
    sources = (parsed.video, *(parsed.face or ()))
    refuse_overwriting(parsed.output, filter(None, sources))
    if parsed.video is None:
        _check_clips(parsed)
        read_dataset_info(parsed.data)
    else:
        from tfbegan.generation.footage import open_footage
        from tfbegan.generation.speech import open_speech

        open_footage(parsed.video)
        open_speech(parsed.video)
    check_speaker_options(parsed)
    if not _is_picture(parsed.output):
        from tfbegan.generation.video import check_video

        check_video(parsed.output, Fraction(1))


def _check_clips(parsed: argparse.Namespace) -> None:
    if parsed.clips is not None and parsed.clips < 1:
        raise ConfigError(
            f"--clips must be at least 1. Received: {parsed.clips}"
        )


def run(parsed: argparse.Namespace) -> int:
    """Runs the command; returns the exit code."""
    if parsed.video is None:
        return _compare_clips(parsed, load_articulate(parsed))
    return _compare_video(parsed)


def _check_options(parsed: argparse.Namespace) -> None:
    """Options that are given are to do something."""
    if parsed.data is not None:
        if parsed.fps is not None:
            raise UsageError(
                "--fps is for a video: the clips of a data set have a frame"
                " rate of their own. Leave it away."
            )
        return
    for name in ("split", "clips"):
        if getattr(parsed, name) is not None:
            raise UsageError(
                f"--{name} is of a data set, and {parsed.video} is a video."
                " Leave it away, or name the data set with --data."
            )
    if _is_picture(parsed.output):
        raise UsageError(
            "Film strips are of a data set's clips, and"
            f" {parsed.video} is a video. Name a video, such as"
            f" {parsed.output.with_suffix('.mp4')}, or give --data."
        )


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() == ".png"


def _compare_video(parsed: argparse.Namespace) -> int:
    from tfbegan.generation.animation import animate
    from tfbegan.generation.comparison import side_by_side
    from tfbegan.generation.footage import open_footage
    from tfbegan.generation.speech import open_speech
    from tfbegan.generation.video import Soundtrack

    footage = open_footage(parsed.video)
    speech = open_speech(parsed.video)
    generator = load_articulate(parsed)
    fps = min(footage.fps, 60.0) if parsed.fps is None else parsed.fps
    settings = speaker_settings(parsed, generator, fps)
    heard = speech.read()
    faces = animate(generator, heard, speech.sample_rate, settings)
    pairs = side_by_side(footage.shown(settings.frame_rate), faces, _HEIGHT)
    sound = Soundtrack(speech.read(), speech.sample_rate, speech.channels)
    total = round((speech.duration_s or 0) * settings.frame_rate)
    _save(parsed, generator, settings.frame_rate, pairs, total, sound)
    return tell_damage(heard.damage)


def _save(
    parsed: argparse.Namespace,
    generator: "LoadedGenerator",
    frame_rate: Fraction,
    pairs: Iterator["np.ndarray"],
    total: int,
    sound: Any = None,
) -> None:
    from tfbegan.generation.provenance import Provenance
    from tfbegan.generation.video import Film, save_video

    provenance = Provenance.of_model(generator.model)
    film = Film(frame_rate, provenance, scale=1, sound=sound)
    started = time.monotonic()
    count = save_video(parsed.output, with_progress(pairs, total), film)
    tell_result(parsed.output, count, frame_rate, started)


@dataclass(frozen=True)
class _Clip:
    """One clip of a data set."""

    frames: "np.ndarray"
    windows: "np.ndarray"


@dataclass(frozen=True)
class _Speaker:
    """Who says the clips, and how."""

    generator: "LoadedGenerator"
    settings: "AnimationSettings"
    shown: bool
    """Whether each clip shows who speaks it."""

    @classmethod
    def of(
        cls, parsed: argparse.Namespace, generator: "LoadedGenerator"
    ) -> "_Speaker":
        looking = generator.model.has_look
        # Every clip has a frame rate of its own.
        settings = speaker_settings(parsed, generator, 25.0, looking)
        return cls(generator, settings, looking and settings.face is None)

    def pairs(
        self, clip: _Clip, frame_rate: Fraction
    ) -> Iterator["np.ndarray"]:
        """The clip beside what its sound makes."""
        from tfbegan.generation.comparison import side_by_side

        made = self.say(clip, frame_rate)
        yield from side_by_side(clip.frames, made, _HEIGHT)

    def say(self, clip: _Clip, frame_rate: Fraction) -> Iterator["np.ndarray"]:
        """What the clip's sound makes: uint8 [S, S, 3] each."""
        import numpy as np

        from tfbegan.generation.animation import animate_windows

        settings = replace(self.settings, fps=float(frame_rate))
        if self.shown:
            images = clip.frames.astype(np.float32) / 127.5 - 1.0
            face = self.generator.look(images).mean(axis=0)
            settings = replace(settings, face=face, natural_pose=False)
        yield from animate_windows(self.generator, [clip.windows], settings)


def _compare_clips(
    parsed: argparse.Namespace, generator: "LoadedGenerator"
) -> int:
    from tfbegan.media import exact_frame_rate

    parsed.split = parsed.split or _SPLIT
    parsed.clips = parsed.clips or _CLIPS
    dataset = _open_dataset(parsed, generator)
    speaker = _Speaker.of(parsed, generator)
    half = dataset.info.audio.window_frames // 2
    if _is_picture(parsed.output):
        records = _chosen(parsed, dataset)
        return _save_strips(parsed.output, speaker, records, half)
    rates = {_frame_rate(record) for record in _chosen(parsed, dataset)}
    if len(rates) > 1:
        raise ConfigError(
            "The clips have different frame rates, so one video can't show"
            " them. Take fewer with --clips."
        )
    frame_rate = exact_frame_rate(rates.pop())
    # Read again, and decoded as they are shown: any number fits the memory.
    pairs = itertools.chain.from_iterable(
        speaker.pairs(_decoded(record, half), frame_rate)
        for record in _chosen(parsed, dataset)
    )
    total = sum(len(record["frames"]) for record in _chosen(parsed, dataset))
    _save(parsed, generator, frame_rate, pairs, total)
    return 0


def _open_dataset(
    parsed: argparse.Namespace, generator: "LoadedGenerator"
) -> Any:
    from tfbegan.data.dataset import open_dataset

    dataset = open_dataset(parsed.data)
    _check_dataset(parsed, dataset, generator)
    return dataset


def _chosen(
    parsed: argparse.Namespace, dataset: Any
) -> Iterator[dict[str, Any]]:
    """Records from all over the split."""
    step = max(1, dataset.info.clips(parsed.split) // parsed.clips)
    return itertools.islice(
        dataset.clips(parsed.split), 0, step * parsed.clips, step
    )


def _frame_rate(record: dict[str, Any]) -> float:
    import numpy as np

    times = record["frame_times"]
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.04
    return round(1 / step, 2)


def _check_dataset(
    parsed: argparse.Namespace, dataset: Any, generator: "LoadedGenerator"
) -> None:
    from tfbegan.evaluation.speech_clips import check_speaks

    if generator.audio is None:
        raise ConfigError(
            f"{generator.path} was trained without sound, so it can't speak."
            " Name a run of audio, audio+noise or audio+face."
        )
    check_speaks(generator, dataset)
    if not dataset.frames(parsed.split):
        raise ConfigError(
            f"{parsed.data} has no faces in its {parsed.split} split. Name"
            " another --split."
        )


def _decoded(record: dict[str, Any], half: int) -> _Clip:
    import io

    import numpy as np
    from PIL import Image

    frames = [
        np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
        for content in record["frames"]
    ]
    rows = record["mfcc_centres"][:, None] + np.arange(-half, half + 1)
    return _Clip(np.stack(frames), record["mfcc"][rows])


def _save_strips(
    output: Path,
    speaker: _Speaker,
    records: Iterator[dict[str, Any]],
    half: int,
) -> int:
    """Writes faces from all over each clip, above what its sound makes."""
    import numpy as np

    from tfbegan.evaluation.instruments import spread_frames
    from tfbegan.generation.pictures import make_grid, save_png
    from tfbegan.generation.provenance import Provenance
    from tfbegan.media import exact_frame_rate

    rows = []
    for record in records:
        clip = _decoded(record, half)
        frame_rate = exact_frame_rate(_frame_rate(record))
        made = np.stack(list(speaker.say(clip, frame_rate)))
        chosen = spread_frames(len(clip.frames), _STRIP_FACES)
        # A clip that is shorter than a strip is as long as it is.
        blank = np.full_like(clip.frames[:1], 255)
        blanks = np.repeat(blank, _STRIP_FACES - len(chosen), axis=0)
        for faces in (clip.frames, made):
            rows.append(np.concatenate([faces[chosen], blanks]))
    grid = make_grid(np.concatenate(rows), columns=_STRIP_FACES)
    save_png(output, grid, Provenance.of_model(speaker.generator.model))
    print(f"{output}: real faces, and generated ones below them")
    return 0
