"""Whether a face detector that never saw our images finds faces in them."""

from typing import Any

import numpy as np

DETECTION_SIZE = 160
"""Side to which images are enlarged, in pixels, before detection."""

_MIN_CONFIDENCE = 0.9


class FaceDetector:
    """MTCNN (Zhang et al., arXiv 1604.02878) as a judge of images.

    Args:
        min_confidence: Of a face, in [0, 1].
    """

    def __init__(self, min_confidence: float = _MIN_CONFIDENCE) -> None:
        from mtcnn import MTCNN

        self.min_confidence = min_confidence
        self._mtcnn: Any = MTCNN()

    def detection_rate(self, images: np.ndarray) -> float:
        """The share of images in which there is a face.

        Args:
            images: float [N, H, W, 3] in [-1, 1].

        Returns:
            In [0, 1].
        """
        found = [self.finds_face(image) for image in images]
        return float(np.mean(found))

    def finds_face(self, image: np.ndarray) -> bool:
        """Whether there is a face in one float [H, W, 3] in [-1, 1]."""
        import cv2

        pixels = np.clip((image + 1) * 127.5, 0, 255).astype(np.uint8)
        enlarged = cv2.resize(
            pixels,
            (DETECTION_SIZE, DETECTION_SIZE),
            interpolation=cv2.INTER_CUBIC,
        )
        faces = self._mtcnn.detect_faces(enlarged)
        return any(face["confidence"] >= self.min_confidence for face in faces)
