"""A formant synthesiser: from articulation to sound.

A source (vocal folds, breath) through a cascade of resonators, and noise at
the narrowest place through a resonator of its own, as in Klatt (1980),
"Software for a cascade/parallel formant synthesizer".
"""

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.signal import sosfilt

from tfrecords_builder.puppets.sentence import TRACK_RATE, Articulation

_BANDWIDTHS_HZ = (70.0, 100.0, 140.0, 250.0, 350.0)
_UPPER_FORMANTS_HZ = (3_500.0, 4_500.0)
_STEPS_A_BLOCK = 2
_ROOM_NOISE = 4e-4
_LOUDNESS = 0.08


@dataclass(frozen=True)
class Voice:
    """What tells one speaker's sound from another's.

    Attributes:
        pitch_hz: The middle of its melody.
        melody: How far the pitch moves, in octaves up and down.
        formant_scale: 1 for a grown man, up to 1.2 for shorter throats.
        rate: Of speech, 1 is normal.
        breathiness: 0 clear to 1 breathy.
        tilt: 0 bright to 1 dull.
    """

    pitch_hz: float
    melody: float
    formant_scale: float
    rate: float
    breathiness: float
    tilt: float


def synthesise(
    articulation: Articulation,
    voice: Voice,
    sample_rate: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """The sound of a sentence.

    Args:
        articulation: What the vocal tract does.
        voice: Who speaks.
        sample_rate: In Hz.
        rng: Where melody and noise come from.

    Returns:
        float32 [N], in [-1, 1], as long as the articulation, with a faint
        room noise under it, so that silence isn't digital silence.
    """
    count = round((len(articulation.opening) - 1) * sample_rate / TRACK_RATE)
    times = np.arange(count) / sample_rate

    def at(track: np.ndarray) -> np.ndarray:
        return articulation.at(track, times)

    breath = rng.standard_normal(count)
    folds = _glottal_source(voice, times, rng)
    hiss = 0.03 + 0.12 * voice.breathiness
    source = at(articulation.voicing) * (folds + hiss * breath * (folds > -1))
    source += 0.5 * at(articulation.breath) * breath
    noise = at(articulation.noise) * rng.standard_normal(count)
    sound = _filter(source, _vocal_tract(articulation, voice, sample_rate))
    sound += 0.35 * _filter(noise, _constriction(articulation, sample_rate))
    loud = np.sqrt(np.mean(sound**2)) or 1.0
    sound *= _LOUDNESS / loud
    sound += _ROOM_NOISE * rng.standard_normal(count)
    return np.tanh(sound).astype(np.float32)


def _glottal_source(
    voice: Voice, times: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """The derivative of the air's flow between the folds, about -4 to 1."""
    duration = max(times[-1], 1e-3) if len(times) else 1.0
    knots = np.linspace(0, duration, max(3, round(duration * 3)))
    steps = rng.uniform(-1, 1, len(knots))
    fall = np.linspace(0.5, -0.6, len(knots))
    contour = np.interp(times, knots, 0.6 * steps + fall)
    shake = np.interp(
        times,
        np.linspace(0, duration, max(3, round(duration * 40))),
        rng.normal(0, 0.008, max(3, round(duration * 40))),
    )
    pitch = voice.pitch_hz * 2 ** (voice.melody * contour + shake)
    step = times[1] - times[0] if len(times) > 1 else 1.0
    phase = np.cumsum(pitch) * step % 1.0
    # Rosenberg (1971), type B: the flow rises as 3p^2 - 2p^3, then closes.
    opened = 0.62
    flow = np.where(phase < opened, phase / opened, 0.0)
    pulse = 6 * flow * (1 - 1.5 * flow)
    dull = 0.35 + 0.45 * voice.tilt
    return sosfilt([[1 - dull, 0, 0, 1, -dull, 0]], pulse)


def _vocal_tract(
    articulation: Articulation, voice: Voice, sample_rate: int
) -> np.ndarray:
    """Second-order sections, [N, 5, 6], for every step of the tracks."""
    lower = articulation.formants
    upper = np.broadcast_to(_UPPER_FORMANTS_HZ, (len(lower), 2))
    centres = np.concatenate([lower, upper], axis=1) * voice.formant_scale
    bands = np.broadcast_to(_BANDWIDTHS_HZ, centres.shape)
    return _resonators(centres, bands, sample_rate)


def _constriction(articulation: Articulation, sample_rate: int) -> np.ndarray:
    """Likewise for the noise between teeth or lips, [N, 1, 6].

    Zeros at 0 Hz and at half the sample rate: a band, not a low pass.
    """
    sections = _resonators(
        articulation.noise_hz[:, None],
        articulation.noise_band_hz[:, None],
        sample_rate,
    )
    radius = np.sqrt(sections[..., 5])
    sections[..., 0] = 1 - radius
    sections[..., 2] = radius - 1
    return sections


def _resonators(
    centres: np.ndarray, bands: np.ndarray, sample_rate: int
) -> np.ndarray:
    """Klatt's resonators, of gain 1 at 0 Hz; [N, K] to [N, K, 6]."""
    centres = np.minimum(centres, 0.47 * sample_rate)
    radius = np.exp(-np.pi * bands / sample_rate)
    turn = -2 * radius * np.cos(2 * np.pi * centres / sample_rate)
    sections = np.zeros((*centres.shape, 6))
    sections[..., 0] = 1 + turn + radius**2
    sections[..., 3] = 1
    sections[..., 4] = turn
    sections[..., 5] = radius**2
    return sections


def _filter(signal: np.ndarray, sections: np.ndarray) -> np.ndarray:
    """Filters in short blocks whose filters follow each other smoothly."""
    sections = sections[::_STEPS_A_BLOCK]
    state = np.zeros((sections.shape[1], 2))
    borders = np.linspace(0, len(signal), len(sections) + 1).round().astype(int)
    result = np.empty_like(signal)
    for step, (begin, end) in enumerate(itertools.pairwise(borders)):
        result[begin:end], state = sosfilt(
            sections[step], signal[begin:end], zi=state
        )
    return result
