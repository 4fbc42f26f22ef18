"""The face in one picture, found by the real MTCNN."""

import av
import numpy as np
import pytest

from tfbegan.config import FaceConfig
from tfrecords_builder.crop import crop, eyes_to_crop
from tfrecords_builder.portrait import cut_out_largest
from tfrecords_builder.puppets import (
    FilmConfig,
    make_character,
    random_sentence,
    render_mp4,
)

FACE = FaceConfig(image_size=64)


@pytest.fixture(scope="module")
def photograph(tmp_path_factory):
    """A puppet left of the middle of a wide picture, and where its eyes are."""
    film = FilmConfig(width=320, height=240, eye_distance=44, sway=0)
    path = tmp_path_factory.mktemp("film") / "puppet.mp4"
    sentence = random_sentence(0.5, 1.0, np.random.default_rng(0))
    render_mp4(path, make_character(0, 1, 36), sentence, film)
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    wide = np.concatenate([frame, np.full((240, 400, 3), 90, np.uint8)], axis=1)
    eyes = np.array([[160 - 22, 0.42 * 240], [160 + 22, 0.42 * 240]])
    return wide, eyes


def test_the_eyes_land_where_the_model_expects_them(photograph):
    pixels, eyes = photograph
    face = cut_out_largest(pixels, FACE)
    expected = crop(pixels, eyes_to_crop(eyes, FACE), FACE)
    assert face.shape == (64, 64, 3)
    off = np.abs(face.astype(float) - expected).mean()
    square = crop(  # what the middle of the picture shows
        pixels, np.array([[64 / 240, 0, -32], [0, 64 / 240, 0]]), FACE
    )
    assert off < 0.3 * np.abs(square.astype(float) - expected).mean()


def test_where_there_is_no_face_there_is_nothing():
    noise = np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)
    assert cut_out_largest(noise, FACE) is None
    assert cut_out_largest(np.zeros((5, 9, 3), np.uint8), FACE) is None


def test_a_face_too_small_to_tell_is_not_taken(photograph):
    import cv2

    small = cv2.resize(photograph[0], None, fx=0.24, fy=0.24)
    assert cut_out_largest(small, FACE) is None
