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


@pytest.fixture(scope="session")
def puppet_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small built puppets data set: 6 characters, 12 clips, 32 pixels."""
    from tfbegan.config import FaceConfig
    from tfrecords_builder.puppets import PuppetPlan, build_puppets

    out = tmp_path_factory.mktemp("puppets") / "data"
    plan = PuppetPlan(
        face=FaceConfig(image_size=32),
        characters=6,
        sentences=2,
        sentence_s=2.0,
        clips_per_shard=4,
    )
    build_puppets(out, plan, workers=1)
    return out
