"""The pictures of a video at the times of other frames."""

import itertools
from fractions import Fraction

import av
import numpy as np
import pytest

from tfbegan.errors import SourceError
from tfbegan.generation.footage import open_footage


def film(path, times_ms, codec="ffv1"):
    """Picture i has the grey 10 i."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height = 64, 48
        stream.pix_fmt = "yuv420p" if codec != "ffv1" else "bgr0"
        for number, time_ms in enumerate(times_ms):
            picture = np.full((48, 64, 3), 10 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = time_ms, Fraction(1, 1_000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def greys(path, frame_rate, count):
    pictures = open_footage(path).shown(Fraction(frame_rate))
    return [int(p[0, 0, 0]) // 10 for p in itertools.islice(pictures, count)]


def test_at_its_own_rate_every_picture_comes_once(tmp_path):
    path = film(tmp_path / "a.mkv", range(0, 400, 40))
    assert open_footage(path).fps == pytest.approx(25, abs=0.1)
    assert greys(path, 25, 10) == list(range(10))


def test_at_other_rates_it_is_the_one_on_the_screen(tmp_path):
    path = film(tmp_path / "a.mkv", range(0, 400, 40))
    assert greys(path, 50, 8) == [0, 0, 1, 1, 2, 2, 3, 3]
    assert greys(path, "12.5", 5) == [0, 2, 4, 6, 8]


def test_a_variable_rate_is_followed(tmp_path):
    path = film(tmp_path / "a.mkv", [0, 40, 200, 240])
    assert greys(path, 25, 7) == [0, 1, 1, 1, 1, 2, 3]


def test_the_last_picture_stays(tmp_path):
    path = film(tmp_path / "a.mkv", [0, 40])
    assert greys(path, 25, 50) == [0, 1] + [1] * 48


@pytest.mark.parametrize(
    ("content", "told"), [(None, "no file"), (b"not a film", "can't be read")]
)
def test_what_is_no_video_is_refused(tmp_path, content, told):
    path = tmp_path / "a.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=told):
        open_footage(path)


def test_sound_alone_is_no_video(sound_file):
    with pytest.raises(SourceError, match="no moving picture"):
        open_footage(sound_file())
