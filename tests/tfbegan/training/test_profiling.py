"""The profiler watches the steps that it is asked to, and writes a trace."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.tsl.profiler.protobuf import xplane_pb2

from tfbegan.errors import OutputError
from tfbegan.training.profiling import STEP_NAME, Profiler


@keras.saving.register_keras_serializable(package="tests")
class Counting(keras.Model):
    """Learns nothing and counts its steps."""

    def __init__(self):
        super().__init__()
        self.step = self.add_weight(
            name="step", shape=(), dtype="int64", initializer="zeros"
        )

    @property
    def steps_done(self):
        return int(self.step)

    def train_step(self, batch):
        self.step.assign_add(1)
        return {"mean": tf.reduce_mean(batch)}


def fit(profiler, steps, callbacks=()):
    model = Counting()
    model.compile()
    data = tf.data.Dataset.from_tensor_slices(np.ones((steps, 2, 2)))
    try:
        model.fit(
            data, verbose=0, shuffle=False, callbacks=[profiler, *callbacks]
        )
    finally:
        profiler.finish()


def traced_steps(folder):
    """The numbers of the steps in the trace files of a TensorBoard folder."""
    (path,) = folder.glob("plugins/profile/*/*.xplane.pb")
    space = xplane_pb2.XSpace.FromString(path.read_bytes())
    steps = set()
    for plane in space.planes:
        names = {key: m.name for key, m in plane.event_metadata.items()}
        stats = {key: m.name for key, m in plane.stat_metadata.items()}
        for event in (e for line in plane.lines for e in line.events):
            if names[event.metadata_id] == STEP_NAME:
                steps |= {
                    stat.int64_value or stat.uint64_value
                    for stat in event.stats
                    if stats[stat.metadata_id] == "step_num"
                }
    return steps


@pytest.mark.slow
def test_the_trace_holds_the_steps_and_no_others(tmp_path):
    fit(Profiler(tmp_path, range(3, 6)), steps=8)
    assert traced_steps(tmp_path) == {3, 4, 5}


class Failing(keras.callbacks.Callback):
    """Raises once a step is done."""

    def on_train_batch_end(self, batch, logs=None):
        if batch == 3:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_a_run_that_ends_early_leaves_the_trace_of_what_it_did(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        fit(Profiler(tmp_path, range(3, 100)), 8, [Failing()])
    assert traced_steps(tmp_path) == {3, 4}
    tf.profiler.experimental.start(str(tmp_path / "other"))  # it is free
    tf.profiler.experimental.stop(save=False)


def test_without_steps_nothing_is_written(tmp_path):
    fit(Profiler(tmp_path, range(0)), steps=2)
    assert list(tmp_path.iterdir()) == []


def test_another_profiler_is_told(tmp_path):
    tf.profiler.experimental.start(str(tmp_path / "first"))
    try:
        with pytest.raises(OutputError, match="without --profile"):
            fit(Profiler(tmp_path / "second", range(1, 2)), steps=2)
    finally:
        tf.profiler.experimental.stop(save=False)
