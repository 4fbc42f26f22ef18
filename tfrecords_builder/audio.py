"""The MFCC track: librosa's, in one place."""

import numpy as np

from tfbegan.config import AudioConfig


def mfcc_track(samples: np.ndarray, audio: AudioConfig) -> np.ndarray:
    """Mel-frequency cepstral coefficients of a waveform.

    `top_db` is off: with librosa's default of 80 the values of a window would
    depend on the loudest moment of the whole clip.

    Args:
        samples: float32 [N], mono, at `audio.sample_rate`.
        audio: The front end.

    Returns:
        float32 [1 + N // hop_length, n_mfcc]; row i is centred on sample
        i * hop_length, and the waveform counts as 0 outside of itself.
    """
    import librosa

    power = librosa.feature.melspectrogram(
        y=samples,
        sr=audio.sample_rate,
        n_fft=audio.n_fft,
        win_length=audio.win_length,
        hop_length=audio.hop_length,
        n_mels=audio.n_mels,
        center=True,
        pad_mode="constant",
        power=2.0,
    )
    decibels = librosa.power_to_db(power, ref=1.0, amin=1e-10, top_db=None)
    coefficients = librosa.feature.mfcc(S=decibels, n_mfcc=audio.n_mfcc)
    return np.ascontiguousarray(coefficients.T, np.float32)
