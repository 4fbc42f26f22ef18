import collections
import json

import pytest

from tfrecords_builder.puppets.character import make_character


def _cast(count, seed=0):
    return [make_character(seed, number, count) for number in range(count)]


def test_a_cast_is_varied():
    cast = _cast(40)
    for name, least in (
        ("skin", 30),
        ("cut", 10),
        ("iris", 4),
        ("beard", 4),
        ("glasses", 4),
        ("neckline", 4),
        ("background", 30),
    ):
        assert len({getattr(c, name) for c in cast}) >= least, name
    glasses = collections.Counter(c.glasses != "none" for c in cast)
    assert 0.25 < glasses[True] / 40 < 0.6


def test_decks_cover_the_range_evenly():
    ages = sorted(c.age for c in _cast(20))
    for place, age in enumerate(ages):
        assert place / 20 - 1e-3 <= age <= (place + 1) / 20 + 1e-3


def test_voices_are_low_and_high():
    pitches = [c.voice.pitch_hz for c in _cast(24)]
    assert min(pitches) < 110
    assert max(pitches) > 220


def test_the_same_number_is_the_same_character():
    assert make_character(3, 5, 24) == make_character(3, 5, 24)
    assert make_character(3, 5, 24) != make_character(4, 5, 24)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_small_casts_work(count):
    assert len({json.dumps(c.to_dict()) for c in _cast(count)}) == count
