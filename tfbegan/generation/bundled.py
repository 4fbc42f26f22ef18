"""Generators that come with the package.

They were trained on puppets, which the project draws and voices itself; no
person's picture or voice is in them. docs/results/audio.md has the command.
"""

from importlib import resources
from pathlib import Path

from tfbegan.errors import ModelFileError

BUNDLED = {"puppet": "puppet.keras"}
"""File names by name."""

DEFAULT_BUNDLED = "puppet"


def bundled(name: str) -> Path:
    """The file of a bundled generator.

    Args:
        name: One of `BUNDLED`.

    Raises:
        ModelFileError: The installation lacks it.
    """
    path = Path(str(resources.files("tfbegan") / "bundled" / BUNDLED[name]))
    if not path.is_file():
        raise ModelFileError(
            f"The bundled generator {name} is missing from this installation."
            " Install tfbegan again, or name a run folder or .keras file."
        )
    return path
