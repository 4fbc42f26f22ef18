"""Sample formats and frame rates."""

from fractions import Fraction

import av
import numpy as np
import pytest

from tfbegan.errors import ConfigError
from tfbegan.generation.media import (
    exact_frame_rate,
    frame_samples,
    open_options,
)

SAMPLES = np.array([[0.5, -0.5], [0.25, 0.0], [-1.0, 0.75]], np.float32)


@pytest.mark.parametrize(
    ("name", "dtype", "scale", "zero"),
    [
        ("u8", np.uint8, 128, 128),
        ("s16", np.int16, 2**15, 0),
        ("s32", np.int32, 2**31, 0),
        ("flt", np.float32, 1, 0),
        ("dbl", np.float64, 1, 0),
    ],
)
@pytest.mark.parametrize("planar", [False, True])
def test_every_sample_format_becomes_floats(name, dtype, scale, zero, planar):
    content = (SAMPLES.astype(np.float64) * scale + zero).astype(dtype)
    content = content.T if planar else content.reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(content), name + "p" * planar, "stereo"
    )
    received = frame_samples(frame)
    assert received.dtype == np.float32
    np.testing.assert_allclose(received, SAMPLES, atol=1e-6)


@pytest.mark.parametrize(
    ("fps", "expected"),
    [
        (25, Fraction(25)),
        (29.97, Fraction(30_000, 1_001)),
        (23.976, Fraction(24_000, 1_001)),
        (12.5, Fraction(25, 2)),
    ],
)
def test_a_rate_means_what_video_files_mean(fps, expected):
    assert exact_frame_rate(fps) == expected


@pytest.mark.parametrize("fps", [0, -25, 121, float("nan"), float("inf")])
def test_other_rates_are_refused(fps):
    with pytest.raises(ConfigError, match="frame rate must be in"):
        exact_frame_rate(fps)


def test_formats_that_name_other_files_are_shut_out():
    allowed = set(open_options()["format_whitelist"].split(","))
    assert not allowed & {"concat", "hls", "dash", "lavfi", "sdp"}
    assert {"wav", "flac", "mp3", "ogg", "mov", "matroska"} <= allowed
