"""A generator's `.keras` file in half the space, to ship with a program."""

import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from tfbegan.files import atomic_path, writing
from tfbegan.models.generator import in_float32

_KEPT_BITS = 0xFFFFE000
"""Of a float32: sign, exponent and 10 of 23 bits, the precision of float16."""

_HALF_OF_THE_DROPPED = 0x1000


def save_compact(model: Any, path: Path) -> int:
    """Writes a generator with rounded weights, compressed.

    The file loads as every other. A weight keeps the precision of float16 and
    the range of float32; the 13 bits that are 0 then compress away.

    Args:
        model: A `Generator`.
        path: Of the `.keras` file.

    Returns:
        The file's size in bytes.

    Raises:
        OutputError: It can't be written; the one before is as it was.
    """
    rounded = in_float32(model)
    rounded.set_weights([_rounded(w) for w in rounded.get_weights()])
    with tempfile.TemporaryDirectory() as folder, writing(path):
        plain = Path(folder) / "plain.keras"
        rounded.save(plain)
        with atomic_path(path) as temporary:
            _compress(plain, temporary)
        return path.stat().st_size


def _rounded(weight: Any) -> np.ndarray:
    """To the nearest float32 whose last 13 bits are 0."""
    bits = np.ascontiguousarray(weight, np.float32).view(np.uint32)
    # Half is added in 64 bits: the sum of two uint32 may not fit into one.
    nearest = bits.astype(np.uint64) + _HALF_OF_THE_DROPPED
    kept = (nearest & _KEPT_BITS).astype(np.uint32).view(np.float32)
    return np.where(np.isfinite(kept), kept, weight).astype(np.float32)


def _compress(source: Path, target: Path) -> None:
    with (
        zipfile.ZipFile(source) as plain,
        zipfile.ZipFile(target, "w") as compressed,
    ):
        for member in plain.infolist():
            compressed.writestr(
                member.filename,
                plain.read(member),
                zipfile.ZIP_DEFLATED,
                compresslevel=9,
            )
