"""`tfbegan export`."""

import argparse
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "source",
        nargs="?",
        help="run folder or .keras file (default: the newest run in ./runs)",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("out/served"),
        help="folder of all versions (default: %(default)s)",
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
    from tfbegan.generation.archive import check_archive
    from tfbegan.generation.loading import find_generator

    if parsed.articulation is not None:
        check_articulation(parsed.articulation)
    check_archive(find_generator(parsed.source))


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
    folder = export_saved_model(
        generator.model, parsed.output, parsed.model_version
    )
    print(
        f"{folder}: serving_default takes {_inputs(generator)} and gives images"
        " in [0, 1]. Serve it with: tensorflow_model_server"
        f" --model_name=faces --model_base_path={parsed.output.resolve()}"
    )
    return 0


def _inputs(generator: Any) -> str:
    inputs = []
    if generator.latent_dim:
        inputs.append(f"z [batch, {generator.latent_dim}]")
    if generator.audio is not None:
        audio = generator.audio
        inputs.append(f"mfcc [batch, {audio.window_frames}, {audio.n_mfcc}]")
    return " and ".join(inputs)
