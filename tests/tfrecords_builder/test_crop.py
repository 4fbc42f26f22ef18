"""Eyes land where the geometry says, without aliasing."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfbegan.config import FaceConfig
from tfrecords_builder.crop import crop, encode, eyes_to_crop


@given(
    st.floats(50, 300),
    st.floats(50, 300),
    st.floats(15, 120),
    st.floats(-60, 60),
    st.sampled_from([32, 64, 128, 256]),
)
@settings(max_examples=60, deadline=None)
def test_eyes_land_where_they_belong(x, y, distance, degrees, size):
    face = FaceConfig(image_size=size)
    angle, centre = np.radians(degrees), np.array([x, y])
    half = distance / 2 * np.array([np.cos(angle), np.sin(angle)])
    eyes = np.array([centre - half, centre + half])
    transform = eyes_to_crop(eyes, face)
    landed = eyes @ transform[:, :2].T + transform[:, 2]
    left, right = landed / size
    np.testing.assert_allclose(left, [0.35, 0.4], atol=1e-9)
    np.testing.assert_allclose(right, [0.65, 0.4], atol=1e-9)


@pytest.mark.parametrize("distance", [12, 19.2, 45, 90])
def test_a_dot_between_the_eyes_stays_between_them(distance):
    face = FaceConfig(image_size=64)
    picture = np.zeros((300, 400, 3), np.uint8)
    middle = np.array([200.5, 150.5])
    cv2.circle(picture, (200, 150), max(2, int(distance / 8)), (255,) * 3, -1)
    eyes = middle + np.array([[-distance / 2, 0], [distance / 2, 0]])
    face_pixels = crop(picture, eyes_to_crop(eyes, face), face)
    rows, columns = np.nonzero(face_pixels[..., 0] > 100)
    assert columns.mean() + 0.5 == pytest.approx(32, abs=0.5)
    assert rows.mean() + 0.5 == pytest.approx(0.4 * 64, abs=0.5)


def test_fine_stripes_are_averaged_not_aliased():
    face = FaceConfig(image_size=32)
    picture = np.zeros((600, 600, 3), np.uint8)
    picture[:, ::2] = 255
    eyes = np.array([[220.0, 300.0], [380.0, 300.0]])
    pixels = crop(picture, eyes_to_crop(eyes, face), face).astype(float)
    assert pixels.std() < 12
    assert pixels.mean() == pytest.approx(127.5, abs=6)


def test_the_edge_goes_on_beyond_the_border():
    face = FaceConfig(image_size=32)
    picture = np.full((100, 100, 3), 90, np.uint8)
    eyes = np.array([[2.0, 2.0], [40.0, 2.0]])
    pixels = crop(picture, eyes_to_crop(eyes, face), face)
    assert np.all(np.abs(pixels.astype(int) - 90) <= 1)


def test_encoding_keeps_red_red_and_is_deterministic():
    picture = np.zeros((32, 32, 3), np.uint8)
    picture[..., 0] = 200
    content = encode(picture, 95)
    assert content == encode(picture, 95)
    decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert decoded[..., 2].mean() > 190
    assert decoded[..., 0].mean() < 10
