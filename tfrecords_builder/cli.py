"""The builder's command line: build, puppets, film, verify, stats."""

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from tfbegan._version import __version__
from tfbegan.arguments import CommandParser
from tfbegan.config import IMAGE_SIZES
from tfbegan.errors import UsageError
from tfbegan.exits import run_command, sigterm_raises
from tfbegan.quiet import import_tensorflow
from tfrecords_builder.plan import SPLIT_BY, BuildPlan, override

EXIT_PARTIAL = 3
_SIZES = f"{', '.join(map(str, IMAGE_SIZES[:-1]))} or {IMAGE_SIZES[-1]}"
_INTERRUPTED = (
    "Interrupted. What is staged stays: run the same command to go on."
)
_EXAMPLES = """examples:
  tfrecords-builder puppets --out data/puppets
  tfrecords-builder film puppet.mp4 --character 3 --seconds 30
  tfrecords-builder build talk.mp4 --out data/talk
  tfrecords-builder build segments.csv --out data/talk --size 128
  tfrecords-builder build portraits/ --out data/portraits --size 32
  tfrecords-builder verify data/talk

exit codes: 0 everything, 1 failed, 2 wrong usage, 3 some sources gave nothing
or less than all, 130 and 143 interrupted (run the same command to go on)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit code."""
    return run_command(
        "tfrecords-builder", lambda: _run(arguments), _INTERRUPTED
    )


def _run(arguments: Sequence[str] | None) -> int:
    parsed = _parser().parse_args(arguments)
    with sigterm_raises():
        code: int = parsed.run(parsed)
        return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tfrecords-builder",
        description="Turns footage into TFRecords for tfbegan.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(
        required=True, metavar="COMMAND", parser_class=CommandParser
    )
    _add_build(commands)
    _add_puppets(commands)
    _add_film(commands)
    verify = commands.add_parser(
        "verify", help="compare every byte of a data set with its marker"
    )
    verify.add_argument("folder", type=Path)
    verify.set_defaults(run=_verify)
    stats = commands.add_parser("stats", help="figures of a data set")
    stats.add_argument("folder", type=Path)
    stats.add_argument("--json", action="store_true", help="as JSON")
    stats.set_defaults(run=_stats)
    return parser


def _add_build(commands: Any) -> None:
    defaults = BuildPlan()
    build = commands.add_parser(
        "build",
        help="cut faces and their sound out of footage",
        description="Cuts faces and their sound out of videos or images.",
    )
    build.add_argument(
        "sources",
        nargs="*",
        metavar="SOURCE",
        help="video or image file, folder of them, CSV table of ranges (file,"
        " start_s, end_s), or http(s) link to a video",
    )
    build.add_argument(
        "--out", type=Path, metavar="DIR", required=True, help="new folder"
    )
    build.add_argument(
        "--workers",
        type=int,
        metavar="N",
        default=os.cpu_count() or 1,
        help="processes, from 1 (default: %(default)s)",
    )
    build.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        default=Path("data/downloads"),
        help="folder for what links lead to (default: %(default)s)",
    )
    build.add_argument(
        "--allow-private-addresses",
        action="store_true",
        help="let links lead to this machine or network",
    )
    for option, name, unit, text in (
        ("--size", "face.image_size", "PX", f"side of a face, {_SIZES} px"),
        ("--clip-s", "clip_s", "S", "longest clip, 0.1 to 60 s"),
        ("--span-s", "span_s", "S", "work in spans of so many seconds"),
        (
            "--validation-fraction",
            "validation_fraction",
            "SHARE",
            "share held out, 0 to 0.9",
        ),
        ("--clips-per-shard", "clips_per_shard", "N", "records in a shard"),
        ("--jpeg-quality", "jpeg_quality", "N", "of the faces, 1 to 100"),
        (
            "--key-interval-s",
            "tracking.key_interval_s",
            "S",
            "between detections of a face",
        ),
        (
            "--min-face-px",
            "tracking.min_face_px",
            "PX",
            "least distance of the eyes",
        ),
        (
            "--max-source-bytes",
            "max_source_bytes",
            "BYTES",
            "larger files are refused",
        ),
        ("--max-source-s", "max_source_s", "S", "longer videos are refused"),
        ("--timeout-s", "timeout_s", "S", "a span may take so long"),
    ):
        value = _lookup(defaults, name)
        build.add_argument(
            option,
            dest=name,
            type=type(value),
            metavar=unit,
            default=argparse.SUPPRESS,
            help=f"{text} (default: {value})",
        )
    build.add_argument(
        "--split-by",
        dest="split_by",
        choices=SPLIT_BY,
        default=argparse.SUPPRESS,
        help="what is never in both splits (default: auto)",
    )
    build.set_defaults(run=_build)


def _add_puppets(commands: Any) -> None:
    puppets = commands.add_parser(
        "puppets",
        help="draw and voice the default data set",
        description="Draws talking faces with synthesised speech.",
    )
    puppets.add_argument(
        "--out", type=Path, metavar="DIR", required=True, help="new folder"
    )
    puppets.add_argument(
        "--size",
        type=int,
        metavar="PX",
        default=64,
        help=f"side of a face, {_SIZES} px (default: 64)",
    )
    puppets.add_argument(
        "--characters",
        type=int,
        metavar="N",
        default=36,
        help="how many (default: 36)",
    )
    puppets.add_argument(
        "--looks",
        type=int,
        metavar="N",
        default=0,
        help="how many looks the characters share, each with a voice and a"
        " light of its own; 1 is one speaker (default: a look each)",
    )
    where = puppets.add_mutually_exclusive_group()
    where.add_argument(
        "--one-sitting",
        action="store_true",
        help="a look has one light, and its head rests in nearly the same"
        " place: footage before one camera",
    )
    where.add_argument(
        "--days",
        action="store_true",
        help="its head rests so too, but every voice speaks on a day of its"
        " own: the light differs somewhat, clothes and ground differ in colour",
    )
    puppets.add_argument(
        "--sentences",
        type=int,
        metavar="N",
        default=4,
        help="of each (default: 4)",
    )
    puppets.add_argument(
        "--seed",
        type=int,
        metavar="N",
        default=0,
        help="of looks, voices, words and movements (default: 0)",
    )
    puppets.add_argument(
        "--workers",
        type=int,
        metavar="N",
        default=os.cpu_count() or 1,
        help="processes, from 1 (default: one a core)",
    )
    puppets.set_defaults(run=_puppets)


def _add_film(commands: Any) -> None:
    film = commands.add_parser(
        "film",
        help="film a speaking puppet, as footage to try things with",
        description="Films a speaking puppet, with sound.",
    )
    film.add_argument(
        "out", type=Path, metavar="VIDEO", help="video file, such as puppet.mp4"
    )
    film.add_argument(
        "--character",
        type=int,
        metavar="N",
        default=0,
        help="which of the cast, from 0 (default: 0)",
    )
    film.add_argument(
        "--seconds",
        type=float,
        metavar="S",
        default=12.0,
        help="0.5 to 3600 (default: 12)",
    )
    film.add_argument(
        "--fps", type=float, metavar="FPS", default=25.0, help="(default: 25)"
    )
    film.add_argument(
        "--width", type=int, metavar="PX", default=320, help="(default: 320)"
    )
    film.add_argument(
        "--height", type=int, metavar="PX", default=240, help="(default: 240)"
    )
    film.add_argument(
        "--seed",
        type=int,
        metavar="N",
        default=0,
        help="of what it says (default: 0)",
    )
    film.set_defaults(run=_film)


def _build(parsed: argparse.Namespace) -> int:
    from tfrecords_builder.download import fetch_links
    from tfrecords_builder.runner import build, read_statuses
    from tfrecords_builder.sources import find_sources

    settings = {
        name: value
        for name, value in vars(parsed).items()
        if name.partition(".")[0] in BuildPlan().to_dict()
    }
    plan = override(BuildPlan(), settings)
    _check_workers(parsed.workers)
    names = fetch_links(
        parsed.sources, parsed.cache, plan, parsed.allow_private_addresses
    )
    import_tensorflow()
    with _BuildProgress() as progress:
        result = build(
            find_sources(names),
            parsed.out,
            plan,
            workers=parsed.workers,
            progress=progress,
        )
    if result.already_there:
        print(f"{result.folder} is already built from these sources.")
        rows = read_statuses(result.folder)
        complete = all(row["status"] == "ok" for row in rows)
        return 0 if complete else EXIT_PARTIAL
    _report(result)
    if plan.validation_fraction:
        _warn_of_no_validation(result.folder)
    return 0 if result.complete else EXIT_PARTIAL


def _report(result: Any) -> None:
    for status in result.statuses:
        if status.status != "ok":
            print(f"{status.source.label}: {status.status}. {status.detail}")
    good = [status for status in result.statuses if status.clips]
    print(
        f"{result.folder}: {sum(s.frames for s in good)} faces in"
        f" {sum(s.clips for s in good)} clips from {len(good)} of"
        f" {len(result.statuses)} sources. Look at"
        f" {result.folder / 'contact_sheet.png'}."
    )


def _warn_of_no_validation(folder: Path) -> None:
    from tfbegan.records import read_dataset_info

    if not read_dataset_info(folder).frames("validation"):
        print(
            "No face was held out for validation, so no run on this data set"
            " is measured on sound or looks that it has not learnt. That takes"
            " two pictures, or two spans of a video (--span-s), or more."
        )


def _puppets(parsed: argparse.Namespace) -> int:
    from tfbegan.config import FaceConfig
    from tfrecords_builder.puppets import PuppetPlan, build_puppets

    _check_workers(parsed.workers)
    plan = PuppetPlan(
        face=FaceConfig(image_size=parsed.size),
        characters=parsed.characters,
        looks=parsed.looks,
        one_sitting=parsed.one_sitting,
        days=parsed.days,
        sentences=parsed.sentences,
        seed=parsed.seed,
    )
    import_tensorflow()
    info = build_puppets(parsed.out, plan, workers=parsed.workers)
    print(
        f"{parsed.out}: {info.frames('train')} faces to train on and"
        f" {info.frames('validation')} to validate with. Look at"
        f" {parsed.out / 'contact_sheet.png'}."
    )
    return 0


def _check_workers(workers: int) -> None:
    if workers < 1:
        raise UsageError(f"--workers must be 1 or more. Received: {workers}")


def _film(parsed: argparse.Namespace) -> int:
    import numpy as np

    from tfrecords_builder.puppets import (
        FilmConfig,
        PuppetPlan,
        make_character,
        random_sentence,
        render_mp4,
    )

    if not 0.5 <= parsed.seconds <= 3_600:
        raise UsageError(
            f"--seconds must be in [0.5, 3600]. Received: {parsed.seconds:g}"
        )
    cast = PuppetPlan().characters
    if not 0 <= parsed.character < cast:
        raise UsageError(
            f"--character must be in [0, {cast - 1}]. Received:"
            f" {parsed.character}"
        )
    film = FilmConfig(
        width=parsed.width,
        height=parsed.height,
        fps=parsed.fps,
        seed=parsed.seed,
    )
    character = make_character(0, parsed.character, cast)
    generator = np.random.default_rng(parsed.seed)
    sentence = random_sentence(parsed.seconds, 1.0, generator)
    render_mp4(parsed.out, character, sentence, film)
    print(f"{parsed.out}: {parsed.seconds:g} s of puppet {parsed.character}")
    return 0


def _verify(parsed: argparse.Namespace) -> int:
    from tfrecords_builder.verify import verify

    problems = verify(parsed.folder)
    for problem in problems:
        print(problem)
    print(
        f"{parsed.folder}: {len(problems)} problems."
        if problems
        else f"{parsed.folder} is whole."
    )
    return 1 if problems else 0


def _stats(parsed: argparse.Namespace) -> int:
    from tfrecords_builder.verify import stats

    figures = stats(parsed.folder)
    if parsed.json:
        print(json.dumps(figures, indent=2, sort_keys=True))
        return 0
    table = Table("split", "shards", "clips", "faces", title=str(parsed.folder))
    for name, split in figures["splits"].items():
        table.add_row(
            name, *(str(split[key]) for key in ("shards", "clips", "frames"))
        )
    Console().print(table)
    print(
        f"{figures['image_size']} px, sound: {figures['has_audio']}, true"
        f" mouths: {figures['has_truth']}, {figures['bytes']} bytes"
    )
    return 0


class _BuildProgress:
    """A bar on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("building"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("parts  {task.fields[rate]:.0f} faces/s"),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._frames = 0
        self._done = 0
        self._total = 0

    def __enter__(self) -> "_BuildProgress":
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._bar.stop()

    def begin(self, jobs: int, staged: int) -> None:
        """Sets the length of the bar."""
        self._total, self._done = jobs, staged
        self._task = self._bar.add_task(
            "building", total=jobs, completed=staged, rate=0.0
        )

    def advance(self, frames: int) -> None:
        """Counts a part."""
        self._frames += frames
        self._done += 1
        elapsed = self._bar.tasks[0].elapsed or 1e-9
        rate = self._frames / elapsed
        self._bar.update(self._task, advance=1, rate=rate)
        if not self._console.is_terminal:
            self._console.print(
                f"part {self._done}/{self._total}, {self._frames} faces"
                + (
                    f", {rate:.0f} faces/s"
                    if self._bar.tasks[0].elapsed
                    else ""
                ),
                highlight=False,
            )


def _lookup(plan: BuildPlan, name: str) -> Any:
    value: Any = plan
    for part in name.split("."):
        value = getattr(value, part)
    return value
