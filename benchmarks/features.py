"""Prints what A8 makes of real faces to which something known was done.

    python benchmarks/features.py --data DIR

A measure of likeness is worth what it says of faces of which one knows how
like they are. Real faces of every other training clip are changed, and
compared with those of the clips in between: by all features of the frozen
autoencoder, and by its codes alone. Frames of a few clips tell how much a
coverage of so few looks can be.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from tfbegan.data.dataset import open_dataset
from tfbegan.evaluation.feature_distances import (
    FeatureSet,
    covered,
    kernel_distance,
)
from tfbegan.evaluation.held_out import HeldOut
from tfbegan.evaluation.instruments import prepare_instruments, some_faces
from tfbegan.evaluation.speech_clips import load_clips

_FACES_PER_CLIP = 4
_FEW_CLIPS = 64
_BLURS = (0.4, 0.6, 0.8)
_NOISES = (0.02, 0.05)
_BRIGHTER = 0.03
_FIGURES = ("kid_ae", "coverage")


def changed(faces: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """The same faces after each change, and its name."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(0)
    yield "as they are", faces
    for sigma in _BLURS:
        yield (
            f"blurred by {sigma:g} pixels",
            np.stack([gaussian_filter(f, (sigma, sigma, 0)) for f in faces]),
        )
    for level in _NOISES:
        yield (
            f"with noise of {level:g}",
            faces + rng.normal(0, level, faces.shape).astype(np.float32),
        )
    yield f"brighter by {_BRIGHTER:g}", faces + np.float32(_BRIGHTER)
    yield "moved by a pixel", np.roll(faces, 1, axis=2)
    yield "their mean face", np.repeat(faces.mean(0)[None], len(faces), axis=0)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True)
    parsed = parser.parse_args()
    dataset = open_dataset(parsed.data)
    held_out = HeldOut(
        load_clips(dataset, ("validation",), 1), prepare_instruments(dataset)
    )
    clips = held_out.instruments.training_clips[1::2]
    faces, numbers = some_faces(clips, _FACES_PER_CLIP)
    table = Table(
        "real faces",
        *(f"{name}{of}" for of in ("", " of codes alone") for name in _FIGURES),
        title=f"{parsed.data}: {len(faces)} faces of {len(clips)} clips",
    )

    def add(name: str, some: np.ndarray, clip_numbers: np.ndarray) -> None:
        features = held_out.instruments.features(np.clip(some, -1, 1))
        measured = FeatureSet(features, clip_numbers)
        sets = measured, held_out.reference_features, held_out.real_features
        table.add_row(
            name,
            *figures(*sets),
            *figures(*(held_out.codes_of(each) for each in sets)),
        )

    for name, some in changed(faces):
        add(name, some, numbers)
    # As many faces, of as few looks as A8 has where it takes 64 z for all.
    each = round(len(faces) / _FEW_CLIPS)
    add(f"of {_FEW_CLIPS} clips alone", *some_faces(clips[:_FEW_CLIPS], each))
    Console(width=100).print(table)


def figures(
    measured: FeatureSet, reference: FeatureSet, real: FeatureSet
) -> tuple[str, str]:
    """kid_ae, and coverage over that of the unchanged faces."""
    covers, most = (
        covered(reference, some.features).mean() for some in (measured, real)
    )
    return f"{kernel_distance(measured, reference):.4f}", f"{covers / most:.2f}"


if __name__ == "__main__":
    main()
