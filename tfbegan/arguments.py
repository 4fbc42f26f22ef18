"""What both command lines share: a parser that knows its own options best."""

import argparse
import difflib
from collections.abc import Sequence
from typing import Any


class CommandParser(argparse.ArgumentParser):
    """Of one command: it tells by itself what it does not know.

    argparse leaves that to the parser above, which then shows the usage of
    another command line than the one that was mistyped.
    """

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """As of argparse, but with exit code 2 where something is left."""
        parsed, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(
                f"unrecognized arguments: {' '.join(unknown)}"
                f"{self._suggestion(unknown)}"
            )
        return parsed, unknown

    def _suggestion(self, unknown: Sequence[str]) -> str:
        known = [
            option
            for action in self._actions
            for option in action.option_strings
        ]
        for word in unknown:
            name = word.partition("=")[0]
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
            if name.startswith("--") and close:
                return f". Did you mean {close[0]}?"
        return ""
