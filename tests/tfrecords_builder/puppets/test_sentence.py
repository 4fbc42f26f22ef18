import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfrecords_builder.puppets.sentence import (
    BILABIALS,
    PHONEMES,
    articulate,
    random_sentence,
    spell,
)


@settings(deadline=None, max_examples=25)
@given(
    seconds=st.floats(0.5, 8),
    rate=st.floats(0.8, 1.2),
    seed=st.integers(0, 1_000),
)
def test_sentence_fills_its_time_without_gaps(seconds, rate, seed):
    sentence = random_sentence(seconds, rate, np.random.default_rng(seed))
    spoken = sentence.phonemes
    assert spoken[0].start_s == 0
    assert sentence.duration_s == pytest.approx(seconds)
    assert spoken[0].symbol == spoken[-1].symbol == "-"
    for before, after in itertools.pairwise(spoken):
        assert before.end_s == after.start_s
        assert after.end_s > after.start_s


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 1_000))
def test_tracks_stay_in_range(seed):
    sentence = random_sentence(3.0, 1.0, np.random.default_rng(seed))
    tracks = articulate(sentence)
    for track in (tracks.opening, tracks.width):
        assert track.min() >= 0
        assert track.max() <= 1
    assert (np.diff(tracks.formants, axis=1) > 0).all()


def test_lips_close_fully_on_every_bilabial_and_in_pauses():
    for seed in range(20):
        sentence = random_sentence(3.0, 1.1, np.random.default_rng(seed))
        tracks = articulate(sentence)
        for spoken in sentence.phonemes:
            if spoken.symbol in BILABIALS or spoken.symbol == "-":
                middle = (spoken.start_s + spoken.end_s) / 2
                opening = tracks.at(tracks.opening, np.array([middle]))
                assert opening[0] < 0.02, (seed, spoken)


@pytest.mark.parametrize(
    ("symbol", "opening", "width"),
    [
        ("AA", (0.8, 1.0), (0.4, 0.6)),
        ("IY", (0.1, 0.35), (0.85, 1.0)),
        ("UW", (0.1, 0.35), (0.0, 0.15)),
        ("M", (0.0, 0.02), (0.3, 0.7)),
    ],
)
def test_a_held_sound_reaches_its_mouth(symbol, opening, width):
    tracks = articulate(spell(f"- {symbol} {symbol} {symbol} -"))
    middle = len(tracks.opening) // 2
    assert opening[0] <= tracks.opening[middle] <= opening[1]
    assert width[0] <= tracks.width[middle] <= width[1]


def test_padding_adds_silence_and_moves_the_rest():
    sentence = spell("- AA M -")
    padded = sentence.padded(0.5)
    assert padded.duration_s == pytest.approx(sentence.duration_s + 1.0)
    assert padded.phonemes[2].symbol == "AA"
    assert padded.phonemes[2].start_s == pytest.approx(
        sentence.phonemes[1].start_s + 0.5
    )
    assert sentence.padded(0.0) is sentence


def test_unknown_symbol_is_refused():
    with pytest.raises(KeyError):
        spell("- XX -")


def test_bilabials_are_closed_sounds():
    assert all(PHONEMES[symbol].opening == 0 for symbol in BILABIALS)
