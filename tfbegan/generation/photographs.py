"""Pictures from outside, made to fit a model."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from tfbegan.errors import SourceError
from tfbegan.media import opaque_pixels


def read_picture(path: Path) -> np.ndarray:
    """A picture as it was meant to be seen; see `opaque_pixels`.

    Returns:
        uint8 [H, W, 3], RGB.

    Raises:
        SourceError: The file is missing or no image.
    """
    try:
        with Image.open(path) as image:
            return opaque_pixels(image)
    except FileNotFoundError as error:
        raise SourceError(f"There is no picture {path}.") from error
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        ValueError,
        SyntaxError,
    ) as error:
        raise SourceError(
            f"{path} can't be read as a picture. Use a PNG or JPEG file."
        ) from error


def fit_square(pixels: np.ndarray, size: int) -> np.ndarray:
    """The largest middle square, as floats.

    Args:
        pixels: uint8 [H, W, 3].
        size: Side of the result.

    Returns:
        float32 [size, size, 3], in [-1, 1].
    """
    square = ImageOps.fit(
        Image.fromarray(pixels), (size, size), Image.Resampling.BOX
    )
    return np.asarray(square, np.float32) / 127.5 - 1.0
