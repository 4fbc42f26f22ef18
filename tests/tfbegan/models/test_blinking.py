"""What a generator knows of blinks, in its file and on its codes."""

import json

import keras
import numpy as np
import pytest

from tfbegan import Generator
from tfbegan.errors import ConfigError
from tfbegan.models.blinking import Blinking

BLINKING = Blinking(
    shut=np.array([0, 2, 0, 1], np.float32),
    telling=np.array([0.25, 0.5, 0, 0], np.float32),
    open_at=-0.25,
    per_minute=17.5,
)


def test_it_is_plain_json_and_back():
    content = json.loads(json.dumps(BLINKING.to_dict()))
    again = Blinking.from_dict(content, 4)
    np.testing.assert_array_equal(again.shut, BLINKING.shut)
    np.testing.assert_array_equal(again.telling, BLINKING.telling)
    assert again.to_dict() == BLINKING.to_dict()


def test_it_is_in_the_generator_s_file(small_speech, tmp_path):
    generator = Generator(
        32, filters=4, latent_dim=4, conditioning="audio+noise",
        speech=small_speech, blinking=BLINKING,
    )  # fmt: skip
    generator.save(tmp_path / "faces.keras")
    loaded = keras.models.load_model(tmp_path / "faces.keras")
    assert loaded.blinking.to_dict() == BLINKING.to_dict()


@pytest.mark.parametrize(
    "change",
    [
        {"shut": [1.0, 2.0]},
        {"telling": [1.0, 2.0, 3.0, float("nan")]},
        {"telling": "lids"},
        {"shut": [[1.0, 2.0, 3.0, 4.0]]},
        {"open_at": float("inf")},
        {"open_at": None},
        {"per_minute": -1.0},
        {"per_minute": 1e9},
        {"per_minute": 10**400},
    ],
)
def test_nonsense_in_a_file_is_refused(change):
    with pytest.raises(ConfigError, match=r"`blinking` must.*Received"):
        Blinking.from_dict({**BLINKING.to_dict(), **change}, 4)


@pytest.mark.parametrize("content", [{}, [], 3, {"shut": [1.0] * 4}])
def test_what_is_no_blinking_is_refused(content):
    with pytest.raises(ConfigError, match=r"`blinking` must.*Received"):
        Blinking.from_dict(content, 4)


def test_shut_eyes_are_opened_and_open_ones_left_alone():
    lids = np.array([0.0, 0.5, 1.0, -0.4])
    opens = np.array([[-0.5, -0.25, 0.7, 0.1]])
    assert opens[0] @ BLINKING.telling == BLINKING.open_at
    codes = opens + lids[:, None] * BLINKING.shut
    opened = BLINKING.opened(codes)
    np.testing.assert_allclose(opened[:3], opens.repeat(3, 0), atol=1e-6)
    np.testing.assert_array_equal(opened[3], codes[3])
