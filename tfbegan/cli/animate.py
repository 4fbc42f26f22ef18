"""`tfbegan animate`."""

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfbegan.cli.outputs import refuse_overwriting
from tfbegan.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

    from tfbegan.generation.animation import AnimationSettings
    from tfbegan.generation.loading import LoadedGenerator

EXIT_PARTLY = 3
_OF_WHO_SPEAKS = ("seed", "truncation", "movement", "natural_pose")
_EPILOG = """examples:
  tfbegan animate speech.wav -o talk.mp4
  tfbegan animate speech.mp3 -o talk.webm --seed 7 --still-pose
  tfbegan animate interview.mp4 -o talk.gif --face portrait.jpg --fps 30

SPEECH is any file with sound that FFmpeg reads: WAV, FLAC, MP3, OGG, M4A, or a
video, at any rate and with any number of channels. The name of the video
chooses its format: MP4 (H.264, AAC), WebM (VP9, Opus) or GIF, which is silent.
Of a photograph the largest face is taken, cut out as the faces that the model
learnt from; where none is found, the middle square.

exit codes: 0 done, 1 failed, 2 wrong usage, 3 done, but SPEECH is damaged and
what could not be read is silent or missing
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.epilog = _EPILOG
    parser.add_argument(
        "speech", type=Path, metavar="SPEECH", help="sound file, or a video"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("out/talk.mp4"),
        help="video: .mp4, .webm or .gif (default: %(default)s)",
    )
    add_speaker_options(parser)
    parser.add_argument(
        "--fps",
        type=float,
        default=25.0,
        help="frames a second (default: 25)",
    )
    parser.add_argument(
        "--scale",
        type=int,
        help="enlarge so many times (default: to 256 pixels or more)",
    )


def add_speaker_options(parser: argparse.ArgumentParser) -> None:
    """Which model speaks, who is shown, and how the head moves."""
    parser.add_argument(
        "--source",
        help="run folder, .keras file, or puppet, the bundled generator"
        " (default: the newest run in ./runs that hears, or else puppet)",
    )
    parser.add_argument("--seed", type=int, help="who speaks (default: 0)")
    parser.add_argument(
        "--truncation",
        type=float,
        help="how far from the typical face the seed may draw who speaks, 0"
        " to 1 (default: 1)",
    )
    parser.add_argument(
        "--face",
        type=Path,
        nargs="+",
        metavar="PHOTO",
        help="photographs of who speaks, instead of the seed; a generator of"
        " audio+face needs one",
    )
    pose = parser.add_mutually_exclusive_group()
    pose.add_argument(
        "--natural-pose",
        action="store_true",
        default=None,
        help="small movements of the head, and blinks (the default)",
    )
    pose.add_argument(
        "--still-pose",
        action="store_false",
        default=None,
        dest="natural_pose",
        help="only the sound moves the face",
    )
    parser.add_argument(
        "--movement",
        type=float,
        help="how far the natural pose goes, 0 to 1: as far as in the footage"
        " that was learnt (default: 1; where that is not known, 0.1 of z)",
    )
    parser.add_argument(
        "--articulation",
        type=float,
        help="how far the mouth moves with the sound, 0 to 3: more opens it"
        " wider (default: the generator's own, which is 1 unless it was"
        " exported with another)",
    )


def check(parsed: argparse.Namespace) -> None:
    """Refuses what can be told to be wrong without TensorFlow."""
    refuse_overwriting(parsed.output, (parsed.speech, *(parsed.face or ())))
    from tfbegan.generation.speech import open_speech
    from tfbegan.generation.video import check_video
    from tfbegan.media import exact_frame_rate

    open_speech(parsed.speech)
    check_speaker_options(parsed)
    check_video(parsed.output, exact_frame_rate(parsed.fps), parsed.scale)


def run(parsed: argparse.Namespace) -> int:
    """Runs the command; returns the exit code."""
    from tfbegan.generation.animation import animate
    from tfbegan.generation.provenance import Provenance
    from tfbegan.generation.speech import open_speech
    from tfbegan.generation.video import Film, Soundtrack, save_video

    speech = open_speech(parsed.speech)
    generator = load_articulate(parsed)
    settings = speaker_settings(parsed, generator, parsed.fps)
    film = Film(
        settings.frame_rate,
        Provenance.of_model(generator.model),
        parsed.scale,
        Soundtrack(speech.read(), speech.sample_rate, speech.channels),
    )
    heard = speech.read()
    faces = animate(generator, heard, speech.sample_rate, settings)
    seconds = speech.duration_s or 0
    started = time.monotonic()
    shown = with_progress(faces, round(seconds * settings.frame_rate))
    count = save_video(parsed.output, shown, film)
    tell_result(parsed.output, count, settings.frame_rate, started)
    return tell_damage(heard.damage)


def check_speaker_options(parsed: argparse.Namespace) -> None:
    """Refuses what of `add_speaker_options` makes no sense for anybody."""
    from tfbegan.config import check_articulation
    from tfbegan.generation.archive import check_archive
    from tfbegan.generation.latents import check_seed, check_truncation
    from tfbegan.generation.loading import find_speaker
    from tfbegan.generation.pose import check_movement

    for check_value, value in (
        (check_seed, parsed.seed),
        (check_truncation, parsed.truncation),
        (check_movement, parsed.movement),
        (check_articulation, parsed.articulation),
    ):
        if value is not None:
            check_value(value)
    check_archive(find_speaker(parsed.source))


def load_articulate(parsed: argparse.Namespace) -> "LoadedGenerator":
    """Who speaks, as `add_speaker_options` ask for it."""
    from tfbegan.generation.loading import load_speaker

    generator = load_speaker(parsed.source)
    if parsed.articulation is None:
        return generator
    return generator.with_articulation(parsed.articulation)


def speaker_settings(
    parsed: argparse.Namespace,
    generator: "LoadedGenerator",
    fps: float,
    own_looks: bool = False,
) -> "AnimationSettings":
    """The settings that `add_speaker_options` and a frame rate ask for.

    Args:
        parsed: The options.
        generator: Who speaks.
        fps: Frames a second.
        own_looks: Whether what is spoken shows the face that speaks it, unless
            there is a --face.

    Raises:
        UsageError: An option would do nothing, or a --face is missing.
    """
    from tfbegan.generation.animation import AnimationSettings

    given = {
        name: getattr(parsed, name)
        for name in _OF_WHO_SPEAKS
        if getattr(parsed, name) is not None
    }
    _refuse_idle(parsed, given, generator, own_looks)
    if not (parsed.face or own_looks):
        _refuse_unseen(generator)
    face = _look(generator, parsed.face) if parsed.face else None
    return AnimationSettings(fps=fps, face=face, **given)


def _refuse_idle(
    parsed: argparse.Namespace,
    given: Mapping[str, Any],
    generator: "LoadedGenerator",
    own_looks: bool,
) -> None:
    """Names an option that would do nothing, and why."""
    idle: dict[str, str] = {}
    if given.get("natural_pose") is False:
        idle["movement"] = "--still-pose leaves nothing to move"
    if parsed.face:
        idle["truncation"] = "--face says who speaks"
        if given.get("natural_pose") is False:
            idle["seed"] = "--face says who speaks, and nothing else moves"
    elif own_looks:
        reason = "each clip shows who speaks it, standing still"
        idle = dict.fromkeys(_OF_WHO_SPEAKS, reason)
    if not generator.latent_dim:
        reason = f"{generator.path} makes a face of the sound alone"
        idle = dict.fromkeys(_OF_WHO_SPEAKS, reason)
    for name, reason in idle.items():
        if name in given:
            option = name.replace("_", "-")
            if given[name] is False:
                option = "still-pose"
            raise UsageError(
                f"--{option} does nothing here: {reason}. Leave it away."
            )


def _refuse_unseen(generator: "LoadedGenerator") -> None:
    """A z that the seed draws is none that such a generator learnt from."""
    if generator.conditioning == "audio+face":
        raise UsageError(
            f"{generator.path} makes the face that it is shown. Name a"
            " photograph with --face."
        )


def with_progress(
    frames: Iterator["np.ndarray"], total: int
) -> Iterator["np.ndarray"]:
    """The frames, with a bar on a terminal."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    yield from track(
        frames,
        "animating",
        total=total or None,
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )


def tell_result(
    path: Path, count: int, frame_rate: Any, started: float
) -> None:
    """Prints what was written and how fast."""
    seconds = float(count / frame_rate)
    spent = max(time.monotonic() - started, 1e-3)
    print(
        f"{path}: {count} frames, {seconds:.2f} s, made in {spent:.1f} s"
        f" ({seconds / spent:.0f} times real time)"
    )


def tell_damage(damage: str | None) -> int:
    """Prints what could not be read; returns the exit code."""
    if damage is None:
        return 0
    print(
        f"tfbegan: {damage} The rest was animated.",
        file=sys.stderr,
    )
    return EXIT_PARTLY


def _look(generator: "LoadedGenerator", paths: Sequence[Path]) -> Any:
    """The z that photographs have in common."""
    import numpy as np

    from tfbegan.cli.photographs import read_face

    generator.check_looks_at_faces()
    faces = [read_face(path, generator) for path in paths]
    return generator.look(np.stack(faces)).mean(axis=0)
