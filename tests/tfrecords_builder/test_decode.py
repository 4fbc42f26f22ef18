"""Pictures and sound meet by their time stamps (reliability: pairing)."""

from fractions import Fraction

import av
import numpy as np
import pytest

from tfrecords_builder.decode import MediaError, probe, read_frames, read_sound
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
