import dataclasses

import numpy as np
import pytest
from scipy.signal import find_peaks, welch

from tfbegan.config import AudioConfig
from tfrecords_builder.audio import mfcc_track
from tfrecords_builder.puppets.build import PuppetPlan
from tfrecords_builder.puppets.character import make_character
from tfrecords_builder.puppets.sentence import (
    PHONEMES,
    articulate,
    random_sentence,
    spell,
)
from tfrecords_builder.puppets.speech import Voice, synthesise

_RATE = 16_000
_VOICE = Voice(
    pitch_hz=110,
    melody=0.05,
    formant_scale=1.0,
    rate=1.0,
    breathiness=0.2,
    tilt=0.3,
)


def _say(symbols, voice=_VOICE, seed=0):
    rng = np.random.default_rng(seed)
    return synthesise(articulate(spell(symbols)), voice, _RATE, rng)


def _middle(sound, seconds=0.2):
    half = round(seconds * _RATE / 2)
    centre = len(sound) // 2
    return sound[centre - half : centre + half]


def test_sound_is_as_long_as_the_sentence_and_never_clips():
    sentence = spell("- M AA M AX - S IY -")
    sound = synthesise(
        articulate(sentence), _VOICE, _RATE, np.random.default_rng(0)
    )
    assert sound.dtype == np.float32
    assert len(sound) == pytest.approx(sentence.duration_s * _RATE, abs=80)
    assert np.abs(sound).max() < 1


@pytest.mark.parametrize("symbol", ["AA", "AE", "EH", "AO"])
def test_the_spectrum_peaks_at_the_formants(symbol):
    frequencies, power = welch(
        _middle(_say(f"- {symbol} {symbol} {symbol} {symbol} -")),
        _RATE,
        nperseg=256,
        nfft=2_048,
    )
    peaks = frequencies[find_peaks(10 * np.log10(power), prominence=1)[0]]
    for formant in PHONEMES[symbol].formants[:2]:
        assert np.abs(peaks - formant).min() < 150


def test_a_throat_moves_the_formants():
    short = dataclasses.replace(_VOICE, formant_scale=1.18)
    centroids = []
    for voice in (_VOICE, short):
        frequencies, power = welch(
            _middle(_say("- EH EH EH EH -", voice)), _RATE, nperseg=512
        )
        centroids.append((frequencies * power).sum() / power.sum())
    assert centroids[1] > 1.03 * centroids[0]


def test_pitch_is_the_voices():
    sound = _middle(_say("- AA AA AA AA AA AA -"), 0.3).astype(float)
    correlation = np.correlate(sound, sound, "full")[len(sound) :]
    shortest, longest = _RATE // 200, _RATE // 70
    period = shortest + correlation[shortest:longest].argmax()
    assert _RATE / period == pytest.approx(110, rel=0.1)


def test_s_hisses_high_and_vowels_do_not():
    def high_share(sound):
        frequencies, power = welch(sound, _RATE, nperseg=512)
        return power[frequencies > 4_000].sum() / power.sum()

    assert high_share(_middle(_say("- S S S -"), 0.1)) > 0.7
    assert high_share(_middle(_say("- AA AA AA -"), 0.1)) < 0.1


def test_pauses_and_closures_are_quiet():
    sound = _say("- AA AA - - - AA AA -")
    loud = np.sqrt(np.mean(sound**2))
    assert np.sqrt(np.mean(_middle(sound, 0.2) ** 2)) < 0.03 * loud


def test_the_same_seed_gives_the_same_sound():
    assert np.array_equal(_say("- AA -", seed=3), _say("- AA -", seed=3))
    assert not np.array_equal(_say("- AA -", seed=3), _say("- AA -", seed=4))


@pytest.mark.slow
def test_the_mouth_can_be_told_from_the_sound_of_an_unheard_voice():
    plan = PuppetPlan()
    audio = AudioConfig()
    half = audio.window_frames // 2
    windows, openings, widths, voices = [], [], [], []
    for number in range(24):
        voice = make_character(plan.seed, number, 24).voice
        rng = np.random.default_rng(number)
        for _ in range(3):
            sentence = random_sentence(3.4, voice.rate, rng)
            tracks = articulate(sentence)
            mfcc = mfcc_track(synthesise(tracks, voice, _RATE, rng), audio)
            rows = np.arange(half, len(mfcc) - half, 4)
            windows += [mfcc[r - half : r + half + 1].ravel() for r in rows]
            openings.append(tracks.at(tracks.opening, rows / 100))
            widths.append(tracks.at(tracks.width, rows / 100))
            voices.append(np.full(len(rows), number))
    inputs = np.array(windows)
    heard = np.concatenate(voices) < 18
    inputs = (inputs - inputs[heard].mean(0)) / inputs[heard].std(0)
    inputs = np.column_stack([inputs, np.ones(len(inputs))])
    gram = inputs[heard].T @ inputs[heard] + 1_000 * np.eye(inputs.shape[1])
    for track, least in ((openings, 0.9), (widths, 0.8)):
        truth = np.concatenate(track)
        weights = np.linalg.solve(gram, inputs[heard].T @ truth[heard])
        guess = inputs[~heard] @ weights
        assert np.corrcoef(guess, truth[~heard])[0, 1] > least
