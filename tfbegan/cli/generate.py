"""`tfbegan generate`."""

import argparse
from pathlib import Path

from tfbegan.cli.outputs import refuse_other_suffix, refuse_overwriting
from tfbegan.errors import UsageError

_PICTURE = Path("out/faces.png")
_FOLDER = Path("out/faces")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "source",
        nargs="?",
        help="run folder, .keras file, or puppet, the bundled generator"
        " (default: the newest run in ./runs, or else puppet)",
    )
    parser.add_argument(
        "-n", "--count", type=int, default=64, help="faces (default: 64)"
    )
    parser.add_argument("--seed", type=int, default=0, help="(default: 0)")
    parser.add_argument(
        "--truncation",
        type=float,
        default=1.0,
        help="0 to 1: less gives faces that are more typical and less varied"
        " (default: 1)",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        help=f"picture: .png, or with --separate a folder (default: {_PICTURE},"
        f" or {_FOLDER})",
    )
    parser.add_argument(
        "--columns", type=int, help="faces in a row (default: a square grid)"
    )
    parser.add_argument(
        "--separate", action="store_true", help="one picture a face"
    )


def check(parsed: argparse.Namespace) -> None:
    """Refuses what can be told to be wrong without TensorFlow."""
    from tfbegan.generation.archive import check_archive
    from tfbegan.generation.latents import draw_latents
    from tfbegan.generation.loading import find_generator

    source = find_generator(parsed.source)
    if parsed.output is None:
        parsed.output = _FOLDER if parsed.separate else _PICTURE
    if parsed.columns is not None:
        _check_columns(parsed)
    if parsed.separate:
        _refuse_a_picture(parsed.output)
    else:
        refuse_overwriting(parsed.output, [source])
        refuse_other_suffix(
            parsed.output, ".png", "Without --separate the faces are a PNG file"
        )
    check_archive(source)
    draw_latents(parsed.count, 1, parsed.seed, parsed.truncation)


def run(parsed: argparse.Namespace) -> int:
    """Runs the command; returns the exit code."""
    from tfbegan.generation.loading import load_generator
    from tfbegan.generation.pictures import make_grid, save_png
    from tfbegan.generation.provenance import Provenance

    generator = load_generator(parsed.source)
    if generator.conditioning == "audio+face":
        raise UsageError(
            f"{generator.path} makes the face that it is shown. Name a"
            f" photograph: tfbegan animate SPEECH --source {generator.path}"
            " --face PHOTO"
        )
    faces = generator.generate(parsed.count, parsed.seed, parsed.truncation)
    provenance = Provenance.of_model(generator.model)
    if parsed.separate:
        for index, face in enumerate(faces):
            name = f"face-{parsed.seed}-{index:05d}.png"
            save_png(parsed.output / name, face, provenance)
    else:
        save_png(parsed.output, make_grid(faces, parsed.columns), provenance)
    print(f"{len(faces)} faces of {generator.path} in {parsed.output}")
    return 0


def _refuse_a_picture(folder: Path) -> None:
    if folder.suffix.lower() == ".png":
        raise UsageError(
            "With --separate the output is a folder of pictures, and no .png."
            f" Received: {folder}"
        )


def _check_columns(parsed: argparse.Namespace) -> None:
    if parsed.separate:
        raise UsageError(
            "--columns does nothing here: --separate writes one picture a"
            " face. Leave it away."
        )
    if parsed.columns < 1:
        raise UsageError(
            f"--columns must be 1 or more. Received: {parsed.columns}"
        )
