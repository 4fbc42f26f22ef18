"""One model on several devices: replicas that compute as one.

A step of n replicas on B / n faces each is the step of one replica on all B:
what is random is drawn for the whole batch, of which a replica takes its rows,
and losses and gradients are means over all replicas. With one replica nothing
of this leaves a trace in the graph.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

Tensor = Any

_SEPARATOR = " "
_BYTES_PER_PACK = 2**25
"""Small tensors travel together: two workers gained a tenth by it."""


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


def mean_over_replicas(values: Sequence[Tensor]) -> list[Tensor]:
    """The mean of each tensor over all replicas, equal on all of them."""
    replicas = replica_count()
    if replicas == 1:
        return list(values)
    context = tf.distribute.get_replica_context()
    options = tf.distribute.experimental.CommunicationOptions(
        bytes_per_pack=_BYTES_PER_PACK
    )
    return context.all_reduce(
        tf.distribute.ReduceOp.MEAN, list(values), options
    )


def pack(figures: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The logs of a step, as `fit` is to get them.

    Keras exchanges every entry between the workers by itself, so several
    replicas have but one: the names in its key, the figures in its row.

    Args:
        figures: float32 [1] by name; equal on all replicas.

    Returns:
        The same with one replica; else one entry [1, n].
    """
    if replica_count() == 1:
        return dict(figures)
    row = tf.concat([tf.cast(v, tf.float32) for v in figures.values()], axis=0)
    return {_SEPARATOR.join(figures): row[None]}


def unpack(logs: Mapping[str, Any]) -> dict[str, float]:
    """The figures in what `fit` gives to a callback, packed or not."""
    figures: dict[str, float] = {}
    for key, value in logs.items():
        names = key.split(_SEPARATOR)
        row = np.reshape(value, (-1, len(names)))[0]
        figures.update(zip(names, map(float, row), strict=True))
    return figures


class ReplicaAdam(keras.optimizers.Adam):
    """Adam on gradients that are the mean over all replicas already.

    Keras would add the replicas' gradients up after each has been clipped by
    itself; the norm that counts is that of the whole batch's gradient, and a
    loss scale must fall on all replicas or on none. So `BEGAN` averages before
    it applies.
    """

    def _all_reduce_sum_gradients(self, grads_and_vars: Any) -> Any:
        return grads_and_vars
