"""`tfbegan evaluate`."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from tfbegan.errors import ConfigError, UsageError
from tfbegan.records import read_dataset_info

_COLUMNS = 16
_CLIPS = 40
_ENOUGH_CLIPS = 16
_CAST = 2
_SOUND_OPTIONS = (
    "held_out",
    "regressor",
    "clips",
    "faces_per_clip",
    "articulation",
)
_Z_OPTIONS = ("truncation", "faces_per_clip")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.epilog = """A generator that takes sound is measured on held-out
clips: does the mouth follow the sound (A1 to A10), does the face look like the
one that was shown (A11), beside shuffled sound, the mean face and real faces,
with 95 % intervals over clips (of A6 over moments, of A7 over faces, of which a
clip may have several). evaluation.json and evaluation.html go beside
the generator. What real faces do not pass is asked of nobody: that row has a
threshold and no verdict. What measures learns from --data once (some minutes on
one core) and is kept in $TFBEGAN_CACHE or ~/.cache/tfbegan.
Without sound, healthy is: faces are found at least 0.9 times as often as in
reals, the spread is at least 0.6 of theirs, the MS-SSIM of pairs at most 0.15
above theirs. The control is other reals. evaluation.json and evaluation.png
(generated faces over real ones) go beside the generator."""
    parser.add_argument(
        "source",
        nargs="?",
        help="run folder, .keras file, or puppet, the bundled generator"
        " (default: the newest run in ./runs, or else puppet)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        required=True,
        help="data set to compare with: the one of the training",
    )
    parser.add_argument("--seed", type=int, default=0, help="(default: 0)")
    parser.add_argument(
        "--truncation",
        type=float,
        help="of random z, 0 to 1, as of tfbegan generate (default: 1)",
    )
    parser.add_argument(
        "-o", "--output", type=Path, help="folder (default: the run's)"
    )
    sound = parser.add_argument_group("generators that take sound")
    sound.add_argument(
        "--held-out",
        type=Path,
        metavar="DIR",
        help="another data set: clips of all of its splits are measured on,"
        " instead of the validation split of --data (without those by which"
        " training chooses its best step, if there are enough others)",
    )
    sound.add_argument(
        "--regressor",
        metavar="RUN",
        help="a run trained on pairs with L1 alone, measured beside this one",
    )
    sound.add_argument(
        "--clips",
        type=int,
        help=f"held-out clips at most, evenly spread (default: {_CLIPS})",
    )
    sound.add_argument(
        "--faces-per-clip",
        type=int,
        help=f"random z that speak each clip (default: {_CAST})",
    )
    sound.add_argument(
        "--articulation",
        type=float,
        help="how far its mouths move with the sound, as of tfbegan animate;"
        " not those of the regressor (default: its own)",
    )


def check(parsed: argparse.Namespace) -> None:
    """Refuses what can be told to be wrong without TensorFlow."""
    from tfbegan.config import check_articulation
    from tfbegan.generation.archive import check_archive
    from tfbegan.generation.latents import check_seed, check_truncation
    from tfbegan.generation.loading import find_generator

    check_seed(parsed.seed)
    if parsed.truncation is not None:
        check_truncation(parsed.truncation)
    if parsed.articulation is not None:
        check_articulation(parsed.articulation)
    _check_count("--clips", parsed.clips, 4)
    _check_count("--faces-per-clip", parsed.faces_per_clip, 1)
    check_archive(find_generator(parsed.source))
    read_dataset_info(parsed.data)


def _check_count(option: str, count: int | None, least: int) -> None:
    if count is not None and count < least:
        raise ConfigError(
            f"{option} must be {least} or more. Received: {count}"
        )


def run(parsed: argparse.Namespace) -> int:
    """Runs the command; returns the exit code."""
    from tfbegan.generation.loading import load_generator

    generator = load_generator(parsed.source)
    if generator.audio is None:
        _refuse_sound_options(parsed, generator)
        return _run_noise(parsed, generator)
    if parsed.articulation is not None:
        generator = generator.with_articulation(parsed.articulation)
    return _run_audio(parsed, generator)


def _refuse_sound_options(parsed: argparse.Namespace, generator: Any) -> None:
    """Names an option that would do nothing for faces from noise."""
    for name in _SOUND_OPTIONS:
        if getattr(parsed, name) is not None:
            raise UsageError(
                f"--{name.replace('_', '-')} is for generators that take"
                f" sound, and {generator.path} takes none. Leave it away."
            )


def _run_audio(parsed: argparse.Namespace, generator: Any) -> int:
    from rich.console import Console

    from tfbegan.data.dataset import open_dataset
    from tfbegan.evaluation.audio_report import measure_audio_mode
    from tfbegan.evaluation.held_out import HeldOut
    from tfbegan.evaluation.html_report import render_report, show_clips
    from tfbegan.evaluation.instruments import prepare_instruments
    from tfbegan.files import atomic_write_text, write_json, writing
    from tfbegan.generation.provenance import Provenance

    _refuse_options_of_z(parsed, generator)
    dataset = open_dataset(parsed.data)
    folder = parsed.output or _folder_of(generator)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    candidate = _candidate(generator, parsed)
    regressor = _load_regressor(parsed, dataset, generator)
    clips = _held_out_clips(parsed, dataset, generator)
    console = Console()
    console.print("What measures: learning it, or taking it from the cache")
    held_out = HeldOut(clips, prepare_instruments(dataset), parsed.seed)
    report = measure_audio_mode(
        candidate,
        held_out,
        regressor,
        progress=lambda name: console.print(f"Measuring: {name}"),
    )
    write_json(folder / "evaluation.json", report.to_dict())
    page = render_report(
        report,
        show_clips(candidate.arms(held_out), held_out),
        generator.path.parent.name or generator.path.name,
        Provenance.of_model(generator.model).xmp(),
    )
    atomic_write_text(folder / "evaluation.html", page)
    console.print(_audio_table(report))
    failed = [row.name for row in report.rows if row.passed is False]
    verdict = f"NOT passed: {', '.join(failed)}" if failed else "passed"
    verdict += _truncated(report.truncation)
    if parsed.articulation is not None:
        verdict += f", with an articulation of {parsed.articulation:g}"
    print(f"{verdict}. Look at {folder / 'evaluation.html'}.")
    return 0


def _refuse_options_of_z(parsed: argparse.Namespace, generator: Any) -> None:
    """Names an option that would do nothing without a random z."""
    if generator.conditioning == "audio+noise":
        return
    for name in _Z_OPTIONS:
        if getattr(parsed, name) is not None:
            raise UsageError(
                f"{generator.path} was trained with --conditioning"
                f" {generator.conditioning}, so it is measured without a"
                f" random z. Leave --{name.replace('_', '-')} away."
            )


def _held_out_clips(
    parsed: argparse.Namespace, dataset: Any, generator: Any
) -> list[Any]:
    from tfbegan.data.dataset import open_dataset
    from tfbegan.evaluation.retrieval import check_clips
    from tfbegan.evaluation.speech_clips import (
        check_apart,
        check_speaks,
        load_clips,
    )
    from tfbegan.records import SPLITS

    most = _CLIPS if parsed.clips is None else parsed.clips
    check_speaks(generator, dataset)
    if parsed.held_out is None:
        leave_out = _clips_that_chose(dataset)
        clips = load_clips(dataset, ("validation",), most, leave_out)
    else:
        other = open_dataset(parsed.held_out)
        check_speaks(generator, other)
        clips = load_clips(other, SPLITS, most)
        check_apart(clips, dataset)
    check_clips(len(clips))
    return clips


def _clips_that_chose(dataset: Any) -> list[str]:
    """Ids to leave out: a best step flatters the clips that chose it."""
    from tfbegan.evaluation.audio_score import scored_clip_ids
    from tfbegan.evaluation.speech_clips import clip_ids

    chose = scored_clip_ids(dataset)
    if not chose:
        return []
    others = len(clip_ids(dataset, ("validation",), None, chose))
    if others >= _ENOUGH_CLIPS:
        return chose
    print(
        f"Besides the {len(chose)} validation clips by which training chooses"
        f" its best step there are {others}, so it is measured on those as"
        " well, which may flatter it. --held-out names other clips."
    )
    return []


def _load_regressor(
    parsed: argparse.Namespace, dataset: Any, generator: Any
) -> Any:
    from tfbegan.evaluation.speech_clips import check_speaks
    from tfbegan.generation.loading import load_generator

    if parsed.regressor is None:
        return None
    regressor = load_generator(parsed.regressor)
    check_speaks(regressor, dataset)
    if regressor.conditioning != generator.conditioning:
        raise ConfigError(
            f"A control takes what the judged generator takes: {generator.path}"
            f" was trained with --conditioning {generator.conditioning},"
            f" {regressor.path} with {regressor.conditioning}. Name another"
            " --regressor."
        )
    return _candidate(regressor, parsed)


def _candidate(generator: Any, parsed: argparse.Namespace) -> Any:
    from tfbegan.evaluation.audio_report import Candidate
    from tfbegan.generation.latents import draw_latents

    cast = _CAST if parsed.faces_per_clip is None else parsed.faces_per_clip
    return Candidate(generator, draw_latents, cast, _truncation(parsed))


def _truncation(parsed: argparse.Namespace) -> float:
    truncation: float | None = parsed.truncation
    return 1.0 if truncation is None else truncation


def _truncated(truncation: float) -> str:
    """What is to be said beside a verdict on faces of truncated z."""
    return "" if truncation == 1 else f", with z truncated to {truncation:g}"


def _audio_table(report: Any) -> Any:
    """Intervals of the judged column alone: a terminal is narrow."""
    from rich.table import Table

    judged, *controls = report.arms
    table = Table("", "measure", "passes at", "passed", judged, *controls)
    for row in report.rows:
        table.add_row(
            row.measure.id,
            row.name,
            row.measure.bounds,
            {None: "", True: "yes", False: "NO"}[row.passed],
            str(row.figures.get(judged, "")),
            *(
                f"{row.figures[arm].value:.3f}" if arm in row.figures else ""
                for arm in controls
            ),
        )
    return table


def _folder_of(generator: Any) -> Path:
    """The run's; what is installed is not written into."""
    from tfbegan.generation.bundled import BUNDLED, bundled

    if generator.path in [bundled(name) for name in BUNDLED]:
        return Path("out/evaluation")
    return generator.path.parent


def _run_noise(parsed: argparse.Namespace, generator: Any) -> int:
    from rich.console import Console

    from tfbegan.data.dataset import open_dataset
    from tfbegan.evaluation.noise_report import IMAGES, measure_noise_mode
    from tfbegan.files import write_json
    from tfbegan.generation.pictures import make_grid, save_png
    from tfbegan.generation.provenance import Provenance

    dataset = open_dataset(parsed.data)
    reals = dataset.images("train", 2 * IMAGES, seed=parsed.seed)
    real, control = np.split(reals[: len(reals) // 2 * 2], 2)
    truncation = _truncation(parsed)
    fakes = generator.generate(IMAGES, parsed.seed, truncation)
    report = measure_noise_mode(*map(_as_float, (fakes, real, control)))
    folder = parsed.output or _folder_of(generator)
    figures = {
        **asdict(report),
        "detection_ratio": report.detection_ratio,
        "spread_ratio": report.spread_ratio,
        "ms_ssim_excess": report.ms_ssim_excess,
        "healthy": report.healthy,
        "truncation": truncation,
        **_fall_of_m(generator.path.parent / "stats.jsonl"),
    }
    write_json(folder / "evaluation.json", figures)
    shown = np.concatenate([fakes[:64], real[:32]])
    save_png(
        folder / "evaluation.png",
        make_grid(shown, columns=_COLUMNS),
        Provenance.of_model(generator.model),
    )
    Console().print(_table(report))
    print(
        f"{'healthy' if report.healthy else 'NOT healthy'}:"
        f" faces {report.detection_ratio:.2f}, spread"
        f" {report.spread_ratio:.2f}, MS-SSIM"
        f" {report.ms_ssim_excess:+.3f}{_truncated(truncation)}."
        f" Look at {folder / 'evaluation.png'}."
    )
    return 0


def _as_float(images: np.ndarray) -> np.ndarray:
    return images.astype(np.float32) / 127.5 - 1.0


def _table(report: Any) -> Any:
    from rich.table import Table

    table = Table("", "faces found", "spread", "MS-SSIM")
    for name in ("generated", "real", "control"):
        measures = getattr(report, name)
        table.add_row(
            name,
            f"{measures.detection_rate:.3f}",
            f"{measures.spread:.3f}",
            f"{measures.ms_ssim:.3f}",
        )
    return table


def _fall_of_m(stats: Path) -> dict[str, float]:
    """M in the first and the last row of a run's statistics."""
    from tfbegan.training.statistics import read_rows

    values = [row["m_global"] for row in read_rows(stats) if "m_global" in row]
    return {"m_first": values[0], "m_last": values[-1]} if values else {}
