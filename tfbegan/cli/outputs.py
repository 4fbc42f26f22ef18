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


def refuse_other_suffix(output: Path, suffix: str, what: str) -> None:
    """Refuses a name that tells of another kind of file than is written.

    Args:
        output: Where the result is to go.
        suffix: That its name must end in, such as ".png".
        what: The sentence that says what is written, without its full stop.

    Raises:
        UsageError: The name ends in something else.
    """
    if output.suffix.lower() != suffix:
        raise UsageError(
            f"{what}. Name one that ends in {suffix}. Received: {output}"
        )
