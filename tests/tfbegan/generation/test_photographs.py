"""Pictures from outside: whatever they are, they fit or are refused."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tfbegan.errors import SourceError
from tfbegan.generation.photographs import fit_square, read_picture

HALVES = np.zeros((40, 40, 3), np.uint8)
HALVES[:20] = (255, 0, 0)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1", "CMYK"])
def test_every_kind_of_picture_becomes_rgb(tmp_path, mode):
    path = tmp_path / "picture.tiff"
    Image.fromarray(HALVES).convert(mode).save(path)
    image = fit_square(read_picture(path), 32)
    assert image.shape == (32, 32, 3)
    assert image.dtype == np.float32
    assert -1 <= image.min() < image.max() <= 1
    assert image[0].mean() > image[-1].mean()


def test_colours_come_through(tmp_path):
    Image.fromarray(HALVES).save(tmp_path / "picture.png")
    image = fit_square(read_picture(tmp_path / "picture.png"), 32)
    np.testing.assert_array_equal(image[0, 0], [1, -1, -1])
    np.testing.assert_array_equal(image[-1, 0], [-1, -1, -1])


def test_a_camera_that_was_held_upside_down(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 3  # orientation: half a turn
    Image.fromarray(HALVES).save(tmp_path / "picture.png", exif=exif)
    image = fit_square(read_picture(tmp_path / "picture.png"), 32)
    np.testing.assert_array_equal(image[-1, 0], [1, -1, -1])


def test_a_small_picture_is_enlarged(tmp_path):
    Image.fromarray(HALVES[18:22, :4]).save(tmp_path / "small.png")
    assert fit_square(read_picture(tmp_path / "small.png"), 64).shape == (
        64,
        64,
        3,
    )


def test_a_missing_picture_is_told(tmp_path):
    with pytest.raises(SourceError, match=r"no picture .*face\.png"):
        fit_square(read_picture(tmp_path / "face.png"), 32)


def gigantic():
    """A few bytes that claim 60,000 x 60,000 pixels."""

    def chunk(kind, content):
        crc = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + crc

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"a text", b"\x89PNG\r\n\x1a\n\x00", gigantic()],
    ids=["empty", "text", "cut", "gigantic"],
)
def test_what_is_no_picture_is_told(tmp_path, content):
    (tmp_path / "face.png").write_bytes(content)
    with pytest.raises(SourceError, match=r"face\.png can't be read"):
        fit_square(read_picture(tmp_path / "face.png"), 32)


def test_a_cut_picture_and_a_folder_are_told(tmp_path):
    path = tmp_path / "face.png"
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:3_000])
    for path in (tmp_path / "face.png", tmp_path):
        with pytest.raises(SourceError, match="can't be read"):
            fit_square(read_picture(path), 32)
