"""Sounds are heard louder, quieter and with the silence of files."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfbegan.config import AudioConfig
from tfbegan.data.augmentation import (
    SoundAugmentation,
    augment_window,
    quiet_level,
)
from tfbegan.data.dataset import open_dataset

AUDIO = AudioConfig(window_frames=11, n_mfcc=4)
DECIBEL = math.sqrt(AUDIO.n_mels)
LOUD = 1e9
"""A level under which every row is quiet."""


def a_window():
    return np.random.default_rng(0).normal(0, 20, (11, 4)).astype(np.float32)


def augmented(window, quiet=-LOUD, seed=0, **settings):
    augmentation = SoundAugmentation(**settings)
    seed = np.array([seed, 7], np.int64)
    return np.array(augment_window(window, quiet, AUDIO, augmentation, seed))


@given(st.integers(0, 2**40), st.floats(0, 60))
@settings(max_examples=40)
def test_a_gain_moves_c0_alone_and_no_further_than_asked(seed, gain_db):
    window = a_window()
    moved = augmented(window, seed=seed, gain_db=gain_db) - window
    np.testing.assert_allclose(moved[:, 1:], 0, atol=1e-6)
    np.testing.assert_allclose(moved[:, 0], moved[0, 0], atol=1e-4)
    assert abs(moved[0, 0]) <= gain_db * DECIBEL + 1e-3


def test_gains_are_louder_and_quieter_and_equal_for_equal_seeds():
    window = a_window()
    moved = (
        np.array(
            [augmented(window, seed=s, gain_db=6.0)[0, 0] for s in range(60)]
        )
        - (window[0, 0])
    )
    assert moved.min() < -4 * DECIBEL
    assert moved.max() > 4 * DECIBEL
    again = augmented(window, seed=3, gain_db=6.0)
    np.testing.assert_array_equal(again, augmented(window, seed=3, gain_db=6.0))


@given(st.integers(0, 2**40))
@settings(max_examples=30)
def test_pauses_become_silence_and_speech_stays(seed):
    window = a_window()
    quiet = float(np.median(window[:, 0]))
    heard = augmented(window, quiet, seed, silence_share=1.0)
    pauses = window[:, 0] <= quiet
    np.testing.assert_array_equal(heard[~pauses], window[~pauses])
    silence = heard[pauses]
    assert not silence[:, 1:].any()
    np.testing.assert_array_equal(silence[:, 0], silence[0, 0])
    assert -100.01 * DECIBEL <= silence[0, 0] <= -59.99 * DECIBEL


def test_a_share_of_the_windows_has_silence():
    window = a_window()
    changed = [
        (augmented(window, LOUD, s, silence_share=0.25) != window).any()
        for s in range(200)
    ]
    assert 0.15 < np.mean(changed) < 0.35


def test_nothing_asked_for_changes_nothing():
    assert not SoundAugmentation()
    assert SoundAugmentation(gain_db=1.0)
    assert SoundAugmentation(silence_share=0.1)
    window = a_window()
    np.testing.assert_array_equal(augmented(window, LOUD), window)


def test_a_pause_is_a_row_near_the_quietest():
    track = np.zeros((100, 4), np.float32)
    track[:, 0] = np.linspace(-400, 100, 100)
    level = float(quiet_level(track))
    place = track[int(np.float32(99) * np.float32(0.1)), 0]
    assert level == pytest.approx(place + 0.08 * 500, rel=1e-5)
    shuffled = np.random.default_rng(0).permutation(track)
    assert float(quiet_level(shuffled)) == pytest.approx(level)


def take(dataset, count, **options):
    batches = dataset.stream(
        "train", batch_size=6, seed=2, with_audio=True, **options
    )
    return list(itertools.islice(batches.as_numpy_iterator(), count))


def test_a_stream_is_augmented_the_same_wherever_it_starts(tiny_dataset):
    dataset = open_dataset(tiny_dataset)
    augmentation = SoundAugmentation(gain_db=6.0, silence_share=0.5)
    plain = take(dataset, 6)
    whole = take(dataset, 6, augmentation=augmentation)
    late = take(dataset, 2, augmentation=augmentation, start_step=4)
    assert set(whole[0]) == set(plain[0])
    for a, b in zip(plain, whole, strict=True):
        np.testing.assert_array_equal(a["image"], b["image"])
        changed = np.abs(a["mfcc"] - b["mfcc"]).max(axis=(1, 2))
        assert changed.min() > 0
        assert len(set(changed.tolist())) == len(changed)
    for a, b in zip(whole[4:], late, strict=True):
        np.testing.assert_array_equal(a["mfcc"], b["mfcc"])
