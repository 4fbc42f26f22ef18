"""Pages hold their pictures, and pictures their marks."""

import base64
import io

import numpy as np
from PIL import Image

from tfbegan.reporting.html import data_uri, render_page
from tfbegan.reporting.png import XMP_KEYWORD, encode_png

PIXELS = np.random.default_rng(0).integers(0, 255, (4, 6, 3), np.uint8)


def opened(content):
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        return image


def test_a_picture_is_inside_of_the_page_with_its_mark():
    head, _, encoded = data_uri(PIXELS, mark="<x:xmpmeta/>").partition(",")
    assert head == "data:image/png;base64"
    image = opened(base64.b64decode(encoded))
    np.testing.assert_array_equal(np.asarray(image), PIXELS)
    assert image.info[XMP_KEYWORD] == "<x:xmpmeta/>"


def test_a_real_picture_has_no_mark():
    image = opened(encode_png(PIXELS))
    assert XMP_KEYWORD not in image.info
    assert "Software" not in image.info
    assert opened(encode_png(PIXELS, software="s")).info["Software"] == "s"


def test_the_title_is_escaped():
    page = render_page("</title><script>", "<p>body</p>")
    assert "<script>" not in page
    assert "&lt;/title&gt;" in page
    assert "<p>body</p>" in page
