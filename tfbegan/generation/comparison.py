"""Real and generated faces side by side, with labels above."""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

_LABEL_HEIGHT = 24
_GAP = 4
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_BACKGROUND, _INK = 255, 40
LABELS = ("real", "generated")


def side_by_side(
    real: Iterable[np.ndarray], generated: Iterable[np.ndarray], height: int
) -> Iterator[np.ndarray]:
    """Pairs of pictures as one picture each, until the generated ones end.

    Args:
        real: uint8 [H, W, 3] each, all of one size.
        generated: uint8 [S, S, 3] each.
        height: That both are brought to, in pixels.

    Yields:
        uint8 [height + label, ..., 3], with even sides, as H.264 needs them.
    """
    for left, right in zip(real, generated, strict=False):
        yield _joined(_resized(left, height), _resized(right, height))


def _joined(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    height = len(left)
    second = left.shape[1] + _GAP
    shape = (_LABEL_HEIGHT + height, second + right.shape[1])
    even = tuple(side + side % 2 for side in shape)
    picture = np.full((*even, 3), _BACKGROUND, np.uint8)
    for pixels, x, label in zip(
        (left, right), (0, second), LABELS, strict=True
    ):
        rows = slice(_LABEL_HEIGHT, _LABEL_HEIGHT + height)
        picture[rows, x : x + pixels.shape[1]] = pixels
        place = (x + 4, _LABEL_HEIGHT - 7)
        cv2.putText(
            picture, label, place, _FONT, 0.5, (_INK,) * 3, 1, cv2.LINE_AA
        )
    return picture


def _resized(pixels: np.ndarray, height: int) -> np.ndarray:
    width = max(1, round(pixels.shape[1] * height / pixels.shape[0]))
    shrinks = height < pixels.shape[0]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return cv2.resize(pixels, (width, height), interpolation=how)
