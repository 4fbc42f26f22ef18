"""The layer's numbers are librosa's."""

import numpy as np
import pytest

from tfbegan import MFCC, AudioConfig
from tfrecords_builder.audio import mfcc_track

RATE = 16_000


def signal(number):
    """Noise of every loudness, with and without a tone, and silence."""
    generator = np.random.default_rng(number)
    time = np.arange(RATE) / RATE
    noise = generator.normal(size=RATE) * 10 ** generator.uniform(-5, -1)
    tone = np.sin(2 * np.pi * generator.uniform(80, 4_000) * time)
    wave = noise + 0.3 * tone * (number % 2)
    return (wave * (number != 7)).astype(np.float32)


@pytest.mark.parametrize("number", range(20))
def test_it_agrees_with_librosa(number):
    wave = signal(number)
    received = np.array(MFCC()(wave[None]))[0]
    expected = mfcc_track(wave, AudioConfig())
    assert received.shape == expected.shape == (101, 13)
    assert np.abs(received - expected).max() <= 1e-3


def test_a_chunk_gives_the_rows_of_the_whole():
    wave = signal(3)
    whole = np.array(MFCC()(wave[None]))[0]
    # 160 samples a row; half a transform (256 samples) of context each side.
    chunk = np.array(MFCC()(wave[None, 3_200:9_600]))[0]
    np.testing.assert_allclose(chunk[2:-2], whole[22:59], atol=1e-3)


def test_other_settings_agree_too():
    audio = AudioConfig(
        sample_rate=8_000, n_mfcc=20, n_mels=30, n_fft=256, win_length=200,
        hop_length=80,
    )  # fmt: skip
    layer = MFCC(8_000, 20, 30, 256, 200, 80)
    received = np.array(layer(signal(3)[None]))[0]
    expected = mfcc_track(signal(3), audio)
    assert np.abs(received - expected).max() <= 1e-3


def test_normalisation():
    wave = signal(1)[None]
    plain = np.array(MFCC()(wave))
    mean, std = np.arange(13.0), np.arange(1.0, 14.0)
    received = np.array(MFCC(mean=mean, std=std)(wave))
    np.testing.assert_allclose(received, (plain - mean) / std, atol=1e-4)
