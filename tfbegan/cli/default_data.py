"""The data set that is drawn where none is named."""

import os
from pathlib import Path

_PUPPETS = "data/puppets-{size}"


def puppets_folder(size: int) -> Path:
    """Where the puppets of a size are, or will be."""
    return Path(_PUPPETS.format(size=size))


def drawn_puppets(size: int) -> Path:
    """The puppets, made on first use.

    Args:
        size: Side of the faces, in pixels.

    Returns:
        The folder.
    """
    folder = puppets_folder(size)
    if not (folder / "dataset.json").is_file():
        from tfbegan.config import FaceConfig
        from tfrecords_builder.puppets import PuppetPlan, build_puppets

        print(f"Drawing the puppets into {folder}; this takes a minute.")
        build_puppets(
            folder,
            PuppetPlan(face=FaceConfig(image_size=size)),
            workers=os.cpu_count() or 1,
        )
    return folder
