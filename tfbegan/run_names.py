"""Run folders by their names: 00012-noise-faces64-b16-g0.8 is the twelfth."""

import re
from pathlib import Path

_NUMBERED = re.compile(r"(\d{5})-")


def run_number(path: Path) -> int:
    """The number that a run folder's name begins with; -1 without one."""
    match = _NUMBERED.match(path.name)
    return int(match[1]) if match else -1


def by_age(path: Path) -> tuple[int, str]:
    """Sorts run folders: the newest has the highest number."""
    return run_number(path), path.name
