"""The mean of what a generator hears."""

import numpy as np
import pytest

from tfbegan.data.dataset import open_dataset
from tfbegan.evaluation.speech_clips import load_clips
from tfbegan.models.generator import Generator
from tfbegan.training.mean_sound import mean_sound

pytestmark = pytest.mark.slow


def test_it_is_the_mean_over_the_training_split(puppet_dataset):
    dataset = open_dataset(puppet_dataset)
    generator = Generator(
        32,
        filters=4,
        latent_dim=8,
        conditioning="audio",
        speech=dataset.speech,
        seed=0,
    )
    clips = load_clips(dataset, ("train",))
    windows = np.concatenate([clip.windows() for clip in clips])
    heard = np.array(generator.hear(windows))
    found = mean_sound(generator, dataset.clips("train"), dataset.info)
    assert found.dtype == np.float32
    assert found == pytest.approx(heard.mean(axis=0), abs=1e-5)
    assert np.abs(found).max() > 0.01


def test_without_a_clip_there_is_none():
    assert mean_sound(None, [], None) is None
