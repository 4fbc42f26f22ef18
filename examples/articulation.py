"""Prints what an articulation does to a speaker's mouths, as a help to choose.

    python examples/articulation.py RUN --data data/puppets-160
    python examples/articulation.py RUN --data DIR --tried 1 1.2 1.4 --clips 16

Measured on clips of the training split, each shown by its middle frame, so that
held-out clips are left for the figures that count. More than 1 opens mouths
further; too much is where the sync probe finds the sounds less often than in
the real frames. Give the chosen one to tfbegan animate --articulation.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from tfbegan.data.dataset import FaceDataset, open_dataset
from tfbegan.errors import TFBeganError
from tfbegan.evaluation.arms import GeneratorArm
from tfbegan.evaluation.held_out import HeldOut
from tfbegan.evaluation.instruments import prepare_instruments
from tfbegan.evaluation.performance import Performance
from tfbegan.evaluation.speech_clips import check_speaks, load_clips
from tfbegan.generation.loading import LoadedGenerator, load_speaker
from tfbegan.quiet import import_tensorflow

_TRIED = (1.0, 1.2, 1.4, 1.6, 1.8, 2.0)
_FIGURES = {
    "opening, r": "opening_r",
    "width, r": "width_r",
    "std of the opening, over real": "amplitude",
    "movement, over real": "spread",
    "sharpness, over real": "sharpness",
}


def table_of(
    generator: LoadedGenerator,
    dataset: FaceDataset,
    tried: Sequence[float],
    clips: int,
) -> Table:
    """A row for every articulation that is tried.

    Args:
        generator: With a look encoder, which knows its mean sound.
        dataset: What it learnt from.
        tried: Articulations.
        clips: Of the training split, at most.

    Raises:
        ConfigError: Generator and data set don't fit, or one has no
            articulation.
    """
    generator.check_looks_at_faces()
    check_speaks(generator, dataset)
    speakers = [generator.with_articulation(much) for much in tried]
    chosen = load_clips(dataset, ("train",), clips)
    judge = HeldOut(chosen, prepare_instruments(dataset))
    looks = np.concatenate(
        [generator.look(clip.images([len(clip) // 2])) for clip in chosen]
    )
    table = Table("articulation", *_FIGURES, "sounds found among 16")
    for much, speaker in zip(tried, speakers, strict=True):
        arm = GeneratorArm(speaker, chosen, looks, by_clip=True)
        performance = Performance(arm, judge)
        figures = [
            getattr(performance.by_clip, name) for name in _FIGURES.values()
        ]
        told = [_mean(np.array(values)) for values in figures]
        table.add_row(f"{much:g}", *told, f"{performance.hit_rates.mean():.3f}")
    empty = [""] * len(_FIGURES)
    table.add_row("real faces", *empty, f"{judge.real_hit_rates.mean():.3f}")
    return table


def _mean(by_clip: np.ndarray) -> str:
    """Over the clips in which something moves; "" where there is none."""
    told = by_clip[np.isfinite(by_clip)]
    return f"{told.mean():.3f}" if len(told) else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", help="run folder or .keras file")
    parser.add_argument("--data", type=Path, metavar="DIR", required=True)
    parser.add_argument("--tried", type=float, nargs="+", default=_TRIED)
    parser.add_argument("--clips", type=int, default=40)
    parsed = parser.parse_args(arguments)
    import_tensorflow()
    try:
        table = table_of(
            load_speaker(parsed.run),
            open_dataset(parsed.data),
            parsed.tried,
            parsed.clips,
        )
    except TFBeganError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    Console(width=110).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
