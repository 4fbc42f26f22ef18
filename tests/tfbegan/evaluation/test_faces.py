"""The real detector on portraits and on what is no face."""

import numpy as np
import pytest
from PIL import Image

from tfbegan.evaluation.faces import FaceDetector


@pytest.fixture(scope="module")
def detector():
    return FaceDetector()


def test_no_face_in_noise_or_in_one_colour(detector):
    noise = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3))
    flat = np.zeros((1, 32, 32, 3))
    assert detector.detection_rate(np.concatenate([noise, flat])) == 0


@pytest.mark.slow
def test_faces_in_small_portraits(detector, shared_data):
    paths = sorted((shared_data / "stills").rglob("*.jpg"))[:8]
    portraits = np.stack(
        [
            np.asarray(Image.open(p).convert("RGB").resize((64, 64)))
            for p in paths
        ]
    )
    assert detector.detection_rate(portraits / 127.5 - 1) >= 0.8
