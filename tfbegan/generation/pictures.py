"""Grids of faces, as PNG files that say that they were generated."""

from pathlib import Path

import numpy as np

from tfbegan.errors import ConfigError
from tfbegan.files import atomic_write_bytes
from tfbegan.generation.provenance import SOFTWARE, Provenance
from tfbegan.reporting.png import encode_png


def make_grid(
    images: np.ndarray, columns: int | None = None, padding: int = 2
) -> np.ndarray:
    """Images side by side, row by row.

    Args:
        images: uint8 [N, H, W, 3].
        columns: Images in a row; None makes the grid about square.
        padding: White pixels between images.

    Returns:
        uint8 [rows * (H + padding) - padding, ..., 3].

    Raises:
        ConfigError: There is no image, or no column.
    """
    if len(images) == 0 or (columns is not None and columns < 1):
        raise ConfigError(
            "A grid needs at least one image and one column. Received:"
            f" {len(images)} images, columns={columns}"
        )
    count, height, width, channels = images.shape
    columns = min(columns or int(np.ceil(np.sqrt(count))), count)
    rows = -(-count // columns)
    grid = np.full(
        (
            rows * (height + padding) - padding,
            columns * (width + padding) - padding,
            channels,
        ),
        255,
        np.uint8,
    )
    for index, image in enumerate(images):
        top = index // columns * (height + padding)
        left = index % columns * (width + padding)
        grid[top : top + height, left : left + width] = image
    return grid


def save_png(path: Path, image: np.ndarray, provenance: Provenance) -> None:
    """Writes a generated picture, whole or not at all, marked as generated.

    Args:
        path: Of the file.
        image: uint8 [H, W, 3], RGB.
        provenance: What it comes from.

    Raises:
        OutputError: The file can't be written.
    """
    content = encode_png(image, provenance.xmp(), SOFTWARE)
    atomic_write_bytes(Path(path), content)
