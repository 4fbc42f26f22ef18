"""How weights and codes are distributed, for TensorBoard's histogram tab."""

import numpy as np

from tfbegan.models.began import BEGAN


def write_histograms(model: BEGAN, reals: np.ndarray) -> None:
    """Writes them to the default summary writer, at its step.

    Args:
        model: Of its G and D every weight is shown, by its path.
        reals: Faces float32 [N, S, S, 3] in [-1, 1], whose codes are shown:
            codes of a D that has lost an axis stand on one spot.
    """
    import tensorflow as tf

    for network in (model.generator, model.discriminator):
        for weight in network.weights:
            tf.summary.histogram(f"weights/{weight.path}", weight)
    tf.summary.histogram("codes/reals", model.discriminator.encode(reals))
