"""Grids, and the mark that every written picture carries."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from tfbegan import Generator
from tfbegan.errors import ConfigError, OutputError
from tfbegan.generation.photographs import fit_square, read_picture
from tfbegan.generation.pictures import make_grid, save_png
from tfbegan.generation.provenance import DIGITAL_SOURCE_TYPE, Provenance


def faces(n):
    return np.arange(n, dtype=np.uint8)[:, None, None, None] * np.ones(
        (1, 4, 4, 3), np.uint8
    )


def test_a_grid_puts_faces_row_by_row():
    grid = make_grid(faces(5), columns=3, padding=1)
    assert grid.shape == (9, 14, 3)
    assert grid[0, 0, 0] == 0
    assert grid[0, 10, 0] == 2
    assert grid[5, 5, 0] == 4
    assert (grid[5:, 10:] == 255).all()
    assert make_grid(faces(9), padding=0).shape == (12, 12, 3)


def test_an_empty_grid_is_refused():
    with pytest.raises(ConfigError):
        make_grid(faces(0))
    with pytest.raises(ConfigError):
        make_grid(faces(2), columns=0)


def test_all_of_a_hundred_pictures_are_marked_as_generated(tmp_path):
    provenance = Provenance("ab" * 32)
    for number in range(100):
        image = make_grid(faces(1 + number % 5))
        save_png(tmp_path / f"{number}.png", image, provenance)
    written = list(tmp_path.glob("*.png"))
    assert len(written) == 100
    for path in written:
        with Image.open(path) as image:
            xmp = image.text["XML:com.adobe.xmp"]
            assert image.text["Software"].startswith("tfbegan ")
        ElementTree.fromstring(xmp)
        assert re.search(rf'DigitalSourceType="{DIGITAL_SOURCE_TYPE}"', xmp)
        assert "ab" * 32 in xmp


def test_the_hash_is_of_the_weights():
    a, b = Generator(32, 4, seed=1), Generator(32, 4, seed=1)
    assert Provenance.of_model(a) == Provenance.of_model(b)
    b.weights[0].assign_add(b.weights[0] * 0 + 1e-3)
    assert Provenance.of_model(a) != Provenance.of_model(b)


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError):
        save_png(tmp_path / "file" / "a.png", faces(1)[0], Provenance("0"))


def test_a_photograph_becomes_its_middle_square(tmp_path):
    wide = np.zeros((40, 100, 3), np.uint8)
    wide[:, 30:70] = 255
    Image.fromarray(wide).save(tmp_path / "wide.png")
    image = fit_square(read_picture(tmp_path / "wide.png"), 32)
    assert image.shape == (32, 32, 3)
    assert image.dtype == np.float32
    assert image.min() == 1.0
