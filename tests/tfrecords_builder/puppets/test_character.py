import collections
import json

import numpy as np
import pytest

from tfrecords_builder.puppets.character import make_character
from tfrecords_builder.puppets.drawing import Portrait
from tfrecords_builder.puppets.features import Expression
from tfrecords_builder.puppets.painter import View


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


def test_shared_looks_keep_a_voice_and_a_light_of_their_own():
    cast = [make_character(0, number, 12, looks=3) for number in range(12)]
    for name in ("skin", "cut", "background", "chin", "beard"):
        for number, character in enumerate(cast):
            assert getattr(character, name) == getattr(cast[number % 3], name)
    assert len({c.skin for c in cast}) == 3
    assert len({c.voice for c in cast}) == 12
    assert len({c.light for c in cast}) == 12
    # A low voice goes with a look of even number, whoever lends it.
    assert [c.voice.pitch_hz < 150 for c in cast[:6]] == [True, False, True] * 2


def test_in_one_sitting_a_look_has_one_light():
    cast = [
        make_character(0, number, 12, looks=3, one_sitting=True)
        for number in range(12)
    ]
    for name in ("skin", "light", "light_contrast", "warmth"):
        for number, character in enumerate(cast):
            assert getattr(character, name) == getattr(cast[number % 3], name)
        assert len({getattr(character, name) for character in cast}) == 3
    assert len({c.voice for c in cast}) == 12


def test_a_day_has_nearly_the_same_light_and_colours_of_its_own():
    def cast(**shot):
        return [make_character(0, n, 12, looks=1, **shot) for n in range(12)]

    days, anywhere = cast(days=True), cast()
    (lamp,) = {c.light for c in cast(one_sitting=True)}
    for name in ("skin", "hair", "cut", "chin", "neckline", "glasses"):
        assert len({getattr(c, name) for c in days}) == 1
    for name in ("clothes", "background", "voice"):
        assert len({getattr(c, name) for c in days}) == 12
    for day, other in zip(days, anywhere, strict=True):
        nearer = 0.7 * (np.array(other.light) - lamp)
        assert np.array(day.light) - lamp == pytest.approx(nearer, abs=1e-3)


@pytest.mark.parametrize("look", range(12))
def test_in_one_sitting_all_of_a_look_are_drawn_alike(look):
    def portrait(number):
        character = make_character(0, number, 24, looks=12, one_sitting=True)
        return Portrait(character, View(96, 96, 48, 43, 24)).draw(Expression())

    np.testing.assert_array_equal(portrait(look), portrait(look + 12))


def test_as_many_looks_as_characters_are_a_look_each():
    for number in range(4):
        assert make_character(0, number, 4, looks=4) == make_character(
            0, number, 4
        )
