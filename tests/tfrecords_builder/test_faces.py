import itertools

import numpy as np
import pytest

from tfrecords_builder.decode import read_frames
from tfrecords_builder.faces import FaceFinder
from tfrecords_builder.plan import TrackingConfig


@pytest.fixture(scope="module")
def finder():
    return FaceFinder(TrackingConfig())


def picture(shared_data, name):
    return next(read_frames(shared_data / name, 0, 1)).pixels


def test_no_face_in_noise_or_in_nothing(finder):
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    assert finder.find(noise) == []
    assert finder.find(np.zeros((96, 96, 3), np.uint8)) == []


@pytest.mark.parametrize(
    "shape", [(1, 1, 3), (8, 300, 3), (300, 8, 3), (2_000, 1, 3)]
)
def test_pictures_of_odd_sizes(finder, shape):
    assert finder.find(np.full(shape, 90, np.uint8)) == []


def test_landmarks_lie_as_in_a_face(finder, shared_data):
    pixels = picture(shared_data, "heldout/grid_s1/bgwu7s.mpg")
    (face,) = finder.find(pixels)
    left, right, nose, mouth_left, mouth_right = face.landmarks
    assert left[0] < nose[0] < right[0]
    assert left[1] < nose[1] < mouth_left[1]
    assert mouth_left[0] < mouth_right[0]
    assert face.confidence > 0.95
    assert 38 < face.eye_distance < 50


def test_landmarks_are_in_pixels_of_the_picture_whatever_its_size(
    finder, shared_data
):
    pixels = picture(shared_data, "heldout/grid_s1/bgwu7s.mpg")
    large = pixels.repeat(3, axis=0).repeat(3, axis=1)
    (small_face,) = finder.find(pixels)
    (large_face,) = finder.find(large)
    np.testing.assert_allclose(
        large_face.landmarks, 3 * small_face.landmarks, atol=7
    )


def test_the_largest_of_several_faces_is_the_first(finder, shared_data):
    pixels = picture(shared_data, "awkward/two_faces_left_speaks.mp4")
    faces = finder.find(pixels)
    assert len(faces) == 2
    for before, after in itertools.pairwise(faces):
        assert before.eye_distance >= after.eye_distance


def test_portraits(finder, shared_data):
    from PIL import Image

    paths = sorted((shared_data / "stills/congress_225x275").glob("*.jpg"))
    portraits = paths[:: len(paths) // 12][:12]
    found = 0
    for path in portraits:
        with Image.open(path) as image:
            found += len(finder.find(np.asarray(image.convert("RGB")))) == 1
    assert found == len(portraits)
