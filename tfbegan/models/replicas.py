"""One model on several devices: replicas that compute as one.

A step of n replicas on B / n faces each is the step of one replica on all B:
what is random is drawn for the whole batch, of which a replica takes its rows,
and losses and gradients are means over all replicas. With one replica nothing
of this leaves a trace in the graph.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

Tensor = Any

_BYTES_PER_PACK = 2**28
"""More than the gradients of any network here: what travels together waits
once."""

_MOST_FIGURES = 64


def replica_count() -> int:
    """Replicas that a step is computed on, of all workers together."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def rows_of_replica(draw: Callable[[Tensor], Tensor], count: Tensor) -> Tensor:
    """This replica's rows of what is drawn for the whole batch.

    Args:
        draw: Draws so many rows; equal on every replica.
        count: Rows of this replica; every replica has as many.

    Returns:
        [count, ...], never the rows of another replica.
    """
    replicas = replica_count()
    if replicas == 1:
        return draw(count)
    context = tf.distribute.get_replica_context()
    first = count * tf.cast(context.replica_id_in_sync_group, tf.int32)
    return draw(count * replicas)[first : first + count]


def mean_over_replicas(*groups: Sequence[Tensor]) -> list[list[Tensor]]:
    """The mean of each tensor over all replicas, equal on all of them.

    All travel in one exchange: at each one the replicas wait for the slowest.

    Args:
        *groups: Float32 tensors of known shape.

    Returns:
        As many lists, of as many tensors.
    """
    replicas = replica_count()
    if replicas == 1:
        return [list(group) for group in groups]
    context = tf.distribute.get_replica_context()
    options = tf.distribute.experimental.CommunicationOptions(
        bytes_per_pack=_BYTES_PER_PACK
    )
    means = iter(
        context.all_reduce(
            tf.distribute.ReduceOp.MEAN,
            [tensor for group in groups for tensor in group],
            options,
        )
    )
    return [list(itertools.islice(means, len(group))) for group in groups]


class Board:
    """Where a step leaves its figures for this process to read.

    What `train_step` returns Keras averages over the replicas, every figure in
    two exchanges of its own, though they are equal on all of them already.
    """

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()
        self._row = tf.Variable(tf.zeros(_MOST_FIGURES), trainable=False)

    def write(self, figures: Mapping[str, Tensor]) -> None:
        """Part of a step.

        Args:
            figures: float32 [1] by name, at most 64; equal on all replicas.
        """
        self._names = tuple(figures)
        row = tf.concat(list(figures.values()), axis=0)
        self._row.assign(tf.pad(row, [[0, _MOST_FIGURES - len(figures)]]))

    def read(self) -> dict[str, float]:
        """The figures of the last step, for which this waits."""
        row = self._row.numpy()[: len(self._names)]
        return dict(zip(self._names, row.tolist(), strict=True))


class ReplicaAdam(keras.optimizers.Adam):
    """Adam on gradients that are the mean over all replicas already.

    Keras would add the replicas' gradients up after each has been clipped by
    itself; the norm that counts is that of the whole batch's gradient, and a
    loss scale must fall on all replicas or on none. So `BEGAN` averages before
    it applies.
    """

    def _all_reduce_sum_gradients(self, grads_and_vars: Any) -> Any:
        return grads_and_vars
