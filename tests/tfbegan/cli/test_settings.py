"""Which options do anything, against what a step makes of them."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tfbegan import BEGAN, ModelConfig, ObjectiveConfig
from tfbegan.cli.settings import GROUPS, ONLY_WITH
from tfbegan.config import CONDITIONINGS
from tfbegan.data.dataset import open_dataset
from tfbegan.training.run import training_batches

OTHER = {
    "detail_norm": 2,
    "audio_encoder": "full",
    "film": False,
    "look_flow": 4,
    "mouth_weight": 4.0,
    "eye_weight": 9.0,
    "mate_share": 0.5,
    "sound_ramp_steps": 3,
}


@pytest.fixture(scope="module")
def batch(small_speech):
    rng = np.random.default_rng(0)
    windows = rng.normal(size=(4, 11, 4)) * small_speech.mfcc_std
    faces = rng.uniform(-0.8, 0.8, (4, 32, 32, 3))
    return {
        "image": tf.constant(faces, tf.float32),
        "mfcc": tf.constant(windows + small_speech.mfcc_mean, tf.float32),
        "clip": tf.constant([5, 5, 8, 8], tf.int64),
    }


def weights_after_a_step(batch, small_speech, conditioning, changed):
    """With these options, each at a value that is not the default."""
    groups = [
        {
            field.name: OTHER.get(field.name, 0.5)
            for field in dataclasses.fields(kind)
            if field.name in changed
        }
        for kind in (ModelConfig, ObjectiveConfig)
    ]
    architecture = ModelConfig(
        conditioning, image_size=32, filters=4, latent_dim=8
    )
    model = BEGAN(
        architecture.replace(**groups[0]),
        ObjectiveConfig(**groups[1]),
        None if conditioning == "noise" else small_speech,
        seed=3,
    )
    model.compile(learning_rate=1e-3)
    model.train_step(batch)
    return [np.array(w) for w in model.trainable_variables]


@pytest.mark.parametrize("conditioning", CONDITIONINGS)
def test_what_is_refused_would_have_done_nothing(
    batch, small_speech, conditioning
):
    idle = {n for n, useful in ONLY_WITH.items() if conditioning not in useful}
    assert idle
    before = weights_after_a_step(batch, small_speech, conditioning, set())
    after = weights_after_a_step(batch, small_speech, conditioning, idle)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("conditioning", "name"),
    [
        (conditioning, name)
        for name, useful in ONLY_WITH.items()
        for conditioning in useful
        if name in {"code_cycle", "code_prior", "code_constraint", "motion"}
    ],
)
def test_what_is_let_through_does_something(
    batch, small_speech, conditioning, name
):
    before = weights_after_a_step(batch, small_speech, conditioning, set())
    after = weights_after_a_step(batch, small_speech, conditioning, {name})
    assert any(
        (one != other).any() for one, other in zip(before, after, strict=True)
    )


def test_without_sound_nothing_is_done_to_it(puppet_dataset, tiny_config):
    """Gains and pauses, which are the data's and not the model's."""
    dataset = open_dataset(puppet_dataset)
    loud = tiny_config.training.replace(gain_db=12.0, silence_share=0.9)

    def first_batch(config):
        return next(iter(training_batches(config, dataset)))

    def both(config):
        changed = dataclasses.replace(config, training=loud)
        return first_batch(config), first_batch(changed)

    plain, changed = both(tiny_config)
    assert "mfcc" not in plain
    for name, value in plain.items():
        np.testing.assert_array_equal(value, changed[name])
    hearing = tiny_config.architecture.replace(conditioning="audio")
    plain, changed = both(
        dataclasses.replace(tiny_config, architecture=hearing)
    )
    assert (np.array(plain["mfcc"]) != np.array(changed["mfcc"])).any()


def test_the_table_names_settings():
    names = {
        field.name
        for kind in GROUPS.values()
        for field in dataclasses.fields(kind)
    }
    assert set(ONLY_WITH) < names
