"""Photographs that say whose face is meant, cut out as the model expects."""

import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from tfbegan.generation.loading import LoadedGenerator


def read_face(path: Path, generator: "LoadedGenerator") -> "np.ndarray":
    """The largest face of a photograph as a generator sees it.

    A picture in which none is found is taken as a face as it is: its largest
    middle square. That is said on stderr.

    Args:
        path: Of an image file.
        generator: Whose size and geometry are meant.

    Returns:
        float32 [S, S, 3], in [-1, 1].

    Raises:
        SourceError: The file is missing or no image.
    """
    from tfbegan.generation.photographs import fit_square, read_picture
    from tfrecords_builder.portrait import cut_out_largest

    picture = read_picture(path)
    face = cut_out_largest(picture, generator.face, _finder())
    if face is None:
        print(
            f"No face was found in {path}: its middle square is taken as one.",
            file=sys.stderr,
        )
        face = picture
    return fit_square(face, generator.image_size)


@cache
def _finder() -> Any:
    from tfrecords_builder.faces import FaceFinder
    from tfrecords_builder.plan import TrackingConfig

    return FaceFinder(TrackingConfig())
