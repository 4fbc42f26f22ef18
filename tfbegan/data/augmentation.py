"""Sound as training hears it: other gains, and silence of other kinds.

Without state: what is drawn is a function of a seed. (tensorflow-io's masks
draw from a state, with which a resumed run would not be the same run.)
"""

import math
from dataclasses import dataclass

import tensorflow as tf

from tfbegan.config import AudioConfig

_FLOOR_DB = -100.0
"""Of the MFCC front end: its logarithm of no sound at all."""

_QUIET_QUANTILE = 0.1
_QUIET_MARGIN = 0.08
_LOUDEST_SILENCE = 0.6


@dataclass(frozen=True)
class SoundAugmentation:
    """How the MFCC windows of a stream are changed.

    Attributes:
        gain_db: A window is made louder or quieter by up to so much.
        silence_share: Share of the windows whose quietest rows become the
            silence of a file, which has no room and no microphone in it. A
            model that never heard it opens the mouth.
    """

    gain_db: float = 0.0
    silence_share: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.gain_db or self.silence_share)


def quiet_level(mfcc: tf.Tensor) -> tf.Tensor:
    """The c0 up to which a row of a clip is a pause.

    Args:
        mfcc: float32 [M, n_mfcc], a clip's whole track, raw.

    Returns:
        float32 [].
    """
    energy = tf.sort(mfcc[:, 0])
    last = tf.shape(energy)[0] - 1
    place = tf.cast(tf.cast(last, tf.float32) * _QUIET_QUANTILE, tf.int32)
    return energy[place] + _QUIET_MARGIN * (energy[last] - energy[0])


def augment_window(
    window: tf.Tensor,
    quiet: tf.Tensor,
    audio: AudioConfig,
    augmentation: SoundAugmentation,
    seed: tf.Tensor,
) -> tf.Tensor:
    """A window as another take might have recorded it.

    Args:
        window: float32 [W, n_mfcc], raw.
        quiet: float32 [], the clip's `quiet_level`.
        audio: The front end.
        augmentation: How much of what.
        seed: int64 [2]; equal seeds change equally.

    Returns:
        float32 [W, n_mfcc].
    """
    gain, coin, depth = tf.unstack(tf.random.stateless_uniform((3,), seed))
    # The DCT is orthonormal: a decibel in every band is so much in c0.
    decibel = math.sqrt(audio.n_mels)
    louder = (2.0 * gain - 1.0) * augmentation.gain_db * decibel
    first = tf.one_hot(0, audio.n_mfcc)  # [n_mfcc]
    level = _LOUDEST_SILENCE + (1.0 - _LOUDEST_SILENCE) * depth
    silence = level * _FLOOR_DB * decibel * first
    hush = (coin < augmentation.silence_share) & (window[:, :1] <= quiet)
    return tf.where(hush, silence[None], window + louder * first)
