"""Decoded clips and their sound."""

import numpy as np
import pytest

from tfbegan.config import AudioConfig
from tfbegan.data.dataset import open_dataset
from tfbegan.errors import ConfigError
from tfbegan.evaluation.speech_clips import (
    check_speaks,
    clip_ids,
    load_clips,
)


@pytest.fixture(scope="module")
def dataset(puppet_dataset):
    return open_dataset(puppet_dataset)


def test_windows_are_the_sound_around_a_frame(dataset):
    clip = load_clips(dataset, ("validation",))[0]
    windows = clip.windows(np.array([3, 5]))
    assert windows.shape == (2, 35, 13)
    centre = clip.centres[5]
    np.testing.assert_array_equal(
        windows[1], clip.mfcc[centre - 17 : centre + 18]
    )
    assert clip.has_truth
    assert clip.energy.shape == clip.opening.shape == (len(clip),)
    assert clip.images().dtype == np.float32
    assert np.abs(clip.images()).max() <= 1


def test_clips_are_taken_evenly(dataset):
    everything = load_clips(dataset, ("train", "validation"))
    few = load_clips(dataset, ("train", "validation"), most=3)
    assert [clip.clip_id for clip in few] == [
        everything[i].clip_id for i in (0, round((12 - 1) / 2), 11)
    ]


def test_clips_that_are_left_out_are_not_counted(dataset):
    splits = ("train", "validation")
    ids = clip_ids(dataset, splits)
    assert ids == [clip.clip_id for clip in load_clips(dataset, splits)]
    left = clip_ids(dataset, splits, 3, leave_out=ids[:5])
    assert left == [ids[5], ids[5 + round((7 - 1) / 2)], ids[-1]]
    few = load_clips(dataset, splits, 3, leave_out=ids[:5])
    assert [clip.clip_id for clip in few] == left


def test_short_clips_are_left_out(tiny_dataset):
    clips = load_clips(open_dataset(tiny_dataset), ("train", "validation"))
    assert sorted(len(clip) for clip in clips) == [8, 9, 10, 11, 12]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"audio": None}, "takes no sound"),
        ({"image_size": 64}, "64 pixels"),
        ({"audio": AudioConfig(n_mfcc=20)}, "MFCC front end"),
    ],
)
def test_a_generator_of_other_faces_or_sounds_is_refused(dataset, change, told):
    class Generator:
        path = "model.keras"
        image_size = 32
        audio = AudioConfig()

    generator = Generator()
    check_speaks(generator, dataset)
    for name, value in change.items():
        setattr(generator, name, value)
    with pytest.raises(ConfigError, match=told):
        check_speaks(generator, dataset)
