"""The face in one picture, cut out as the faces of a data set are."""

import numpy as np

from tfbegan.config import FaceConfig
from tfrecords_builder.crop import crop, eyes_to_crop
from tfrecords_builder.faces import FaceFinder
from tfrecords_builder.plan import TrackingConfig


def cut_out_largest(
    pixels: np.ndarray, face: FaceConfig, finder: FaceFinder | None = None
) -> np.ndarray | None:
    """The largest face of a picture, its eyes where the model expects them.

    Args:
        pixels: uint8 [H, W, 3], RGB.
        face: Geometry of the crop.
        finder: Of faces; None makes one, which takes seconds.

    Returns:
        uint8 [image_size, image_size, 3]; None where no sure face is large
        enough.
    """
    finder = finder or FaceFinder(TrackingConfig())
    for found in finder.find(pixels):
        if found.eye_distance >= finder.tracking.min_face_px:
            return crop(pixels, eyes_to_crop(found.landmarks[:2], face), face)
    return None
