"""The MFCC window around every video frame, while the sound comes in."""

import functools
import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from tfbegan.config import AudioConfig


def frame_count(samples: int, sample_rate: int, frame_rate: Fraction) -> int:
    """Video frames of a sound: its length to half a frame, at least 1."""
    length = Fraction(samples, sample_rate) * frame_rate
    return max(1, math.floor(length + Fraction(1, 2)))


def look_ahead_samples(audio: AudioConfig, frame_rate: Fraction) -> int:
    """Samples after a frame's time that must be heard before it is shown.

    That is half a window, and half of the last Fourier transform in it; 191 ms
    with the defaults. At low frame rates half a frame is longer: only then is
    it certain that the sound lasts until the frame.

    Args:
        audio: The front end.
        frame_rate: Video frames a second.
    """
    # A frame may be centred on the next MFCC row.
    rows = audio.window_frames // 2 + Fraction(1, 2)
    window = math.ceil(rows * audio.hop_length) + audio.n_fft // 2
    half_frame = math.ceil(audio.sample_rate / frame_rate / 2) + 1
    return max(window, half_frame)


class SoundWindows:
    """Cuts windows from a sound that comes in pieces, in constant memory.

    The window of frame t is centred on MFCC row round(t / fps * 100), as in
    the data sets. The sound counts as 0 before its beginning and after its
    end. However the sound is cut into pieces, the windows are those of the
    whole sound.

    Args:
        audio: The front end.
        frame_rate: Video frames a second.
    """

    def __init__(self, audio: AudioConfig, frame_rate: Fraction) -> None:
        self.audio = audio
        self.frame_rate = frame_rate
        self._mfcc = _compiled_mfcc(audio)
        self._half = audio.window_frames // 2
        self._margin = math.ceil(audio.n_fft / 2 / audio.hop_length)
        self._frame = 0
        # Rows and samples are numbered from the sound's beginning.
        self._first_row = -self._half
        self._rows = np.zeros((0, audio.n_mfcc), np.float32)
        self._first_sample = self._first_needed_sample()
        self._samples = np.zeros(-self._first_sample, np.float32)

    def push(self, samples: np.ndarray) -> np.ndarray:
        """Hears the next samples.

        Args:
            samples: float32 [N], mono, at the front end's sample rate.

        Returns:
            Raw windows that are complete now, float32 [F, window_frames,
            n_mfcc]; F may be 0.
        """
        self._samples = np.concatenate([self._samples, samples])
        heard = self._first_sample + len(self._samples)
        ahead = look_ahead_samples(self.audio, self.frame_rate)
        last_s = Fraction(heard - ahead, self.audio.sample_rate)
        return self._cut(math.floor(last_s * self.frame_rate) + 1)

    def finish(self, frames: int) -> np.ndarray:
        """The windows up to the end of the sound; silence follows it.

        Args:
            frames: Of the whole sound, see `frame_count`.

        Returns:
            As `push`.
        """
        last = self._centre(frames - 1) + self._half
        needed = last * self.audio.hop_length + self.audio.n_fft // 2
        heard = self._first_sample + len(self._samples)
        silence = np.zeros(max(0, needed - heard), np.float32)
        self._samples = np.concatenate([self._samples, silence])
        return self._cut(frames)

    def _cut(self, stop: int) -> np.ndarray:
        """The windows of the frames before `stop` that are not cut yet."""
        frames = range(self._frame, max(self._frame, stop))
        shape = (0, self.audio.window_frames, self.audio.n_mfcc)
        if not frames:
            return np.zeros(shape, np.float32)
        centres = np.array([self._centre(frame) for frame in frames])
        self._compute_rows(int(centres[-1]) + self._half + 1)
        offsets = np.arange(-self._half, self._half + 1) - self._first_row
        windows = self._rows[centres[:, None] + offsets]  # [F, W, n_mfcc]
        self._frame = frames.stop
        self._forget()
        return windows

    def _centre(self, frame: int) -> int:
        rate = Fraction(self.audio.sample_rate, self.audio.hop_length)
        return math.floor(frame / self.frame_rate * rate + Fraction(1, 2))

    def _compute_rows(self, stop: int) -> None:
        if stop <= self._next_row():
            return
        hop = self.audio.hop_length
        begin = self._first_needed_sample() - self._first_sample
        end = (stop - 1) * hop + self.audio.n_fft // 2 - self._first_sample
        track = self._mfcc(self._samples[None, begin:end])[0]
        count = stop - self._next_row()
        # The layer's first rows reach before what it was given.
        rows = track[self._margin : self._margin + count]
        self._rows = np.concatenate([self._rows, rows])

    def _forget(self) -> None:
        """Drops what no later window needs."""
        rows = self._centre(self._frame) - self._half - self._first_row
        rows = min(max(rows, 0), len(self._rows))
        self._rows = self._rows[rows:]
        self._first_row += rows
        samples = self._first_needed_sample() - self._first_sample
        samples = min(samples, len(self._samples))
        self._samples = self._samples[samples:]
        self._first_sample += samples

    def _next_row(self) -> int:
        return self._first_row + len(self._rows)

    def _first_needed_sample(self) -> int:
        """Where to begin, for the next row to be as in the whole sound."""
        return (self._next_row() - self._margin) * self.audio.hop_length


@functools.cache
def _compiled_mfcc(audio: AudioConfig) -> Callable[[np.ndarray], np.ndarray]:
    import tensorflow as tf

    from tfbegan.layers.mfcc import MFCC

    layer = MFCC(
        sample_rate=audio.sample_rate,
        n_mfcc=audio.n_mfcc,
        n_mels=audio.n_mels,
        n_fft=audio.n_fft,
        win_length=audio.win_length,
        hop_length=audio.hop_length,
    )
    layer.build((None, None))
    signature = [tf.TensorSpec([None, None], tf.float32)]
    function = tf.function(
        layer.call, input_signature=signature, autograph=False
    )
    return lambda waveform: function(waveform).numpy()
