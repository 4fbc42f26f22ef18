"""Where results go, and where they must not."""

from collections.abc import Iterable
from pathlib import Path

from tfbegan.errors import UsageError


def refuse_overwriting(
    output: Path, sources: Iterable[Path], option: str = "-o"
) -> None:
    """Refuses a result that would replace what it is made of.

    Args:
        output: Where the result is to go.
        sources: What is read.
        option: That named the output.

    Raises:
        UsageError: It would.
    """
    for source in sources:
        if output.exists() and source.exists() and output.samefile(source):
            raise UsageError(
                f"{option} {output} is the file that is read, which would be"
                " lost. Name another file."
            )
