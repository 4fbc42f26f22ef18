"""One face, cut out so that eyes and mouth always land at the same place."""

import cv2
import numpy as np

from tfbegan.config import FaceConfig

_MAX_REDUCTION = 16


def eyes_to_crop(eyes: np.ndarray, face: FaceConfig) -> np.ndarray:
    """The similarity transform that puts two eyes where they belong.

    Args:
        eyes: float [2, 2]: x, y of the eye that is left in the picture, and
            of the right one.
        face: Geometry of the crop.

    Returns:
        float64 [2, 3], from source pixels to crop pixels, where (0, 0) is
        the corner (not the centre) of the first pixel.
    """
    left, right = np.asarray(eyes, np.float64)
    across = right - left
    scale = face.eye_distance * face.image_size / np.hypot(*across)
    angle = -np.arctan2(across[1], across[0])
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    turn = np.array([[cosine, -sine], [sine, cosine]])
    target = face.image_size * np.array([0.5, face.eye_height])
    shift = target - turn @ ((left + right) / 2)
    return np.column_stack([turn, shift])


def crop(
    pixels: np.ndarray, transform: np.ndarray, face: FaceConfig
) -> np.ndarray:
    """Cuts a face out of a picture, without aliasing.

    The face is warped to a multiple of its size first, and then averaged
    down; beyond the picture's border its edge goes on.

    Args:
        pixels: uint8 [H, W, 3].
        transform: As `eyes_to_crop` gives it.
        face: Geometry of the crop.

    Returns:
        uint8 [image_size, image_size, 3].
    """
    size = face.image_size
    scale = np.hypot(*transform[:, 0])
    factor = int(np.clip(np.ceil(1 / scale), 1, _MAX_REDUCTION))
    enlarged = factor * transform
    # From corner to centre coordinates, which OpenCV uses.
    enlarged[:, 2] += enlarged[:, :2] @ [0.5, 0.5] - 0.5
    warped = cv2.warpAffine(
        pixels,
        enlarged,
        (factor * size, factor * size),
        flags=cv2.INTER_LINEAR if factor > 1 else cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if factor == 1:
        return warped
    return cv2.resize(warped, (size, size), interpolation=cv2.INTER_AREA)


def encode(pixels: np.ndarray, quality: int) -> bytes:
    """JPEG bytes of an RGB picture, uint8 [H, W, 3]."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    _, content = cv2.imencode(".jpg", pixels[..., ::-1], options)
    return content.tobytes()
