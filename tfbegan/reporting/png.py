"""PNG files that say where they come from."""

import io

import numpy as np
from PIL import Image, PngImagePlugin

XMP_KEYWORD = "XML:com.adobe.xmp"
"""Of the text chunk that holds an XMP packet."""


def encode_png(pixels: np.ndarray, mark: str = "", software: str = "") -> bytes:
    """The bytes of a PNG file.

    Args:
        pixels: uint8 [H, W, 3], RGB.
        mark: XMP packet that marks it as generated; "" for what is real.
        software: What wrote it; "" leaves it out.
    """
    info = PngImagePlugin.PngInfo()
    if mark:
        info.add_itxt(XMP_KEYWORD, mark)
    if software:
        info.add_text("Software", software)
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG", pnginfo=info)
    return content.getvalue()
