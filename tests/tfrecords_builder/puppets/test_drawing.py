import dataclasses

import numpy as np
import pytest

from tfbegan.config import FaceConfig
from tfrecords_builder.puppets.character import make_character
from tfrecords_builder.puppets.drawing import Portrait
from tfrecords_builder.puppets.features import Expression
from tfrecords_builder.puppets.performance import crop_view

_FACE = FaceConfig(image_size=64)
_VIEW = crop_view(_FACE)
_COUNT = 40


@pytest.fixture(scope="module")
def plain():
    """A character whose mouth and eyes nothing hides."""
    character = make_character(0, 3, _COUNT)
    character = dataclasses.replace(
        character, glasses="none", beard="none", cut="short", smile=0.0
    )
    return Portrait(character, _VIEW)


def _mouth(picture):
    rows, columns = (
        slice(s.start * _VIEW.width // 64, s.stop * _VIEW.width // 64)
        for s in _FACE.mouth_slices()
    )
    return picture[rows, columns].astype(float)


def _gap(picture):
    """Which pixels of the mouth's region are the dark between the lips."""
    return _mouth(picture).sum(axis=2) < 100


def test_the_gap_grows_with_the_opening(plain):
    areas = [
        _gap(plain.draw(Expression(opening=opening))).mean()
        for opening in (0.0, 0.3, 0.6, 1.0)
    ]
    assert areas == sorted(areas)
    assert areas[0] < 0.005
    assert areas[3] > 0.02


def test_a_spread_mouth_is_wider_than_a_round_one(plain):
    def extent(width):
        picture = plain.draw(Expression(opening=0.6, width=width))
        return np.flatnonzero(_gap(picture).any(axis=0)).size

    assert extent(1.0) > 1.3 * extent(0.0)


def test_mouths_of_the_whole_cast_stay_in_the_mouth_box():
    outside = np.ones((_VIEW.height, _VIEW.width), bool)
    rows, columns = _FACE.mouth_slices()
    factor = _VIEW.width // 64
    outside[
        rows.start * factor : rows.stop * factor,
        columns.start * factor : columns.stop * factor,
    ] = False
    lower_face = np.zeros_like(outside)
    lower_face[: rows.stop * factor] = True
    for number in range(0, _COUNT, 3):
        character = dataclasses.replace(
            make_character(0, number, _COUNT), beard="none", cut="short"
        )
        portrait = Portrait(character, _VIEW)
        shut = portrait.draw(Expression(width=0.5)).astype(float)
        wide = portrait.draw(Expression(opening=1.0, width=0.5))
        red_dark = (wide.sum(axis=2) < 130) & (shut.sum(axis=2) > 200)
        assert not (red_dark & outside & lower_face).any(), number


def test_a_blink_hides_the_eyes_and_nothing_else(plain):
    shown = plain.draw(Expression()).astype(float)
    shut = plain.draw(Expression(blink=1.0)).astype(float)
    changed = np.abs(shown - shut).sum(axis=2) > 20
    rows, columns = np.nonzero(changed)
    middle = _FACE.eye_height * _VIEW.height
    assert abs(rows.mean() - middle) < 0.04 * _VIEW.height
    for side in (-0.5, 0.5):
        eye = (0.5 + side * _FACE.eye_distance) * _VIEW.width
        near = np.abs(columns - eye) < 0.1 * _VIEW.width
        assert columns[near].mean() == pytest.approx(
            eye, abs=0.015 * _VIEW.width
        )
    assert (np.abs(columns - 0.5 * _VIEW.width) < 0.26 * _VIEW.width).all()


def test_turning_moves_the_nose_but_not_the_eyes(plain):
    straight = plain.draw(Expression()).astype(float)
    turned = plain.draw(Expression(yaw=0.15)).astype(float)
    change = np.abs(straight - turned).mean(axis=2)
    scale = _VIEW.scale

    def around(x, y, half=0.05):
        row, column = _VIEW.y + y * scale, _VIEW.x + x * scale
        reach = half * scale
        return change[
            int(row - reach) : int(row + reach),
            int(column - reach) : int(column + reach),
        ].mean()

    assert around(0.5, 0.0) < 1
    assert around(-0.5, 0.0) < 1
    assert around(0.15, 0.66, 0.15) > 3


def test_drawing_is_the_same_every_time(plain):
    expression = Expression(opening=0.4, yaw=0.1, pitch=-0.05, brow=1.0)
    assert np.array_equal(plain.draw(expression), plain.draw(expression))


@pytest.mark.parametrize("number", range(0, _COUNT, 5))
def test_every_character_fills_the_picture_with_tones(number):
    portrait = Portrait(make_character(0, number, _COUNT), _VIEW)
    picture = portrait.draw(Expression(opening=0.5))
    assert picture.shape == (_VIEW.height, _VIEW.width, 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 20
