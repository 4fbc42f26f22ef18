"""`tfbegan interpolate`."""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfbegan.cli.outputs import refuse_other_suffix, refuse_overwriting
from tfbegan.cli.photographs import read_face
from tfbegan.errors import UsageError
from tfbegan.generation.archive import check_archive
from tfbegan.generation.latents import (
    LatentSearch,
    check_path_steps,
    draw_latents,
    find_latent,
    interpolate,
)
from tfbegan.generation.loading import (
    LoadedGenerator,
    find_generator,
    load_generator,
    to_uint8,
)
from tfbegan.generation.pictures import make_grid, save_png
from tfbegan.generation.provenance import Provenance


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.epilog = """The picture shows, from left to right: the first
photograph, the nearest face that the generator can make, the way, and the same
for the last, in reverse. Of a photograph the largest face is taken, cut out as
the faces that the model learnt from; where none is found, the middle square."""
    for name in ("first", "last"):
        parser.add_argument(name, help="photograph, or a seed")
    parser.add_argument(
        "--source",
        help="run folder, .keras file, or puppet, the bundled generator"
        " (default: the newest run in ./runs, or else puppet)",
    )
    parser.add_argument(
        "--steps",
        type=int,
        default=8,
        help="faces on the way, from 2 (default: 8)",
    )
    parser.add_argument(
        "--search-steps",
        type=int,
        default=LatentSearch().steps,
        help="of Adam, for a photograph, from 1 (default: %(default)s)",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("out/path.png"),
        help="picture: .png (default: %(default)s)",
    )


@dataclass(frozen=True)
class _End:
    """One end of the way: its z, and what it was found from."""

    latent: np.ndarray
    photograph: np.ndarray | None
    told: str


def check(parsed: argparse.Namespace) -> None:
    """Refuses what can be told to be wrong without TensorFlow."""
    names = (parsed.first, parsed.last)
    photographs = [Path(name) for name in names if not name.isdecimal()]
    source = find_generator(parsed.source)
    refuse_overwriting(parsed.output, [*photographs, source])
    refuse_other_suffix(parsed.output, ".png", "The way is a PNG file")
    check_path_steps(parsed.steps)
    LatentSearch(steps=parsed.search_steps)
    check_archive(source)


def run(parsed: argparse.Namespace) -> int:
    """Runs the command; returns the exit code."""
    generator = load_generator(parsed.source)
    seeds = [n for n in (parsed.first, parsed.last) if n.isdecimal()]
    if generator.conditioning == "audio+face" and seeds:
        raise UsageError(
            f"{generator.path} makes the face that it is shown, so both ends of"
            f" the way are photographs. Received: the seed {seeds[0]}"
        )
    search = LatentSearch(steps=parsed.search_steps)
    ends = [
        _find_end(name, generator, search)
        for name in (parsed.first, parsed.last)
    ]
    path = interpolate(ends[0].latent, ends[1].latent, parsed.steps)
    faces = to_uint8(generator.decode(path))
    shown = [faces]
    if ends[0].photograph is not None:
        shown.insert(0, to_uint8(ends[0].photograph[None]))
    if ends[1].photograph is not None:
        shown.append(to_uint8(ends[1].photograph[None]))
    row = np.concatenate(shown)
    provenance = Provenance.of_model(generator.model)
    save_png(parsed.output, make_grid(row, columns=len(row)), provenance)
    for end in ends:
        print(end.told)
    print(f"The way of {generator.path} is in {parsed.output}")
    return 0


def _find_end(
    name: str, generator: LoadedGenerator, search: LatentSearch
) -> _End:
    if name.isdecimal():
        latent = draw_latents(1, generator.latent_dim, int(name))[0]
        return _End(latent, None, f"Seed {name}")
    photograph = read_face(Path(name), generator)
    if generator.audio is not None:
        latent = generator.look(photograph[None])[0]
        return _End(latent, photograph, f"{name}: its look")
    latent, error = find_latent(generator.model, photograph, search)
    told = f"{name}: found with a mean absolute error of {error:.3f}"
    return _End(latent, photograph, told)
