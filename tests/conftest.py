"""Fixtures that more than one test module uses."""

import os
from pathlib import Path

import pytest

_SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real footage, where it is at hand; it is no part of the project."""
    path = Path(os.environ.get("TFBEGAN_TEST_DATA", _SHARED_DATA))
    if not path.is_dir():
        pytest.skip(
            f"no footage at {path}; set TFBEGAN_TEST_DATA to a folder with it"
        )
    return path
