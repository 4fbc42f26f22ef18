"""What is measured on pixels, inside of the mouth box and outside of it."""

from dataclasses import dataclass

import numpy as np

from tfbegan.config import FaceConfig

_STANDS_STILL = 1e-6
"""Of pixels in [-1, 1]: what is less is rounding."""


@dataclass(frozen=True)
class MouthBox:
    """The region in which lips, jaw and chin move.

    Attributes:
        rows: Of a face, in pixels.
        columns: Likewise.
    """

    rows: slice
    columns: slice

    @classmethod
    def of(cls, face: FaceConfig) -> "MouthBox":
        """Of a data set's crops."""
        return cls(*face.mouth_slices())

    def crop(self, images: np.ndarray) -> np.ndarray:
        """[..., S, S, 3] to [..., height, width, 3]."""
        return images[..., self.rows, self.columns, :]

    def outside(self, images: np.ndarray) -> np.ndarray:
        """[..., S, S, 3] to [..., pixels outside of the box, 3]."""
        mask = np.ones(images.shape[-3:-1], bool)
        mask[self.rows, self.columns] = False
        return images[..., mask, :]


def mean_pairwise_distance(images: np.ndarray) -> float:
    """Mean |x_i - x_j| over all pairs of images and all pixels.

    Args:
        images: float [N, ...], N at least 2.

    Returns:
        In the unit of the pixels; 0 if every image is the same.
    """
    count = len(images)
    # Sorted, sum over pairs of |x_i - x_j| is sum of (2 i - N - 1) x_(i).
    ranked = np.sort(images.reshape(count, -1), axis=0).astype(np.float64)
    weights = 2 * np.arange(1, count + 1) - count - 1
    pairs = count * (count - 1) / 2
    return float((weights @ ranked).mean() / pairs)


def over_real(generated: float, real: float) -> float:
    """The one over the other; NaN where the real footage stands still."""
    return generated / real if real > _STANDS_STILL else float("nan")


def change_over_time(images: np.ndarray) -> float:
    """Mean |x_t+1 - x_t| of images in order, float [T, ...]."""
    return float(np.abs(np.diff(images, axis=0)).mean())


def sharpness(images: np.ndarray) -> float:
    """Mean over images of the variance of the Laplacian of the grey image.

    Args:
        images: float [N, H, W, 3]; in [-1, 1].

    Returns:
        In squared units of the pixels; 0 for one colour.
    """
    grey = images.mean(axis=-1)  # [N, H, W]
    laplacian = (
        grey[:, :-2, 1:-1]
        + grey[:, 2:, 1:-1]
        + grey[:, 1:-1, :-2]
        + grey[:, 1:-1, 2:]
        - 4 * grey[:, 1:-1, 1:-1]
    )
    return float(laplacian.var(axis=(1, 2)).mean())
