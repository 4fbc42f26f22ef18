"""What is read of media files, in which formats, and frame rates."""

from fractions import Fraction
from types import SimpleNamespace

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from tfbegan.errors import ConfigError
from tfbegan.media import (
    UNREADABLE,
    exact_frame_rate,
    frame_samples,
    moving_picture,
    opaque_pixels,
    open_container,
    sound_track,
    too_large,
    upright_pixels,
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


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.ffconcat", "ffconcat version 1.0\nfile speech.wav\n"),
        ("list.m3u8", "#EXTM3U\n#EXTINF:1,\nspeech.wav\n#EXT-X-ENDLIST\n"),
        ("film.txt", "speech.wav\n"),
    ],
)
def test_a_file_that_names_others_is_not_followed(tmp_path, name, content):
    soundfile.write(tmp_path / "speech.wav", np.zeros(16_000), 16_000)
    with open_container(tmp_path / "speech.wav") as container:
        assert sound_track(container) is not None
        assert moving_picture(container) is None
    (tmp_path / name).write_text(content)
    with pytest.raises(UNREADABLE):
        open_container(tmp_path / name)


def shaped(aspect):
    """A stream of pixels that are so many times as wide as high."""
    return SimpleNamespace(sample_aspect_ratio=aspect)


def test_the_pixels_of_a_picture_are_made_square():
    pixels = np.zeros((4, 6, 3), np.uint8)
    pixels[:, :2] = 255
    frame = av.VideoFrame.from_ndarray(pixels)
    assert upright_pixels(frame, shaped(Fraction(2))).shape == (4, 12, 3)
    for implausible in (None, Fraction(0), Fraction(1_000)):
        as_it_is = upright_pixels(frame, shaped(implausible))
        np.testing.assert_array_equal(as_it_is, pixels)


@pytest.mark.parametrize("degrees", [0, 90, 180, -90])
def test_a_picture_is_turned(degrees):
    pixels = np.arange(72, dtype=np.uint8).reshape(4, 6, 3)
    frame = SimpleNamespace(to_ndarray=lambda format: pixels, rotation=degrees)
    np.testing.assert_array_equal(
        upright_pixels(frame, shaped(None)), np.rot90(pixels, degrees // 90)
    )


def test_no_picture_of_a_film_is_as_large_as_a_poster():
    assert not too_large(7_680, 4_320, shaped(None))
    assert too_large(10_000, 10_000, shaped(None))
    assert too_large(7_000, 7_000, shaped(Fraction(10)))
    assert not too_large(7_000, 7_000, shaped(Fraction(1_000)))


def test_samples_that_numpy_has_no_type_for_are_read(tmp_path):
    path = tmp_path / "s64.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s64le", 16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            np.linspace(-0.5, 0.5, 1_000)[None], "dblp", "mono"
        )
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with open_container(path) as container:
        frames = [*container.decode(audio=0)]
        assert frames[0].format.name == "s64"
        samples = np.concatenate([frame_samples(frame) for frame in frames])
    np.testing.assert_allclose(
        samples[:, 0], np.linspace(-0.5, 0.5, 1_000), atol=1e-6
    )


def test_a_photograph_is_seen_as_it_was_meant():
    deep = np.linspace(0, 65_535, 256).astype(np.uint16)[None].repeat(2, 0)
    seen = opaque_pixels(Image.fromarray(deep))
    assert seen.shape == (2, 256, 3)
    np.testing.assert_allclose(seen[0, :, 0], np.arange(256), atol=1)
    clear = Image.new("RGBA", (4, 4), (10, 20, 30, 0))
    assert (opaque_pixels(clear) == 255).all()
    turned = Image.new("RGB", (4, 2), (10, 20, 30))
    turned.getexif()[0x0112] = 6
    assert opaque_pixels(turned).shape == (4, 2, 3)
