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
_LEAST_UNIT = 0.01


@dataclass(frozen=True)
class Whitening:
    """Turns numbers to their principal axes, and makes those about as long.

    The numbers of a code go along with each other (four directions have most
    of the variance of one speaker's codes), and a few faces would decide every
    distance. So they are turned to their principal axes and divided by
    their standard deviation plus a tenth of the typical one. On the codes of a
    real speaker's training frames real against real then is 0.00 +- 0.02 and
    the mean face 0.14; with standardised codes they are 0 +- 1.5 and 0.7.

    Attributes:
        mean: float32 [N].
        axes: float32 [N, N].
    """

    mean: np.ndarray
    axes: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> "Whitening":
        """By the mean and covariance of float [samples, N]."""
        covariance = np.cov(values.astype(np.float64), rowvar=False)
        variances, axes = np.linalg.eigh(covariance)
        variances = np.maximum(variances, 0)
        scales = np.sqrt(variances) + _LEAST_SCALE * np.sqrt(variances.mean())
        return cls(values.mean(axis=0), (axes / scales).astype(np.float32))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """float32 [samples, N] to the same."""
        return (values - self.mean) @ self.axes


@dataclass(frozen=True)
class FaceFeatures:
    """What the frozen autoencoder sees of a face: its code, and its texture.

    The code tells what is to be seen, through 64 numbers that were learnt with
    L1: a blur of half a pixel hardly changes it, nor does fine noise. The
    texture is what tells those: mean and standard deviation of every channel
    over each level of the encoder, as networks of photographs are asked, too
    (Binkowski et al. take pooled channels; Huang, Belongie, arXiv 1703.06868,
    both moments). What either makes of known changes to real faces is printed
    by benchmarks/features.py. Each is whitened by itself, and has half of the
    weight, however many numbers it has.

    Attributes:
        autoencoder: An `Autoencoder`.
        code_whitening: Of the codes of real training faces.
        texture_whitening: Likewise of the channels' means and deviations,
            each in units of its own standard deviation over those faces.
    """

    autoencoder: Any
    code_whitening: Whitening
    texture_whitening: Whitening

    @classmethod
    def of(cls, autoencoder: Any, training_faces: np.ndarray) -> "FaceFeatures":
        """Whitened by real training faces, float32 [N, S, S, 3]."""
        codes, textures = _descriptions(autoencoder, training_faces)
        units = textures.std(axis=0)
        # A channel that stands still on real faces must not decide alone.
        units = np.maximum(units, _LEAST_UNIT * np.median(units))
        whitening = Whitening.of(textures / units)
        return cls(
            autoencoder,
            Whitening.of(codes),
            Whitening(whitening.mean * units, whitening.axes / units[:, None]),
        )

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Faces [N, S, S, 3] in [-1, 1] to float32 [N, features]."""
        codes, textures = _descriptions(self.autoencoder, images)
        halves = [self.code_whitening(codes), self.texture_whitening(textures)]
        return np.concatenate(
            [
                half * weight
                for half, weight in zip(halves, self._weights, strict=True)
            ],
            axis=1,
        )

    def code_alone(self, features: np.ndarray) -> np.ndarray:
        """Of features [N, features] the whitened codes, float32 [N, code]."""
        return features[:, : self._widths[0]] / self._weights[0]

    @property
    def _widths(self) -> tuple[int, int]:
        return len(self.code_whitening.mean), len(self.texture_whitening.mean)

    @property
    def _weights(self) -> tuple[float, float]:
        """A dot product over all widths then is the mean of those of both."""
        code, texture = self._widths
        total = code + texture
        return (total / (2 * code)) ** 0.5, (total / (2 * texture)) ** 0.5


def _descriptions(
    autoencoder: Any, images: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Codes float32 [N, code], and textures float32 [N, 2 channels]."""
    import tensorflow as tf

    def describe(some: Any) -> Any:
        code, levels = autoencoder.describe(some)
        moments = [
            moment(level, axis=(1, 2))
            for level in levels
            for moment in (tf.reduce_mean, tf.math.reduce_std)
        ]
        return tf.concat([code, *moments], axis=1)

    width = int(autoencoder.latent_dim)
    described = in_batches(describe, images)
    return described[:, :width], described[:, width:]


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
