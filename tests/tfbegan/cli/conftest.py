"""A generator that several commands treat alike."""

import pytest

from tfbegan import Generator
from tfbegan.config import AudioConfig, FaceConfig, SpeechConfig


@pytest.fixture(scope="session")
def shown_model(tmp_path_factory):
    """The file of a generator that makes the face that it is shown."""
    path = tmp_path_factory.mktemp("shown") / "shown.keras"
    mouth_box = FaceConfig().mouth_box
    Generator(
        32,
        filters=4,
        latent_dim=8,
        conditioning="audio+face",
        speech=SpeechConfig(AudioConfig(), (0.0,) * 13, (1.0,) * 13, mouth_box),
        seed=1,
    ).save(path)
    return path
