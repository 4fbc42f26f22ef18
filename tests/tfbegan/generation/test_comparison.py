"""Two pictures become one, of a size that H.264 takes."""

import itertools

import numpy as np
import pytest

from tfbegan.generation.comparison import side_by_side


@pytest.mark.parametrize("shape", [(48, 64), (201, 333), (500, 101)])
def test_real_is_left_and_generated_right_under_their_labels(shape):
    real = np.full((*shape, 3), (200, 0, 0), np.uint8)
    generated = np.full((64, 64, 3), (0, 0, 200), np.uint8)
    (picture,) = side_by_side([real], [generated], height=128)
    assert picture.shape[0] % 2 == picture.shape[1] % 2 == 0
    assert picture.shape[0] == 128 + 24
    assert (picture[30, 2] == (200, 0, 0)).all()
    assert (picture[30, -4] == (0, 0, 200)).all()
    labels = picture[:24].min(axis=(0, 2))
    half = round(shape[1] * 128 / shape[0])
    assert labels[:half].min() < 150
    assert labels[half:].min() < 150


def test_it_ends_with_the_generated_ones():
    real = itertools.repeat(np.zeros((8, 8, 3), np.uint8))
    generated = [np.zeros((8, 8, 3), np.uint8)] * 3
    assert len(list(side_by_side(real, generated, 16))) == 3
