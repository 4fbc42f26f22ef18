"""Prints what an articulation does to a speaker's mouths, as a help to choose.

    python examples/articulation.py RUN --data data/puppets-160
    python examples/articulation.py RUN --data DIR --tried 1 1.2 1.4 --clips 16

Measured on clips of the training split, each shown by its middle frame, so that
held-out clips are left for the figures that count. More than 1 opens mouths
further; too much is where the sync probe finds the sounds less often than in
the real frames. The last line names the one to take where nothing else speaks
against it: by which the opening varies as much as the real one's to within a
tenth, and which changes least of what was learnt. Give it to tfbegan animate
--articulation.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
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

_TRIED = (0.8, 0.9, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0)
_WITHIN = 0.1
_FIGURES = {
    "opening, r": "opening_r",
    "width, r": "width_r",
    "std of the opening, over real": "amplitude",
    "movement, over real": "spread",
    "sharpness, over real": "sharpness",
}


def measure(
    generator: LoadedGenerator,
    dataset: FaceDataset,
    tried: Sequence[float],
    clips: int,
) -> tuple[Table, dict[float, float]]:
    """A row for every articulation that is tried.

    Args:
        generator: With a look encoder, which knows its mean sound.
        dataset: What it learnt from.
        tried: Articulations.
        clips: Of the training split, at most.

    Returns:
        The table, and by articulation A3: how much the opening varies, over
        how much the real one does.

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
    amplitudes = {}
    for much, speaker in zip(tried, speakers, strict=True):
        arm = GeneratorArm(speaker, chosen, looks, by_clip=True)
        performance = Performance(arm, judge)
        means = {
            name: _mean(np.array(getattr(performance.by_clip, name)))
            for name in _FIGURES.values()
        }
        told = ["" if np.isnan(m) else f"{m:.3f}" for m in means.values()]
        table.add_row(f"{much:g}", *told, f"{performance.hit_rates.mean():.3f}")
        amplitudes[much] = means["amplitude"]
    empty = [""] * len(_FIGURES)
    table.add_row("real faces", *empty, f"{judge.real_hit_rates.mean():.3f}")
    return table, amplitudes


def choose(amplitudes: Mapping[float, float]) -> float | None:
    """The articulation nearest to 1 whose amplitude is near to 1.

    Args:
        amplitudes: By articulation.

    Returns:
        None where no amplitude is.
    """
    near = [
        articulation
        for articulation, amplitude in amplitudes.items()
        if abs(amplitude - 1) <= _WITHIN
    ]
    return min(near, key=lambda much: abs(much - 1), default=None)


def _mean(by_clip: np.ndarray) -> float:
    """Over the clips in which something moves; NaN where there is none."""
    told = by_clip[np.isfinite(by_clip)]
    return float(told.mean()) if len(told) else float("nan")


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
        table, amplitudes = measure(
            load_speaker(parsed.run),
            open_dataset(parsed.data),
            parsed.tried,
            parsed.clips,
        )
    except TFBeganError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    Console(width=110).print(table)
    chosen = choose(amplitudes)
    print(
        "By none the opening varies as much as the real one's to within a"
        " tenth: try others."
        if chosen is None
        else f"To take where nothing else speaks against it: {chosen:g}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
