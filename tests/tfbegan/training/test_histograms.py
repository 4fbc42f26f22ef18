"""Every layer of both networks, and the codes, in a real event file."""

import numpy as np
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import (
    EventAccumulator,
)

from tfbegan import BEGAN, ModelConfig
from tfbegan.training.recorder import Recorder
from tfbegan.training.run_folder import RunFolder


def histogram(events, tag):
    """Of a tag: its step and its buckets [left, right, count]."""
    (event,) = events.Tensors(tag)
    return event.step, tf.make_ndarray(event.tensor_proto)


def test_every_weight_of_both_networks_and_the_codes_are_shown(tmp_path):
    folder = RunFolder(tmp_path)
    model = BEGAN(ModelConfig(image_size=32, filters=4, latent_dim=8))
    reals = np.random.default_rng(0).uniform(-1, 1, (6, 32, 32, 3))
    recorder = Recorder(folder, 0)
    recorder.histograms(6, model, reals.astype(np.float32))
    recorder.close()

    events = EventAccumulator(str(folder.tensorboard), {"tensors": 0})
    events.Reload()
    weights = model.generator.weights + model.discriminator.weights
    expected = {f"weights/{weight.path}" for weight in weights}
    assert len(expected) == len(weights)
    assert set(events.Tags()["tensors"]) == expected | {"codes/reals"}
    step, buckets = histogram(events, f"weights/{weights[0].path}")
    assert step == 6
    assert buckets[:, 2].sum() == weights[0].shape.num_elements()
    value = np.array(weights[0])
    assert np.isclose(buckets[0, 0], value.min(), atol=1e-6)
    assert np.isclose(buckets[-1, 1], value.max(), atol=1e-6)
    _, codes = histogram(events, "codes/reals")
    assert codes[:, 2].sum() == 6 * 8
