"""`tfbegan export`."""

import argparse
from pathlib import Path
from typing import Any

from tfbegan.cli.outputs import refuse_overwriting
from tfbegan.errors import UsageError

_DEFAULT_OUTPUT = Path("out/served")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "source",
        nargs="?",
        help="run folder, .keras file, or puppet, the bundled generator"
        " (default: the newest run in ./runs, or else puppet)",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        help=f"folder of all versions (default: {_DEFAULT_OUTPUT})",
    )
    parser.add_argument(
        "--articulation",
        type=float,
        help="how far mouths move with the sound, as of tfbegan animate"
        " (default: its own)",
    )
    parser.add_argument(
        "--compact",
        type=Path,
        metavar="FILE",
        help="write a .keras file of half the size instead, to ship with a"
        " program and to load with load_generator",
    )
    parser.add_argument(
        "--version",
        type=int,
        dest="model_version",
        help="number, from 1 (default: one more than the highest there)",
    )


def check(parsed: argparse.Namespace) -> None:
    """Refuses what can be told to be wrong without TensorFlow."""
    from tfbegan.config import check_articulation
    from tfbegan.export.saved_model import version_folder
    from tfbegan.generation.archive import check_archive
    from tfbegan.generation.loading import find_generator

    if parsed.compact is None:
        version_folder(_output(parsed), parsed.model_version)
    else:
        _refuse_idle(parsed)
        _check_compact(parsed.compact)
    if parsed.articulation is not None:
        check_articulation(parsed.articulation)
    source = find_generator(parsed.source)
    if parsed.compact is not None:
        refuse_overwriting(parsed.compact, [source], "--compact")
    check_archive(source)


def run(parsed: argparse.Namespace) -> int:
    """Runs the command; returns the exit code."""
    from tfbegan.export.saved_model import export_saved_model
    from tfbegan.generation.loading import load_generator

    generator = load_generator(parsed.source)
    if parsed.articulation is not None:
        generator = generator.with_articulation(parsed.articulation)
    if parsed.compact is not None:
        from tfbegan.export.compact import save_compact

        size = save_compact(generator.model, parsed.compact)
        print(f"{parsed.compact}: {size / 1e6:.1f} MB")
        return 0
    output = _output(parsed)
    folder = export_saved_model(generator.model, output, parsed.model_version)
    print(
        f"{folder}: serving_default takes {_inputs(generator)} and gives images"
        " in [0, 1]. Serve it with: tensorflow_model_server"
        f" --model_name=faces --model_base_path={output.resolve()}"
    )
    return 0


def _output(parsed: argparse.Namespace) -> Path:
    return parsed.output or _DEFAULT_OUTPUT


def _refuse_idle(parsed: argparse.Namespace) -> None:
    """Names an option that does nothing beside --compact."""
    for name, value in (
        ("--output", parsed.output),
        ("--version", parsed.model_version),
    ):
        if value is not None:
            raise UsageError(
                f"{name} does nothing here: --compact writes one file, whose"
                " name it takes. Leave it away."
            )


def _check_compact(path: Path) -> None:
    if path.suffix != ".keras":
        raise UsageError(
            "--compact writes a .keras file, and only one that is named so can"
            f" be loaded. Received: {path}. End its name in .keras."
        )


def _inputs(generator: Any) -> str:
    inputs = []
    if generator.latent_dim:
        inputs.append(f"z [batch, {generator.latent_dim}]")
    if generator.audio is not None:
        audio = generator.audio
        inputs.append(f"mfcc [batch, {audio.window_frames}, {audio.n_mfcc}]")
    return " and ".join(inputs)
