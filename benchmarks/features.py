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
from tfbegan.evaluation.instruments import prepare_instruments, spread_frames
from tfbegan.evaluation.speech_clips import load_clips

_FRAMES_PER_CLIP = 4
_FEW_CLIPS = 64
_BLURS = (0.4, 0.6, 0.8)
_NOISES = (0.02, 0.05)
_BRIGHTER = 0.03


def real_faces(held_out: HeldOut) -> tuple[np.ndarray, np.ndarray]:
    """Faces of every other training clip, and the number of each one's clip."""
    clips = held_out.instruments.training_clips[1::2]
    faces = [
        clip.images(spread_frames(len(clip), _FRAMES_PER_CLIP))
        for clip in clips
    ]
    numbers = np.repeat(np.arange(len(clips)), [len(f) for f in faces])
    return np.concatenate(faces), numbers


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
    features = held_out.instruments.features
    reference, width = held_out.reference_features, features.code_width
    faces, numbers = real_faces(held_out)
    table = Table(
        "real faces",
        "kid_ae",
        "coverage",
        "kid_ae of codes alone",
        "coverage of codes alone",
        title=f"{parsed.data}: {len(faces)} faces of {numbers.max() + 1} clips",
    )

    def add(name: str, some: np.ndarray, clips: np.ndarray) -> None:
        measured = FeatureSet(features(np.clip(some, -1, 1)), clips)
        table.add_row(
            name,
            *(
                cell
                for one, other in (
                    (measured, reference),
                    (measured.first(width), reference.first(width)),
                )
                for cell in (
                    f"{kernel_distance(one, other):.4f}",
                    f"{covered(other, one.features).mean():.2f}",
                )
            ),
        )

    for name, some in changed(faces):
        add(name, some, numbers)
    few = numbers < _FEW_CLIPS
    add(f"of {_FEW_CLIPS} clips alone", faces[few], numbers[few])
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
