"""Pictures and sound meet by their time stamps (reliability: pairing)."""

import math
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import correlate

from tfrecords_builder.decode import (
    MediaError,
    Sound,
    probe,
    read_frames,
    read_sound,
)
from tfrecords_builder.reasons import Reason

RATE = 16_000
FLASHES_S = (0.5, 1.3, 2.1)
FLASH_S = 0.12


def is_flash(time_s):
    return any(start <= time_s < start + FLASH_S for start in FLASHES_S)


def write_clicks(path, times, *, audio_delay_s=0.0, seconds=3.0):
    """A film that is bright exactly while it sounds."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=50)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.time_base = Fraction(1, 90_000)
        video.codec_context.gop_size = 10
        audio = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for time_s in times:
            level = 235 if is_flash(time_s) else 20
            picture = np.full((48, 64, 3), level, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = round(time_s * 90_000)
            frame.time_base = Fraction(1, 90_000)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        at = np.arange(round((seconds - audio_delay_s) * RATE)) / RATE
        loud = np.array([is_flash(t) for t in at + audio_delay_s])
        wave = (loud * np.sin(2 * np.pi * 1_000 * at) * 20_000).astype(np.int16)
        for start in range(0, len(wave), 1_024):
            piece = av.AudioFrame.from_ndarray(
                wave[None, start : start + 1_024], format="s16", layout="mono"
            )
            piece.sample_rate = RATE
            piece.pts = start + round(audio_delay_s * RATE)
            piece.time_base = Fraction(1, RATE)
            container.mux(audio.encode(piece))
        container.mux(audio.encode())


def onsets(times, active):
    return [
        t for t, before, now in zip(times[1:], active, active[1:], strict=False)
        if now and not before
    ]  # fmt: skip


def regular(rate, seconds=3.0):
    return np.arange(0, seconds, 1 / rate)


def irregular():
    generator = np.random.default_rng(0)
    steps = generator.choice([0.04, 0.08, 0.12], 60)
    times = np.concatenate([[0], np.cumsum(steps)])
    return times[times < 3.0]


@pytest.mark.parametrize(
    ("times", "step", "delay_s"),
    [
        pytest.param(regular(24), 1 / 24, 0.0, id="24"),
        pytest.param(regular(25), 1 / 25, 0.0, id="25"),
        pytest.param(regular(30_000 / 1_001), 0.0334, 0.0, id="29.97"),
        pytest.param(regular(30), 1 / 30, 0.0, id="30"),
        pytest.param(regular(50), 1 / 50, 0.0, id="50"),
        pytest.param(irregular(), 0.12, 0.0, id="variable"),
        pytest.param(regular(25), 1 / 25, 0.45, id="late audio"),
    ],
)
@pytest.mark.parametrize("start_s", [0.0, 0.9])
def test_light_and_sound_are_at_most_one_frame_apart(
    tmp_path, times, step, delay_s, start_s
):
    path = tmp_path / "clicks.mkv"
    write_clicks(path, times, audio_delay_s=delay_s)
    frames = list(read_frames(path, start_s, 3.0))
    sound = read_sound(path, start_s, 3.0, RATE)

    seen = onsets(
        [f.time_s for f in frames], [f.pixels.mean() > 120 for f in frames]
    )
    envelope = np.convolve(np.abs(sound.samples) > 0.1, np.ones(32), "same") > 0
    heard = onsets(sound.start_s + np.arange(len(envelope)) / RATE, envelope)
    expected = [flash for flash in FLASHES_S if flash > start_s]
    assert len(seen) == len(heard) == len(expected)
    for light, noise, truth in zip(seen, heard, expected, strict=True):
        assert abs(noise - truth) < 0.005
        assert abs(light - noise) <= step + 0.005
    assert sound.start_s == pytest.approx(max(start_s, delay_s), abs=0.001)


def test_a_range_holds_the_frames_from_its_start_to_before_its_end(tmp_path):
    path = tmp_path / "film.mkv"
    write_clicks(path, regular(25))
    times = [frame.time_s for frame in read_frames(path, 1.0, 2.0)]
    np.testing.assert_allclose(times, 1.0 + np.arange(25) / 25, atol=2e-3)


def test_sound_between_is_zero_where_there_is_none(tmp_path):
    path = tmp_path / "late.mkv"
    write_clicks(path, regular(25), audio_delay_s=0.45)
    sound = read_sound(path, 0.0, 3.0, RATE)
    piece = sound.between(0.0, 0.6)
    assert len(piece) == round(0.6 * RATE)
    assert not piece[: round(0.44 * RATE)].any()
    assert piece[round(0.51 * RATE) :].any()


def test_probe_tells_what_the_header_says(tmp_path):
    path = tmp_path / "film.mkv"
    write_clicks(path, regular(25))
    info = probe(path)
    assert info.duration_s == pytest.approx(3.0, abs=0.1)
    assert info.has_sound


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", Reason.EMPTY_FILE), (b"no film" * 99, Reason.UNREADABLE)],
)
def test_what_is_no_film_has_its_reason(tmp_path, content, reason):
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    with pytest.raises(MediaError) as caught:
        list(read_frames(path, 0.0, 1.0))
    assert caught.value.reason == reason


def test_a_missing_file_has_its_reason(tmp_path):
    with pytest.raises(MediaError) as caught:
        probe(tmp_path / "nowhere.mp4")
    assert caught.value.reason == Reason.MISSING_FILE


CONTAINERS = {
    "film.mp4": ("libx264", "aac"),
    "film.mkv": ("libx264", "aac"),
    "film.ts": ("libx264", "mp2"),
    "film.mpg": ("mpeg1video", "mp2"),
    "film.avi": ("mpeg4", "pcm_s16le"),
}


def noise(seconds):
    samples = np.random.default_rng(1).standard_normal(round(seconds * RATE))
    return (0.1 * np.convolve(samples, np.ones(8) / 8, "same")).astype(
        np.float32
    )


def all_frames(path, start_s=0.0, end_s=math.inf):
    """Frames, and the error that ended them."""
    frames = []
    try:
        for frame in read_frames(path, start_s, end_s):
            frames.append(frame)
    except MediaError as error:
        return frames, error
    return frames, None


def lag_samples(found, truth):
    correlation = correlate(found, truth, "full", method="fft")
    return int(np.argmax(correlation)) - len(truth) + 1


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("bounds", [(4.3, 6.1), (0.3, 1.0), (8.0, math.inf)])
def test_a_range_is_cut_from_the_whole_at_the_same_times(
    make_film, film_type, read_number, name, bounds
):
    times = tuple(np.arange(250) / 25)
    path = make_film(
        film_type(name, times, sound=noise(10), codecs=CONTAINERS[name])
    )
    whole = [
        (f.time_s, read_number(f.pixels)) for f in read_frames(path, 0, 99)
    ]
    assert [number for _, number in whole] == list(range(250))

    part = [
        (f.time_s, read_number(f.pixels)) for f in read_frames(path, *bounds)
    ]

    low, high = bounds
    assert part == [f for f in whole if low - 1e-3 <= f[0] < high - 1e-3]


@pytest.mark.parametrize("name", CONTAINERS)
def test_sound_of_a_range_is_cut_from_the_whole(make_film, film_type, name):
    times = tuple(np.arange(250) / 25)
    path = make_film(
        film_type(name, times, sound=noise(10), codecs=CONTAINERS[name])
    )
    whole = read_sound(path, 0, math.inf, RATE)

    part = read_sound(path, 4.3, 6.1, RATE)

    expected = whole.between(4.3, 6.1)
    found = part.between(4.3, 6.1)
    assert len(part.samples) == pytest.approx(1.8 * RATE, abs=1)
    assert np.abs(found - expected).max() < 0.01 * np.abs(expected).max()


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts"])
@pytest.mark.parametrize("start_s", [0.0, 0.5])
def test_sound_is_placed_by_time_stamps(make_film, film_type, name, start_s):
    sound = noise(3)
    path = make_film(
        film_type(
            name,
            tuple(np.arange(100) / 25),
            sound=sound,
            sound_start_s=start_s,
            codecs=CONTAINERS[name],
        )
    )
    first = next(read_frames(path, 0, 1)).time_s

    heard = read_sound(path, 0, math.inf, RATE).between(first, first + 4)

    # MP2's filter bank delays by 481 samples, which TS has no way to tell.
    limit = 500 if name == "film.ts" else 8
    assert abs(lag_samples(heard, sound) - start_s * RATE) <= limit


def test_resampling_keeps_the_time(make_film, film_type):
    sound = noise(2)
    path = make_film(
        film_type("film.mov", tuple(np.arange(50) / 25), sound=sound)
    )
    slow = read_sound(path, 0, math.inf, 8_000)
    assert slow.sample_rate == 8_000
    assert slow.end_s == pytest.approx(2, abs=0.1)
    assert abs(lag_samples(slow.between(0, 2), sound[::2])) <= 4


def test_samples_that_are_no_numbers_are_silence(tmp_path):
    sound = np.full(RATE, 0.25, np.float32)
    sound[8_000:8_100], sound[9_000] = np.nan, np.inf
    soundfile.write(tmp_path / "a.wav", sound, RATE, subtype="FLOAT")
    read = read_sound(tmp_path / "a.wav", 0, 1, RATE).between(0, 1)
    expected = np.where(np.isfinite(sound), sound, 0)
    np.testing.assert_allclose(read, expected, atol=1e-6)


def test_a_film_without_sound(make_film, film_type):
    path = make_film(film_type("film.mp4", tuple(np.arange(25) / 25)))
    assert read_sound(path, 0, 1, RATE) is None
    assert not probe(path).has_sound


def test_a_range_beyond_the_end_has_no_sound_and_no_frame(make_film, film_type):
    path = make_film(
        film_type("film.mkv", tuple(np.arange(25) / 25), sound=noise(1))
    )
    assert read_sound(path, 30, 33, RATE) is None
    frames, error = all_frames(path, 30, 33)
    assert (frames, error) == ([], None)


def test_probe_measures_what_the_header_does_not_say(make_film, film_type):
    times = tuple(np.arange(50) / 25)
    told = make_film(film_type("film.mkv", times))
    content = told.read_bytes()
    # Matroska's element Duration (id 4489, 8 bytes), made a Void of its size.
    place = content.index(b"\x44\x89\x88")
    untold = told.with_name("untold.mkv")
    untold.write_bytes(
        content[:place] + b"\xec\x89" + bytes(9) + content[place + 11 :]
    )
    assert probe(untold).duration_s == pytest.approx(2, abs=0.05)
    assert probe(told).duration_s == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfilm.ts\n"
        "#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile film.ts\n",
    ],
)
def test_a_list_of_other_files_is_not_followed(
    make_film, film_type, tmp_path, text
):
    make_film(
        film_type(
            "film.ts", tuple(np.arange(25) / 25), codecs=CONTAINERS["film.ts"]
        )
    )
    path = tmp_path / "list.mp4"
    path.write_text(text)
    with pytest.raises(MediaError) as error:
        probe(path)
    assert error.value.reason == Reason.UNREADABLE


def test_a_cut_file_gives_what_it_has_and_says_so(make_film, film_type):
    path = make_film(film_type("film.mkv", tuple(np.arange(250) / 25)))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    frames, error = all_frames(path)
    assert 50 < len(frames) < 200
    assert error is not None
    assert error.reason == Reason.TRUNCATED


def test_a_film_may_pause_at_its_end(make_film, film_type):
    times = (*np.arange(25) / 25, 5.0)
    path = make_film(film_type("film.mp4", tuple(times)))
    frames, error = all_frames(path)
    assert [f.time_s for f in frames] == pytest.approx(times, abs=1e-3)
    assert error is None


@pytest.mark.parametrize("suffix", [".mp4", ".mpg"])
def test_random_damage_never_crashes(make_film, film_type, suffix):
    name = f"film{suffix}"
    path = make_film(
        film_type(
            name,
            tuple(np.arange(50) / 25),
            sound=noise(2),
            codecs=CONTAINERS[name],
        )
    )
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    rng = np.random.default_rng(0)
    for _ in range(8):
        damaged = whole.copy()
        places = rng.integers(0, len(whole), len(whole) // 200)
        damaged[places] = rng.integers(0, 256, len(places))
        path.write_bytes(damaged.tobytes())
        frames, _ = all_frames(path)
        times = [frame.time_s for frame in frames]
        assert times == sorted(set(times))
        try:
            read_sound(path, 0, 2, RATE)
        except MediaError as error:
            assert error.detail


@given(
    start=st.floats(0, 3),
    seconds=st.floats(0, 3),
    first=st.floats(-2, 4),
    length=st.integers(0, 300),
)
def test_between_pads_with_zeros(start, seconds, first, length):
    sound = Sound(first, np.ones(length, np.float32), 100)
    piece = sound.between(start, start + seconds)
    assert len(piece) == round((start + seconds - start) * 100)
    moments = start + np.arange(len(piece)) / 100
    inside = (moments > first + 0.011) & (moments < sound.end_s - 0.021)
    outside = (moments < first - 0.011) | (moments > sound.end_s + 0.011)
    assert np.all(piece[inside] == 1)
    assert np.all(piece[outside] == 0)


AWKWARD_FRAMES = {
    "damaged_macroblocks_sgib8n.mpg": (74, Reason.DAMAGED),
    "truncated.mpg": (39, Reason.TRUNCATED),
    "truncated_faststart.mp4": (None, Reason.TRUNCATED),
    "audio_only.m4a": (0, Reason.NO_VIDEO),
    "audio_with_cover_art.m4a": (0, Reason.NO_VIDEO),
    "truncated_no_moov.mp4": (0, Reason.UNREADABLE),
    "video_ends_early.mp4": (30, None),
    "audio_starts_0_5s_late.mp4": (75, None),
    "vfr.mp4": (46, None),
    "vfr.mkv": (46, None),
    "fps_50.mp4": (150, None),
    "hevc_10bit.mp4": (75, None),
    "only_74_frames_srwi5a.mpg": (74, None),
}


@pytest.mark.parametrize("name", AWKWARD_FRAMES)
def test_awkward_files(shared_data: Path, name):
    count, reason = AWKWARD_FRAMES[name]
    frames, error = all_frames(shared_data / "awkward" / name)
    assert (error.reason if error else None) == reason
    if count is not None:
        assert len(frames) == count


@pytest.mark.parametrize("name", ["rotation_flag.mp4", "sar_2_1.mp4"])
def test_pictures_are_upright_with_square_pixels(shared_data: Path, name):
    plain = next(
        read_frames(shared_data / "heldout/grid_s1/bgwu7s.mpg", 0, 1)
    ).pixels
    found = next(read_frames(shared_data / "awkward" / name, 0, 1)).pixels
    assert found.shape == plain.shape
    assert np.abs(found.astype(float) - plain).mean() < 6


@pytest.mark.parametrize(
    ("name", "late_s"),
    [
        ("audio_starts_0_5s_late.mp4", 0.5),
        ("two_audio_tracks.mkv", 0),
        ("vfr.mkv", 0),
        ("vp9_opus.webm", 0),
        ("mjpeg_pcm_u8_8k.avi", 0),
        ("pcm_48k_stereo.mov", 0),
    ],
)
def test_awkward_sound_is_the_right_one_in_its_place(
    shared_data: Path, name, late_s
):
    plain = read_sound(
        shared_data / "heldout/grid_s1/bgwu7s.mpg", 0, math.inf, RATE
    ).between(0, 3)
    path = shared_data / "awkward" / name
    first = next(read_frames(path, 0, 1)).time_s
    heard = read_sound(path, 0, math.inf, RATE).between(first, first + 3.5)
    lag = lag_samples(heard, plain)
    assert abs(lag / RATE - late_s) < 0.01
    likeness = correlate(heard, plain, "full", method="fft").max()
    assert likeness > 0.9 * np.linalg.norm(heard) * np.linalg.norm(plain)
