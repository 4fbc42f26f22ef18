from fractions import Fraction

import av
import numpy as np
import pytest

from tfbegan.errors import ConfigError
from tfrecords_builder.puppets.character import make_character
from tfrecords_builder.puppets.film import (
    FilmConfig,
    join_sentences,
    render_mp4,
)
from tfrecords_builder.puppets.sentence import spell

_WORDS = spell("- M AA M AX - B IY -")
_SMALL = FilmConfig(width=96, height=80, eye_distance=14.0)


def _render(path, film, sentence=_WORDS):
    render_mp4(path, make_character(0, 2, 24), sentence, film)
    with av.open(str(path)) as container:
        frames = [
            frame.to_ndarray(format="rgb24")
            for frame in container.decode(video=0)
        ]
        rate = container.streams.video[0].average_rate
    return np.stack(frames), rate


@pytest.mark.parametrize(
    ("suffix", "changes", "rate"),
    [
        (".mp4", {}, Fraction(25)),
        (".mp4", {"fps": 29.97, "video_codec": "mpeg4"}, Fraction(30000, 1001)),
        (".mkv", {"fps": 50.0, "audio_codec": "pcm_s16le"}, Fraction(50)),
    ],
)
def test_a_film_has_its_length_rate_and_sound(tmp_path, suffix, changes, rate):
    path = tmp_path / f"film{suffix}"
    frames, written_rate = _render(path, _SMALL.replace(**changes))
    assert written_rate == pytest.approx(rate, rel=1e-3)
    assert frames.shape[1:] == (80, 96, 3)
    assert len(frames) == pytest.approx(_WORDS.duration_s * rate, abs=1)
    with av.open(str(path)) as container:
        audio = container.streams.audio[0]
        assert audio.rate == 16_000
        sound = np.concatenate(
            [f.to_ndarray().ravel() for f in container.decode(audio=0)]
        )
    assert len(sound) == pytest.approx(_WORDS.duration_s * 16_000, rel=0.1)
    assert np.abs(sound.astype(float)).max() > 0


def test_the_same_film_is_the_same_pictures(tmp_path):
    one, _ = _render(tmp_path / "one.mp4", _SMALL)
    two, _ = _render(tmp_path / "two.mp4", _SMALL)
    assert np.array_equal(one, two)


def test_without_sound(tmp_path):
    path = tmp_path / "mute.mp4"
    _render(path, _SMALL.replace(sound=False))
    with av.open(str(path)) as container:
        assert not container.streams.audio


def test_a_jump_cut_is_the_largest_change(tmp_path):
    frames, _ = _render(
        tmp_path / "cut.mp4",
        _SMALL.replace(jump_cuts=(0.6,)),
        [_WORDS, _WORDS],
    )
    change = np.abs(np.diff(frames.astype(float), axis=0)).mean(axis=(1, 2, 3))
    assert change.argmax() == 14
    assert change.max() > 2 * np.sort(change)[-2]


@pytest.mark.parametrize(
    "changes",
    [{"width": 97}, {"fps": 0.0}, {"eye_distance": 1.0}, {"seed": -1}],
)
def test_impossible_films_are_refused(changes):
    with pytest.raises(ConfigError, match="Received"):
        FilmConfig(**changes)


@pytest.mark.parametrize(
    "changes",
    [{"video_codec": "no_such"}, {"audio_codec": "no_such"},
     {"video_codec": "aac"}],
)  # fmt: skip
def test_unknown_codecs_are_refused_and_leave_nothing(tmp_path, changes):
    with pytest.raises(ConfigError, match="Choose other codecs"):
        _render(tmp_path / "film.mp4", _SMALL.replace(**changes))
    assert not list(tmp_path.iterdir())


def test_nothing_to_say_is_refused():
    with pytest.raises(ConfigError, match="at least one sentence"):
        join_sentences([])
