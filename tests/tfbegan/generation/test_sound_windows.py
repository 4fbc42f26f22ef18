"""The windows of a stream are those of the whole sound, in little memory."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfbegan.config import AudioConfig
from tfbegan.generation.sound_windows import (
    SoundWindows,
    frame_count,
    look_ahead_samples,
)
from tfrecords_builder.audio import mfcc_track

AUDIO = AudioConfig()
SPEECH = np.random.default_rng(0).normal(0, 0.2, 30_077).astype(np.float32)
FRAME_RATES = [Fraction(fps) for fps in (1, 5, 24, 25, "30000/1001", 50, 120)]


def whole_windows(samples, frame_rate, audio=AUDIO):
    """By librosa, at once, from the sound between two silences."""
    half = audio.window_frames // 2
    rows_before = half + 10
    silence = np.zeros(rows_before * audio.hop_length, np.float32)
    late = np.zeros(3 * audio.sample_rate, np.float32)
    track = mfcc_track(np.concatenate([silence, samples, late]), audio)
    count = frame_count(len(samples), audio.sample_rate, frame_rate)
    rate = Fraction(audio.sample_rate, audio.hop_length)
    centres = [
        rows_before + math.floor(t / frame_rate * rate + Fraction(1, 2))
        for t in range(count)
    ]
    return np.stack([track[c - half : c + half + 1] for c in centres])


def streamed_windows(pieces, frame_rate, audio=AUDIO):
    windows = SoundWindows(audio, frame_rate)
    parts = [windows.push(piece) for piece in pieces]
    total = sum(len(piece) for piece in pieces)
    count = frame_count(total, audio.sample_rate, frame_rate)
    return np.concatenate([*parts, windows.finish(count)])


@pytest.mark.parametrize("frame_rate", FRAME_RATES)
def test_windows_are_those_of_the_whole_sound_by_librosa(frame_rate):
    pieces = np.array_split(SPEECH, 7)
    received = streamed_windows(pieces, frame_rate)
    np.testing.assert_allclose(
        received, whole_windows(SPEECH, frame_rate), atol=1e-3
    )


@settings(max_examples=25)
@given(
    cuts=st.lists(st.integers(0, len(SPEECH)), max_size=12),
    frame_rate=st.sampled_from(FRAME_RATES),
)
def test_the_cuts_of_the_stream_do_not_matter(cuts, frame_rate):
    received = streamed_windows(np.split(SPEECH, sorted(cuts)), frame_rate)
    expected = streamed_windows([SPEECH], frame_rate)
    np.testing.assert_allclose(received, expected, atol=1e-3)


@settings(max_examples=20)
@given(samples=st.integers(1, 12_000), frame_rate=st.sampled_from(FRAME_RATES))
def test_any_length_has_its_number_of_windows(samples, frame_rate):
    received = streamed_windows([SPEECH[:samples]], frame_rate)
    expected = max(1, math.floor(samples * frame_rate / 16_000 + 0.5))
    assert len(received) == expected


def test_another_front_end():
    audio = AudioConfig(
        sample_rate=8_000,
        n_mfcc=20,
        n_fft=300,
        win_length=256,
        hop_length=100,
        window_frames=1,
    )
    rate = Fraction(25)
    received = streamed_windows(np.array_split(SPEECH, 50), rate, audio)
    expected = whole_windows(SPEECH, rate, audio)
    np.testing.assert_allclose(received, expected, atol=1e-3)


@pytest.mark.parametrize("frame_rate", FRAME_RATES)
def test_a_window_comes_as_soon_as_the_look_ahead_is_heard(frame_rate):
    ahead = look_ahead_samples(AUDIO, frame_rate)
    windows = SoundWindows(AUDIO, frame_rate)
    assert len(windows.push(np.zeros(ahead - 1, np.float32))) == 0
    assert len(windows.push(np.zeros(1, np.float32))) == 1


def test_the_look_ahead_of_the_defaults_is_short():
    assert look_ahead_samples(AUDIO, Fraction(25)) / 16_000 < 0.2


def test_what_is_kept_does_not_grow():
    windows = SoundWindows(AUDIO, Fraction(25))
    second = SPEECH[:16_000]
    kept = []
    for _ in range(60):
        windows.push(second)
        kept.append((len(windows._samples), len(windows._rows)))
    assert kept[1] == kept[-1]
    assert kept[-1][0] < 8_000
