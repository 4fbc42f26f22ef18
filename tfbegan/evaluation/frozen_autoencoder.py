"""The frozen autoencoder, whose features say how alike two sets of faces are.

FID's network knows photographs of a thousand things and needs 299 pixels and
thousands of faces; this one knows the faces of the training split. Its figures
are named kid_ae and never "FID".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfbegan.evaluation.fitting import Fit, fit_network, in_batches
from tfbegan.evaluation.speech_clips import SpeechClip, as_float

_FIT = Fit(steps=1_500, learning_rate=1e-3)
_BATCH = 32
_FILTERS = 8
_CODE = 64
_LEAST_SCALE = 0.1


@dataclass(frozen=True)
class FaceFeatures:
    """The codes of the frozen autoencoder, whitened.

    The numbers of a code go along with each other (four directions have most
    of the variance of one speaker's codes), and a few faces would decide every
    distance. So the codes are turned to their principal axes and divided by
    their standard deviation plus a tenth of the typical one. On a real
    speaker's training frames real against real then is 0.00 +- 0.02 and the
    mean face 0.14; with standardised codes they are 0 +- 1.5 and 0.7.

    Attributes:
        autoencoder: An `Autoencoder`.
        mean: float32 [code], over training faces.
        axes: float32 [code, features], likewise.
    """

    autoencoder: Any
    mean: np.ndarray
    axes: np.ndarray

    @classmethod
    def of(cls, autoencoder: Any, training_faces: np.ndarray) -> "FaceFeatures":
        """Whitened by real training faces, float32 [N, S, S, 3]."""
        codes = in_batches(autoencoder.encode, training_faces)
        covariance = np.cov(codes.astype(np.float64), rowvar=False)
        variances, axes = np.linalg.eigh(covariance)
        variances = np.maximum(variances, 0)
        scales = np.sqrt(variances) + _LEAST_SCALE * np.sqrt(variances.mean())
        return cls(
            autoencoder,
            codes.mean(axis=0),
            (axes / scales).astype(np.float32),
        )

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Faces [N, S, S, 3] in [-1, 1] to float32 [N, features]."""
        codes = in_batches(self.autoencoder.encode, images)
        return (codes - self.mean) @ self.axes


def train_autoencoder(clips: Sequence[SpeechClip], seed: int) -> Any:
    """Learns to give faces back through 64 numbers.

    Args:
        clips: Of the training split.
        seed: Of weights and order.

    Returns:
        An `Autoencoder`.
    """
    import tensorflow as tf

    from tfbegan.models.autoencoder import Autoencoder

    faces = np.concatenate([clip.pixels for clip in clips])
    model = Autoencoder(faces.shape[1], _FILTERS, _CODE, seed=seed)

    def loss(batch: dict[str, Any]) -> Any:
        images = batch["image"]
        return tf.reduce_mean(tf.abs(model(images) - images))

    def batches() -> Iterator[dict[str, np.ndarray]]:
        generator = np.random.default_rng(seed)
        while True:
            chosen = generator.integers(0, len(faces), _BATCH)
            yield {"image": as_float(faces[chosen])}

    fit_network(model, loss, batches(), _FIT)
    return model
