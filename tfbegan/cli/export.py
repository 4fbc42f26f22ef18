"""`tfbegan export`."""

import argparse
from pathlib import Path


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
        "--version",
        type=int,
        dest="model_version",
        help="number, from 1 (default: one more than the highest there)",
    )


def run(parsed: argparse.Namespace) -> int:
    """Runs the command; returns the exit code."""
    from tfbegan.export.saved_model import export_saved_model
    from tfbegan.generation.loading import load_generator

    generator = load_generator(parsed.source)
    folder = export_saved_model(
        generator.model, parsed.output, parsed.model_version
    )
    print(
        f"{folder}: serving_default takes z [batch, {generator.latent_dim}] and"
        " gives images in [0, 1]. Serve it with: tensorflow_model_server"
        f" --model_name=faces --model_base_path={parsed.output.resolve()}"
    )
    return 0
