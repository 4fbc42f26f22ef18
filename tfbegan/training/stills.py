"""A run's own pictures: which are kept, and cut to what a page can show."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tfbegan.reporting.png import XMP_KEYWORD
from tfbegan.training.run_folder import RunFolder

_MOMENTS = 12
_KINDS = ("samples", "reconstructions", "speech")
_LONGEST_ROW = 1_060
"""Pixels of a row of faces, at most."""

_FEWEST, _MOST = 4, 16
"""Faces in a row; a grid has no more."""

_PADDING = 2
"""Of the grids; see `make_grid`."""

_LARGEST_FACE = 96
_LARGEST_PICTURE = 40_000_000
"""Pixels; more is no grid of ours."""


@dataclass(frozen=True)
class Still:
    """A picture, or the reason that there is none.

    Attributes:
        caption: What it shows.
        pixels: uint8 [H, W, 3]; None where the file can't be read.
        mark: XMP packet that it was marked as generated with; "" for reals.
    """

    caption: str
    pixels: np.ndarray | None
    mark: str = ""


def film_strip(folder: RunFolder, image_size: int) -> list[Still]:
    """The faces of the same latents at up to 12 steps, evenly apart.

    Args:
        folder: Of the run.
        image_size: Of its faces, in pixels.

    Returns:
        A row of faces for each step.
    """
    paths = pictures(folder, "samples")
    return [
        _row(path, f"step {step_of(path):,}", image_size)
        for path in _evenly(paths, _MOMENTS)
    ]


def real_faces(folder: RunFolder, image_size: int) -> list[Still]:
    """A row of reals, to compare the strip with; none where it is missing."""
    path = folder.path / "reals.png"
    return [_row(path, "reals", image_size)] if path.is_file() else []


def newest_picture(folder: RunFolder, kind: str) -> list[Still]:
    """The newest of "reconstructions" or "speech", whole; none without."""
    paths = pictures(folder, kind)
    if not paths:
        return []
    still = _read(paths[-1], f"step {step_of(paths[-1]):,}")
    if still.pixels is None or still.pixels.shape[1] <= _LONGEST_ROW:
        return [still]
    scale = _LONGEST_ROW / still.pixels.shape[1]
    return [Still(still.caption, _scaled(still.pixels, scale), still.mark)]


def is_kept(step: int, now: int, every: int, most: int) -> bool:
    """Whether the pictures of a step are among those of the run so far.

    However long a run is, it keeps between half of `most` and `most` of them,
    evenly apart: with each doubling of its length every other one goes.

    Args:
        step: Whose pictures.
        now: Steps done.
        every: Steps between pictures.
        most: Pictures of each kind to keep.
    """
    spacing = every
    while now // spacing > most:
        spacing *= 2
    return spacing == every or step % spacing == 0


def thin_out(folder: RunFolder, now: int, every: int, most: int) -> None:
    """Removes the pictures that are not kept; the newest stay.

    Args:
        folder: Of the run.
        now: Steps done.
        every: Steps between pictures.
        most: Pictures of each kind to keep.
    """
    for kind in _KINDS:
        for path in pictures(folder, kind):
            step = step_of(path)
            if step < now and not is_kept(step, now, every, most):
                path.unlink(missing_ok=True)


def pictures(folder: RunFolder, kind: str) -> list[Path]:
    """The files of a kind of picture, by step."""
    paths = (folder.path / kind).glob("step-*.png")
    return sorted(path for path in paths if path.stem[5:].isdecimal())


def step_of(path: Path) -> int:
    """When a picture was made."""
    return int(path.stem[5:])


def _row(path: Path, caption: str, image_size: int) -> Still:
    still = _read(path, caption)
    if still.pixels is None:
        return still
    pitch = image_size + _PADDING
    faces = min(_MOST, max(_FEWEST, _LONGEST_ROW // pitch))
    row = still.pixels[:image_size, : faces * pitch - _PADDING]
    if image_size > _LARGEST_FACE:
        row = _scaled(row, _LARGEST_FACE / image_size)
    return Still(caption, row, still.mark)


def _read(path: Path, caption: str) -> Still:
    try:
        with Image.open(path) as image:
            if image.width * image.height > _LARGEST_PICTURE:
                raise ValueError("it is too large")
            mark = str(image.info.get(XMP_KEYWORD, ""))
            return Still(caption, np.asarray(image.convert("RGB")), mark)
    except (OSError, SyntaxError, ValueError):
        return Still(f"{caption}: {path.name} can't be read", None)


def _scaled(pixels: np.ndarray, scale: float) -> np.ndarray:
    height, width = pixels.shape[:2]
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    image = Image.fromarray(pixels)
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS))


def _evenly(paths: Sequence[Path], count: int) -> list[Path]:
    """The first, the last, and some between them."""
    if not paths:
        return []
    places = np.linspace(0, len(paths) - 1, min(count, len(paths)))
    return [paths[round(place)] for place in places]
