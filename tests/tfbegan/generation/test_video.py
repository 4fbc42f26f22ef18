"""Videos have their exact length, their sound in step, and their mark."""

import struct
import threading
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from tfbegan.errors import ConfigError, OutputError, SourceError
from tfbegan.generation.provenance import DIGITAL_SOURCE_TYPE, Provenance
from tfbegan.generation.video import Film, Soundtrack, save_video

from .conftest import clicks

HASH = "0123abcd" * 8
NAMES = ["a.mp4", "a.webm", "a.gif"]
MOMENTS = (0.4, 1.0, 2.2)


def film_of(frame_rate=25, sound=None, scale=None):
    return Film(Fraction(frame_rate), Provenance(HASH), scale, sound)


def flashes(count, frame_rate):
    """Dark pictures, bright ones at the moments of the clicks."""
    bright = {round(moment * frame_rate) for moment in MOMENTS}
    for number in range(count):
        value = 240 if number in bright else 30
        yield np.full((32, 32, 3), value, np.uint8)


def track(length_s, sample_rate, channels=1):
    samples = clicks(list(MOMENTS), length_s, sample_rate)
    samples = np.repeat(samples[:, None], channels, axis=1)
    return Soundtrack(np.array_split(samples, 7), sample_rate, channels)


def decoded(path):
    """Times and mean colours of the pictures."""
    with av.open(str(path)) as container:
        return [
            (frame.time, frame.to_ndarray(format="rgb24").mean())
            for frame in container.decode(video=0)
        ]


def decoded_sound(path):
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
    samples = [frame.to_ndarray() for frame in frames]
    return frames[0].time, np.concatenate(samples, axis=1)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("frame_rate", [24, 25, "30000/1001", 50])
def test_every_picture_is_there_at_its_time(tmp_path, name, frame_rate):
    rate = Fraction(frame_rate)
    path = tmp_path / name
    assert save_video(path, flashes(75, rate), film_of(rate)) == 75
    pictures = decoded(path)
    assert len(pictures) == 75
    times = np.array([time for time, _ in pictures])
    # A GIF counts in hundredths, WebM in thousandths of a second.
    np.testing.assert_allclose(times, np.arange(75) / float(rate), atol=0.0101)
    bright = [i for i, (_, value) in enumerate(pictures) if value > 150]
    assert bright == [round(m * rate) for m in MOMENTS if m * rate < 75]


@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
@pytest.mark.parametrize(
    ("sample_rate", "channels"), [(8_000, 1), (44_100, 2), (96_000, 6)]
)
def test_the_sound_is_in_step_and_as_long(
    tmp_path, name, sample_rate, channels
):
    path = tmp_path / name
    sound = track(3.0, sample_rate, channels)
    save_video(path, flashes(75, 25), film_of(sound=sound))
    start_s, samples = decoded_sound(path)
    assert len(samples) == (2 if channels == 2 else 1)
    assert start_s == pytest.approx(0, abs=0.001)
    assert samples.shape[1] / 48_000 == pytest.approx(3.0, abs=0.03)
    loud = np.flatnonzero(np.abs(samples[0]) > 0.2)
    begins = loud[np.diff(loud, prepend=-9_999) > 4_800] / 48_000
    np.testing.assert_allclose(begins, MOMENTS, atol=0.005)
    bright = [time for time, value in decoded(path) if value > 150]
    np.testing.assert_allclose(bright, begins, atol=0.04)
    with av.open(str(path)) as container:
        assert container.duration / 1e6 == pytest.approx(3.0, abs=0.04)


def test_sound_shorter_or_longer_than_the_pictures_is_kept(tmp_path):
    for length_s in (1.0, 4.0):
        path = tmp_path / "a.mp4"
        sound = track(length_s, 16_000)
        save_video(path, flashes(75, 25), film_of(sound=sound))
        _, samples = decoded_sound(path)
        assert samples.shape[1] / 48_000 == pytest.approx(length_s, abs=0.03)
        assert len(decoded(path)) == 75


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("scale", "side"), [(None, 256), (1, 32), (3, 96)])
def test_small_faces_are_enlarged(tmp_path, name, scale, side):
    path = tmp_path / name
    save_video(path, flashes(3, 25), film_of(scale=scale))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (side, side)


@pytest.mark.parametrize("name", NAMES)
def test_colours_are_right(tmp_path, name):
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:32, :32], picture[:32, 32:] = (200, 30, 30), (30, 200, 30)
    picture[32:, :32], picture[32:, 32:] = (30, 30, 200), (128, 128, 128)
    path = tmp_path / name
    save_video(path, [picture] * 5, film_of())
    with av.open(str(path)) as container:
        *_, last = container.decode(video=0)
        received = last.to_ndarray(format="rgb24")[32::64, 32::64]
    for corner, expected in zip(
        received[::2, ::2].reshape(-1, 3),
        [(200, 30, 30), (30, 200, 30), (30, 30, 200), (128, 128, 128)],
        strict=True,
    ):
        np.testing.assert_allclose(corner.astype(int), expected, atol=12)


def boxes_of(content):
    """The top-level boxes of an MP4 file, up to its very end."""
    place = 0
    while place < len(content):
        size, kind = struct.unpack_from(">I4s", content, place)
        yield kind, content[place + 8 : place + size]
        place += size
    assert place == len(content)


def test_an_mp4_file_is_marked_in_a_box_and_in_its_tags(tmp_path):
    path = tmp_path / "a.mp4"
    save_video(path, flashes(5, 25), film_of(sound=track(1, 16_000)))
    boxes = list(boxes_of(path.read_bytes()))
    kinds = [kind for kind, _ in boxes]
    assert kinds[-1] == b"uuid"
    assert kinds.index(b"moov") < kinds.index(b"mdat")
    identity, packet = boxes[-1][1][:16], boxes[-1][1][16:]
    assert identity.hex() == "be7acfcb97a942e89c71999491e3afac"
    assert packet.decode() == Provenance(HASH).xmp()
    check_tags(path)


def test_a_webm_file_is_marked_in_its_tags(tmp_path):
    path = tmp_path / "a.webm"
    save_video(path, flashes(5, 25), film_of())
    check_tags(path)


def check_tags(path):
    with av.open(str(path)) as container:
        tags = {key.lower(): v for key, v in container.metadata.items()}
    assert tags["digitalsourcetype"] == DIGITAL_SOURCE_TYPE
    assert tags["generator"].startswith("tfbegan ")
    assert tags["modelhash"] == HASH
    assert DIGITAL_SOURCE_TYPE in tags["xmp"]


def test_a_gif_file_is_marked_before_its_first_picture(tmp_path):
    path = tmp_path / "a.gif"
    save_video(path, flashes(5, 25), film_of())
    content = path.read_bytes()
    start = content.index(b"\x21\xff\x0bXMP DataXMP")
    assert start < 800
    packet = Provenance(HASH).xmp().encode()
    assert content[start + 14 :].startswith(packet)
    # Readers that don't know it must come out behind it.
    with Image.open(path) as image:
        assert image.n_frames == 5
        assert image.info["loop"] == 0
    assert [p.name for p in tmp_path.iterdir()] == ["a.gif"]


def test_equal_films_are_equal_files(tmp_path):
    paths = [tmp_path / name for name in ("a.mp4", "b.mp4")]
    for path in paths:
        film = film_of(sound=track(1, 16_000))
        save_video(path, flashes(25, 25), film)
    first, second = (path.read_bytes() for path in paths)
    assert first == second


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("a.avi", {}, "must end in one of .mp4, .webm, .gif"),
        ("a", {}, "must end in"),
        ("a.mp4", {"scale": 0}, r"scale must be in \[1, 64\]"),
        ("a.gif", {"frame_rate": 60}, "more than 50 frames"),
    ],
)
def test_what_can_not_be_written_is_refused(tmp_path, name, options, told):
    with pytest.raises(ConfigError, match=told):
        save_video(tmp_path / name, flashes(3, 25), film_of(**options))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_no_picture_is_no_video(tmp_path, name):
    with pytest.raises(ConfigError, match="at least one picture"):
        save_video(tmp_path / name, [], film_of())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_failure_midway_leaves_the_old_file(tmp_path, name):
    path = tmp_path / name
    path.write_text("old")

    def broken():
        yield from flashes(30, 25)
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        save_video(path, broken(), film_of())
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
def test_a_failure_of_the_sound_leaves_the_old_file(tmp_path, name):
    path = tmp_path / name
    path.write_text("old")

    def broken():
        yield np.zeros((16_000, 1), np.float32)
        raise SourceError("no more sound")

    sound = Soundtrack(broken(), 16_000, 1)
    threads = threading.active_count()
    with pytest.raises(SourceError, match="no more sound"):
        save_video(path, flashes(100, 25), film_of(sound=sound))
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert threading.active_count() <= threads


def test_a_picture_may_be_painted_over_the_last(tmp_path):
    canvas = np.zeros((32, 32, 3), np.uint8)

    def painted():
        for picture in flashes(75, 25):
            canvas[:] = picture
            yield canvas

    save_video(tmp_path / "a.mp4", painted(), film_of())
    save_video(tmp_path / "b.mp4", flashes(75, 25), film_of())
    values = [
        [value for _, value in decoded(tmp_path / name)]
        for name in ("a.mp4", "b.mp4")
    ]
    assert values[0] == values[1]


def test_a_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="can't be written"):
        save_video(tmp_path / "file" / "a.mp4", flashes(3, 25), film_of())
