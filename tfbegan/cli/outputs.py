"""Where results go, and where they must not."""

from collections.abc import Iterable
from pathlib import Path

from tfbegan.errors import UsageError


def refuse_overwriting(output: Path, sources: Iterable[Path]) -> None:
    """Refuses a result that would replace what it is made of.

    Raises:
        UsageError: It would.
    """
    for source in sources:
        if output.exists() and source.exists() and output.samefile(source):
            raise UsageError(
                f"-o {output} is the file that is read, which would be lost."
                " Name another file."
            )
