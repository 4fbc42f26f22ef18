"""Run by test_replicas.py in a process with two logical CPUs.

What two replicas do, as JSON: a process decides how many devices there are
before it computes anything.
"""

import functools
import json
import sys

import numpy as np
import tensorflow as tf

(_cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(
    _cpu, [tf.config.LogicalDeviceConfiguration()] * 2
)

import keras  # noqa: E402

from tfbegan import BEGAN, ModelConfig, ObjectiveConfig  # noqa: E402
from tfbegan.config import AudioConfig, SpeechConfig  # noqa: E402
from tfbegan.models.replicas import Board  # noqa: E402

SPEECH = SpeechConfig(
    AudioConfig(window_frames=11, n_mfcc=4),
    mfcc_mean=(-300.0, 20.0, 5.0, -1.0),
    mfcc_std=(80.0, 30.0, 20.0, 10.0),
    mouth_box=(0.25, 0.5, 0.75, 0.9375),
)
# Without the terms that compare the rows of a batch with each other.
OBJECTIVES = {
    "noise": ObjectiveConfig(
        gamma=0.7, lambda_k=0.05, relative_k=True, code_constraint=0.1,
        code_cycle=0.05, code_anchor=1.0,
    ),
    "audio+noise": ObjectiveConfig(
        gamma=0.7, lambda_k=0.05, code_cycle=0.2, code_anchor=4.0,
        mouth_weight=4.0, mate_share=0.5,
    ),
}  # fmt: skip


def batch(seed):
    """Sixteen faces, two of each clip, with their sound."""
    rng = np.random.default_rng(seed)
    colours = rng.uniform(-0.8, 0.8, (16, 1, 1, 3))
    # Faces of unequal contrast: the replicas' gradients differ in length.
    grain = rng.uniform(-0.2, 0.2, (16, 32, 32, 3))
    grain *= np.linspace(0.1, 3, 16)[:, None, None, None]
    return {
        "image": np.clip(colours + grain, -1, 1).astype(np.float32),
        "mfcc": rng.normal(0, 50, (16, 11, 4)).astype(np.float32),
        "clip": np.repeat(np.arange(8), 2),
    }


def make(kind="noise", clip_norm=0.05):
    model = BEGAN(
        ModelConfig(
            conditioning=kind,
            image_size=32,
            filters=4,
            latent_dim=8,
            vanishing_residual_steps=3,
        ),
        OBJECTIVES[kind],
        speech=None if kind == "noise" else SPEECH,
        seed=3,
    )
    model.compile(learning_rate=1e-3, clip_norm=clip_norm)
    model.k.assign(0.4)
    return model


class Rows(keras.callbacks.Callback):
    """The figures of every step: what Keras averages, or the board's."""

    def __init__(self, board):
        super().__init__()
        self.board = board
        self.rows = []

    def on_train_batch_end(self, batch, logs=None):
        if self.board is not None:
            assert logs == {}
            self.rows.append(self.board.read())
        else:
            self.rows.append({k: np.asarray(v).item() for k, v in logs.items()})


def fit(model, steps=5, board=None):
    parts = [batch(seed) for seed in range(steps)]
    stacked = {name: np.stack([p[name] for p in parts]) for name in parts[0]}
    model.board = board
    rows = Rows(board)
    model.fit(
        tf.data.Dataset.from_tensor_slices(stacked),
        epochs=1, verbose=0, shuffle=False, callbacks=[rows],
    )  # fmt: skip
    return rows.rows


@functools.cache
def mirrored():
    """One for the process: a second would use the keys of the first."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def losses():
    """The same five batches on one replica and on two; and what differs."""
    found = {}
    for kind in OBJECTIVES:
        one = fit(make(kind))
        strategy = mirrored()
        with strategy.scope():
            model = make(kind)
        two = fit(model)
        with strategy.scope():
            model_with_board = make(kind)
        found[kind] = {
            "one": one,
            "two": two,
            "board": fit(model_with_board, board=Board()),
            "unclipped": fit(make(kind, clip_norm=0.0)),
            "copies": copies_that_differ(strategy, model),
        }
    return found


def copies_that_differ(strategy, model):
    """Variables whose copies on the two devices are not equal to the bit."""
    variables = [
        *model.weights,
        *model.generator_optimizer.variables,
        *model.discriminator_optimizer.variables,
    ]
    different = []
    for variable in variables:
        first, second = strategy.experimental_local_results(variable.value)
        if not np.array_equal(first.numpy(), second.numpy()):
            different.append(variable.path)
    return {"count": len(variables), "different": different}


def noise():
    """What each replica drew for z in 100 steps of training."""
    strategy = mirrored()
    with strategy.scope():
        model = make()
    drawn = {}
    draw = model.noise.latents

    def keep(count):
        context = tf.distribute.get_replica_context()
        replica = context.replica_id_in_sync_group
        drawn[int(tf.get_static_value(replica))] = draw(count)
        return drawn[int(tf.get_static_value(replica))]

    model.noise.latents = keep

    def step(images):
        model.train_step({"image": images})
        context = tf.distribute.get_replica_context()
        replica = context.replica_id_in_sync_group
        return drawn[int(tf.get_static_value(replica))]

    @tf.function
    def run(images):
        return strategy.run(step, args=(images,))

    faces = tf.constant(batch(0)["image"][:2])
    steps = [
        [z.numpy() for z in strategy.experimental_local_results(run(faces))]
        for _ in range(100)
    ]
    return {
        "first": [first.tolist() for first, _ in steps],
        "second": [second.tolist() for _, second in steps],
    }


if __name__ == "__main__":
    json.dump({"losses": losses, "noise": noise}[sys.argv[1]](), sys.stdout)
