"""Photographs of faces, and pictures that are none."""

from types import SimpleNamespace

import numpy as np
from PIL import Image

from tfbegan.cli import photographs
from tfbegan.cli.photographs import read_face
from tfbegan.config import FaceConfig
from tfrecords_builder.faces import Detection
from tfrecords_builder.plan import TrackingConfig

GENERATOR = SimpleNamespace(image_size=32, face=FaceConfig(32))
COARSE = np.random.default_rng(0).integers(0, 255, (10, 15, 3), np.uint8)
PICTURE = np.asarray(Image.fromarray(COARSE).resize((90, 60)))


class FinderDouble:
    """Finds eyes at some places."""

    tracking = TrackingConfig()

    def __init__(self, *eyes):
        self.eyes = eyes

    def find(self, pixels):
        nowhere = [[0, 0]] * 3
        return [
            Detection(np.array([*pair, *nowhere], float), 1.0)
            for pair in self.eyes
        ]


def test_the_face_is_cut_out_by_its_eyes(tmp_path, monkeypatch, capsys):
    # Eyes that are already .3 of 32 pixels apart and .4 from the top: a crop.
    eyes = [[50 + 32 * 0.35, 20 + 12.8], [50 + 32 * 0.65, 20 + 12.8]]
    larger = FinderDouble([[0, 0], [3, 0]], np.multiply(eyes, 1.5))
    monkeypatch.setattr(photographs, "_finder", lambda: larger)
    path = tmp_path / "photograph.png"
    enlarged = Image.fromarray(PICTURE).resize((135, 90))
    enlarged.save(path)
    face = read_face(path, GENERATOR)
    expected = PICTURE[20:52, 50:82] / 127.5 - 1
    assert face.shape == (32, 32, 3)
    assert face.dtype == np.float32
    assert np.corrcoef(face.ravel(), expected.ravel())[0, 1] > 0.99
    assert capsys.readouterr().err == ""


def test_the_face_lies_as_in_the_data_that_was_learnt(tmp_path, monkeypatch):
    # Eyes that are a quarter of 32 pixels apart and at half of the height.
    eyes = [[50 + 32 * 0.375, 20 + 16.0], [50 + 32 * 0.625, 20 + 16.0]]
    twice = FinderDouble(np.multiply(eyes, 2))
    monkeypatch.setattr(photographs, "_finder", lambda: twice)
    path = tmp_path / "photograph.png"
    Image.fromarray(PICTURE).resize((180, 120)).save(path)
    other = SimpleNamespace(
        image_size=32, face=FaceConfig(32, eye_distance=0.25, eye_height=0.5)
    )
    expected = PICTURE[20:52, 50:82] / 127.5 - 1
    assert np.abs(read_face(path, other) - expected).mean() < 0.05
    assert np.abs(read_face(path, GENERATOR) - expected).mean() > 0.2


def test_without_a_face_the_middle_is_taken_and_said(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(photographs, "_finder", FinderDouble)
    path = tmp_path / "photograph.png"
    Image.fromarray(PICTURE[:, 15:75]).save(path)
    square = read_face(path, GENERATOR)
    Image.fromarray(PICTURE).save(path)
    np.testing.assert_array_equal(read_face(path, GENERATOR), square)
    told = capsys.readouterr().err
    assert told.count(f"No face was found in {path}") == 2
