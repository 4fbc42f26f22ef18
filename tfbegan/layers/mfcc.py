"""MFCC in the graph, equal to librosa's."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

_LEAST_POWER = 1e-10
_DECIBELS_PER_NEPER = 10.0 / np.log(10.0)


@keras.saving.register_keras_serializable(package="tfbegan")
class MFCC(keras.layers.Layer):
    """Mel-frequency cepstral coefficients of a waveform.

    The same numbers as `librosa.feature.mfcc` with `top_db=None`, which the
    data sets are made with. (`tf.signal.mfccs_from_log_mel_spectrograms` gives
    others: its c0 is scaled differently.)

    Args:
        sample_rate: Of the waveform, in Hz.
        n_mfcc: Coefficients, with c0.
        n_mels: Mel bands.
        n_fft: Samples of one Fourier transform.
        win_length: Samples of one Hann window, centred in `n_fft`.
        hop_length: Samples between frames.
        mean: Subtracted, per coefficient; None subtracts nothing.
        std: Divided by, per coefficient; None divides by nothing.
        **kwargs: Of `keras.layers.Layer`.

    Input shape:
        float32 [B, samples], in [-1, 1]; zero outside of itself.

    Output shape:
        float32 [B, 1 + samples // hop_length, n_mfcc]; frame i is centred on
        sample i * hop_length.

    Reference:
        Davis, Mermelstein, "Comparison of parametric representations for
        monosyllabic word recognition", 1980; librosa 0.11.
    """

    def __init__(
        self,
        sample_rate: int = 16_000,
        n_mfcc: int = 13,
        n_mels: int = 40,
        n_fft: int = 512,
        win_length: int = 400,
        hop_length: int = 160,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        **kwargs: Any,
    ) -> None:
        # Decibels of a small power do not fit into half precision.
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.sample_rate = sample_rate
        self.n_mfcc = n_mfcc
        self.n_mels = n_mels
        self.n_fft = n_fft
        self.win_length = win_length
        self.hop_length = hop_length
        self.mean = None if mean is None else tuple(map(float, mean))
        self.std = None if std is None else tuple(map(float, std))

    def build(self, input_shape: tuple) -> None:
        import librosa
        import scipy.fft

        mel = librosa.filters.mel(
            sr=self.sample_rate, n_fft=self.n_fft, n_mels=self.n_mels
        )
        cosines = scipy.fft.dct(np.eye(self.n_mels), axis=0, norm="ortho")
        hann = np.zeros(self.n_fft)
        start = (self.n_fft - self.win_length) // 2
        periodic = np.hanning(self.win_length + 1)[:-1]
        hann[start : start + self.win_length] = periodic
        self._window = hann
        self._mel = mel.T.astype(np.float32)  # [bins, n_mels]
        self._dct = cosines[: self.n_mfcc].T.astype(np.float32)

    def call(self, waveform: Any) -> Any:
        half = self.n_fft // 2
        padded = ops.pad(waveform, ((0, 0), (half, half)))
        frames = ops.extract_sequences(
            padded, self.n_fft, self.hop_length
        )  # [B, frames, n_fft]
        # In double precision, as librosa: beside a loud tone the rounding of
        # a float32 transform is louder than a quiet band.
        frames = ops.cast(frames, "float64") * self._window
        real, imaginary = ops.rfft(frames)
        power = ops.square(real) + ops.square(imaginary)  # [B, frames, bins]
        power = ops.cast(power, "float32")
        mel = ops.matmul(power, self._mel)  # [B, frames, n_mels]
        decibels = _DECIBELS_PER_NEPER * ops.log(ops.maximum(mel, _LEAST_POWER))
        coefficients = ops.matmul(decibels, self._dct)  # [B, frames, n_mfcc]
        if self.mean is not None:
            coefficients = coefficients - np.array(self.mean, np.float32)
        if self.std is not None:
            coefficients = coefficients / np.array(self.std, np.float32)
        return coefficients

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        batch, samples = input_shape
        frames = None if samples is None else 1 + samples // self.hop_length
        return (batch, frames, self.n_mfcc)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "sample_rate": self.sample_rate,
            "n_mfcc": self.n_mfcc,
            "n_mels": self.n_mels,
            "n_fft": self.n_fft,
            "win_length": self.win_length,
            "hop_length": self.hop_length,
            "mean": self.mean,
            "std": self.std,
        }
