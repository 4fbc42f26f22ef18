"""Any file with sound is read; what can't be is refused in a sentence."""

import tracemalloc

import av
import numpy as np
import pytest
import soundfile

from tfbegan.errors import ConfigError, SourceError
from tfbegan.generation.speech import BLOCK_S, open_speech, sound_blocks

SECONDS = 2.5


def tone(sample_rate, channels=1):
    times = np.arange(round(SECONDS * sample_rate)) / sample_rate
    samples = 0.5 * np.sin(2 * np.pi * 300 * times)
    return np.repeat(samples.astype(np.float32)[:, None], channels, axis=1)


def read(path):
    reader = open_speech(path).read()
    blocks = list(reader)
    return np.concatenate(blocks), blocks, reader


@pytest.mark.parametrize(
    ("name", "codec", "sample_rate", "channels"),
    [
        ("a.wav", "pcm_s16le", 16_000, 1),
        ("a.wav", "pcm_u8", 8_000, 1),
        ("a.wav", "pcm_s32le", 96_000, 2),
        ("a.wav", "pcm_f32le", 22_050, 6),
        ("a.flac", "flac", 44_100, 2),
        ("a.mp3", "libmp3lame", 44_100, 2),
        ("a.ogg", "libopus", 48_000, 1),
        ("a.m4a", "aac", 48_000, 2),
        ("a.mkv", "aac", 32_000, 1),
    ],
)
def test_every_format_comes_whole(
    sound_file, name, codec, sample_rate, channels
):
    expected = tone(sample_rate, channels)
    path = sound_file(name, expected, sample_rate, codec)
    speech = open_speech(path)
    assert (speech.sample_rate, speech.channels) == (sample_rate, channels)
    assert speech.duration_s == pytest.approx(SECONDS, abs=0.1)
    received, blocks, reader = read(path)
    assert received.dtype == np.float32
    # The packets of MP3 and the like may add some hundredths of a second.
    assert 0 <= len(received) / sample_rate - SECONDS < 0.06
    error = np.abs(received[: len(expected)] - expected)[2_000:-2_000]
    assert error.mean() < 0.02
    assert max(map(len, blocks)) <= 2 * BLOCK_S * sample_rate
    assert reader.damage is None


def test_a_file_can_be_read_again(sound_file):
    speech = open_speech(sound_file())
    first, second = (np.concatenate(list(speech.read())) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_sound_that_starts_late_in_a_video_is_late(tmp_path):
    path = tmp_path / "late.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width = video.height = 32
        sound = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for number in range(50):
            picture = np.zeros((32, 32, 3), np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = number
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        loud = np.full((1, 16_000), 16_000, np.int16)
        frame = av.AudioFrame.from_ndarray(loud, format="s16", layout="mono")
        frame.sample_rate, frame.pts = 16_000, 8_000
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    samples, _, _ = read(path)
    start = int(np.argmax(np.abs(samples[:, 0]) > 0.1))
    assert start == pytest.approx(8_000, abs=20)
    assert len(samples) == pytest.approx(24_000, abs=20)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: None, "no file"),
        (lambda path: path.mkdir(), "is no file"),
        (lambda path: path.write_bytes(b""), "0 bytes"),
        (lambda path: path.write_text("no sound at all"), "can't be read"),
        (lambda path: path.write_text("#EXTM3U\n/etc/passwd\n"), "can't"),
        (lambda path: _silent_film(path), "has no sound"),
        (lambda path: _write_float(path, np.zeros(0)), "0 samples"),
    ],
)
def test_what_has_no_sound_is_refused(tmp_path, make, told):
    path = tmp_path / "speech.wav"
    make(path)
    with pytest.raises(SourceError, match=told) as caught:
        open_speech(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def _silent_film(path):
    with av.open(str(path), "w", format="mp4") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width = video.height = 32
        frame = av.VideoFrame.from_ndarray(
            np.zeros((32, 32, 3), np.uint8), format="rgb24"
        )
        container.mux(video.encode(frame))
        container.mux(video.encode(None))


def _write_float(path, samples):
    soundfile.write(path, samples.astype(np.float32), 16_000, subtype="FLOAT")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (np.nan, "no finite number, 24000 samples after"),
        (np.inf, "no finite number"),
        (20_000.0, "as large as 20000"),
    ],
)
def test_a_file_with_nonsense_in_it_is_refused(tmp_path, value, told):
    samples = np.zeros(40_000)
    samples[24_000] = value
    path = tmp_path / "speech.wav"
    _write_float(path, samples)
    if "24000" in told:
        told = r"samples after \d\.\d\d s"
    with pytest.raises(SourceError, match=told):
        list(open_speech(path).read())


def test_recordings_chained_in_one_file_follow_one_another(
    sound_file, tmp_path
):
    once = sound_file("a.ogg", tone(48_000), 48_000, "libopus")
    (tmp_path / "chain.ogg").write_bytes(2 * once.read_bytes())
    single, _, _ = read(once)
    chained, _, reader = read(tmp_path / "chain.ogg")
    assert len(chained) / 48_000 == pytest.approx(2 * SECONDS, abs=0.1)
    again = chained[-len(single) + 4_000 : -4_000]
    assert np.abs(again).mean() == pytest.approx(
        np.abs(single[4_000:-4_000]).mean(), rel=0.05
    )
    assert reader.damage is None


def test_clipped_sound_is_read_as_it_is(tmp_path):
    path = tmp_path / "speech.wav"
    _write_float(path, 3 * np.sin(np.arange(20_000)))
    samples, _, reader = read(path)
    assert samples.max() == pytest.approx(3, abs=0.01)
    assert reader.damage is None


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.wav", "pcm_s16le"),
        ("a.flac", "flac"),
        ("a.mp3", "libmp3lame"),
        ("a.ogg", "libopus"),
    ],
)
def test_a_cut_file_is_read_to_the_cut_and_told(sound_file, name, codec):
    path = sound_file(name, tone(48_000), 48_000, codec)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    samples, _, reader = read(path)
    assert 0.3 < len(samples) / 48_000 < 2.0
    if codec != "libopus":  # An Ogg file does not say how long it is.
        assert "is damaged" in reader.damage
        assert str(path) in reader.damage


@pytest.mark.parametrize(
    ("name", "codec"), [("a.flac", "flac"), ("a.m4a", "aac")]
)
def test_after_damage_in_the_middle_the_rest_keeps_its_time(
    sound_file, name, codec
):
    rate = 16_000
    generator = np.random.default_rng(0)
    samples = generator.normal(0, 0.02, 20 * rate).astype(np.float32)
    samples[15 * rate : 15 * rate + 800] = 0.7
    path = sound_file(name, samples, rate, codec)
    content = bytearray(path.read_bytes())
    middle = len(content) // 3
    content[middle : middle + 5_000] = generator.bytes(5_000)
    path.write_bytes(content)
    received, _, reader = read(path)
    assert "is damaged" in reader.damage
    start = np.argmax(np.abs(received[:, 0]) > 0.5) / rate
    assert start == pytest.approx(15.0, abs=0.04)


def test_long_sound_takes_no_more_memory(tmp_path):
    path = tmp_path / "hour.wav"
    minute = (0.1 * np.sin(np.arange(8_000 * 60))).astype(np.float32)
    with soundfile.SoundFile(path, "w", 8_000, 1, "PCM_16") as file:
        for _ in range(20):
            file.write(minute)
    reader = iter(open_speech(path).read())
    next(reader)
    tracemalloc.start()
    count = sum(len(block) for block in reader)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count > 8_000 * 60 * 19
    assert peak < 2_000_000


@pytest.mark.parametrize(
    ("waveform", "expected"),
    [
        (np.array([0.5, -0.5]), [0.5, -0.5]),
        ([0.5, -0.5], [0.5, -0.5]),
        (np.array([[0.5, 0.1], [0.0, 0.2]]), [0.3, 0.1]),
        (np.array([16_384, -16_384], np.int16), [0.5, -0.5]),
        (np.array([192, 64], np.uint8), [0.5, -0.5]),
        (iter([np.array([0.5]), np.zeros(0), np.array([-0.5])]), [0.5, -0.5]),
        ([np.array([0.5]), np.array([-0.5])], [0.5, -0.5]),
    ],
)
def test_sound_from_memory_becomes_mono_floats(waveform, expected):
    received = np.concatenate(list(sound_blocks(waveform, 16_000)))
    assert received.dtype == np.float32
    np.testing.assert_allclose(received, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("waveform", "error"),
    [
        ([16_384, -16_384], ConfigError),  # 64 bits: of what range?
        (np.array([40_000], np.uint16), ConfigError),
        (np.array([0.0, np.nan]), SourceError),
        (np.array([0.0, 20_000.0]), SourceError),
        (np.zeros((2, 3, 4)), ConfigError),
        (np.zeros((2, 16_000)), ConfigError),
        (np.zeros(4, complex), ConfigError),
        (np.array(["a"]), ConfigError),
        ("speech.wav", ConfigError),
        (7, ConfigError),
    ],
)
def test_other_things_from_memory_are_refused(waveform, error):
    with pytest.raises(error, match=r"Received|Repair|Divide"):
        list(sound_blocks(waveform, 16_000))


@pytest.mark.parametrize("rate", [0, -16_000, 16_000.5])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(ConfigError, match="sample rate must be a whole"):
        list(sound_blocks(np.zeros(10), rate))
