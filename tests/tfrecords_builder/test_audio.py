import librosa
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tfbegan.config import AudioConfig
from tfrecords_builder.audio import mfcc_track

AUDIO = AudioConfig()


def test_rows_are_centred_on_multiples_of_the_hop():
    samples = np.zeros(16_000, np.float32)
    samples[40 * AUDIO.hop_length] = 1
    energy = mfcc_track(samples, AUDIO)[:, 0]
    loud = np.flatnonzero(energy > energy.min() + 1)
    assert (loud[0] + loud[-1]) / 2 == 40
    assert len(loud) <= 1 + AUDIO.n_fft // AUDIO.hop_length


@settings(max_examples=15, deadline=None)
@given(
    length=st.integers(512, 5_000),
    n_mfcc=st.integers(1, 40),
    hop_length=st.sampled_from([80, 160, 400]),
)
def test_shape_and_type(length, n_mfcc, hop_length):
    audio = AUDIO.replace(n_mfcc=n_mfcc, hop_length=hop_length)
    samples = np.random.default_rng(0).standard_normal(length)
    rows = mfcc_track(samples.astype(np.float32), audio)
    assert rows.shape == (1 + length // hop_length, n_mfcc)
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()


def test_a_loud_moment_elsewhere_changes_nothing():
    quiet = 1e-4 * np.random.default_rng(0).standard_normal(16_000)
    loud = quiet.copy()
    loud[15_000] = 1
    rows = mfcc_track(quiet.astype(np.float32), AUDIO)
    other = mfcc_track(loud.astype(np.float32), AUDIO)
    np.testing.assert_allclose(rows[:80], other[:80], atol=1e-4)


def test_a_window_may_be_cut_from_a_longer_sound():
    samples = np.random.default_rng(0).standard_normal(16_000)
    samples = samples.astype(np.float32)
    whole = mfcc_track(samples, AUDIO)
    part = mfcc_track(samples[30 * AUDIO.hop_length :][:8_000], AUDIO)
    np.testing.assert_allclose(part[3:45], whole[33:75], atol=1e-3)


def test_it_is_librosas_mfcc():
    tone = librosa.tone(440, sr=AUDIO.sample_rate, duration=0.5)
    mel = librosa.feature.melspectrogram(
        y=tone,
        sr=16_000,
        n_fft=512,
        win_length=400,
        hop_length=160,
        n_mels=40,
        center=True,
        pad_mode="constant",
        power=2.0,
    )
    expected = librosa.feature.mfcc(
        S=librosa.power_to_db(mel, ref=1.0, amin=1e-10, top_db=None),
        n_mfcc=13,
    )
    found = mfcc_track(tone.astype(np.float32), AUDIO)
    np.testing.assert_allclose(found, expected.T, atol=1e-3)
