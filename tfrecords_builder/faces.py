"""Faces and their five landmarks, by MTCNN."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from tfrecords_builder.plan import TrackingConfig

_LANDMARKS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
_PYRAMID_STARTS_PX = (20, 24, 17)
"""Smallest faces that MTCNN is asked for; the default is 20."""


@dataclass(frozen=True)
class Detection:
    """A face in a picture.

    Attributes:
        landmarks: float64 [5, 2]: x, y of the eye that is left in the
            picture, the right one, the nose, the mouth's left and right end,
            in pixels of the picture.
        confidence: Of MTCNN, in [0, 1].
    """

    landmarks: np.ndarray
    confidence: float

    @property
    def eye_distance(self) -> float:
        """Between the eyes, in pixels."""
        return float(np.hypot(*(self.landmarks[1] - self.landmarks[0])))


class FaceFinder:
    """Finds faces in pictures.

    Zhang et al., "Joint Face Detection and Alignment using Multi-task Cascaded
    Convolutional Networks", arXiv 1604.02878, by the package mtcnn.

    Args:
        tracking: Its limits.
    """

    def __init__(self, tracking: TrackingConfig) -> None:
        from mtcnn import MTCNN

        self.tracking = tracking
        self._mtcnn: Any = MTCNN()

    def find(self, pixels: np.ndarray) -> list[Detection]:
        """Faces that are sure and upright enough, the largest first.

        Small ones are among them: their size is for the caller to judge.

        Args:
            pixels: uint8 [H, W, 3], RGB.
        """
        height, width = pixels.shape[:2]
        scale = min(1.0, self.tracking.detection_height / height)
        reduced = pixels
        if scale < 1:
            size = (max(1, round(width * scale)), round(height * scale))
            reduced = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        found = self._detect(np.ascontiguousarray(reduced))
        faces = [
            Detection(_landmarks(face) / scale, float(face["confidence"]))
            for face in found
        ]
        return sorted(faces, key=lambda face: -face.eye_distance)

    def _detect(self, pixels: np.ndarray) -> list[dict[str, Any]]:
        """Tries pyramids of several steps, until one shows a sure face.

        MTCNN's first stage looks at few sizes, and overlooks even a large,
        clear face that lies between two of them.
        """
        for least_px in _PYRAMID_STARTS_PX:
            found = [
                face
                for face in self._mtcnn.detect_faces(
                    pixels, min_face_size=least_px
                )
                if face["confidence"] >= self.tracking.min_confidence
            ]
            if found:
                return found
        return []


def _landmarks(face: dict[str, Any]) -> np.ndarray:
    points = np.array([face["keypoints"][name] for name in _LANDMARKS], float)
    if points[0, 0] > points[1, 0]:
        points = points[[1, 0, 2, 4, 3]]
    return points
