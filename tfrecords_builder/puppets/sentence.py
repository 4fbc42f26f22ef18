"""What a puppet says: phonemes, words, and when the mouth does what."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.ndimage import gaussian_filter1d

TRACK_RATE = 200
"""Articulation is computed so many times a second (every 5 ms)."""

_MOUTH_SMOOTHING_S = 0.022
_FORMANT_SMOOTHING_S = 0.016
_LOUDNESS_SMOOTHING_S = 0.008

Kind = Literal["vowel", "glide", "nasal", "fricative", "stop", "pause"]


@dataclass(frozen=True)
class Phoneme:
    """The targets of a speech sound.

    Attributes:
        kind: How it is made.
        duration_s: At a rate of 1.
        formants: F1, F2, F3 in Hz of a grown male voice.
        opening: Of the mouth, 0 closed to 1 wide open.
        width: Of the mouth, 0 rounded to 1 spread.
        voicing: Loudness of the vocal folds' part, 0 to 1.
        noise: Loudness of the noise at the narrowest place, 0 to 1.
        noise_hz: Where that noise is loudest.
        noise_band_hz: How wide it is.
        breath: Loudness of the noise at the vocal folds, 0 to 1.
    """

    kind: Kind
    duration_s: float
    formants: tuple[float, float, float]
    opening: float
    width: float
    voicing: float = 1.0
    noise: float = 0.0
    noise_hz: float = 4_000.0
    noise_band_hz: float = 2_000.0
    breath: float = 0.0


def _vowel(
    f1: float, f2: float, f3: float, opening: float, width: float
) -> Phoneme:
    return Phoneme("vowel", 0.11, (f1, f2, f3), opening, width)


def _stop(
    second: float, opening: float, noise_hz: float, voiced: bool
) -> Phoneme:
    return Phoneme(
        "stop",
        0.075,
        (250, second, 2_500),
        opening,
        0.5,
        voicing=0.06 if voiced else 0.0,
        noise=0.35 if voiced else 0.7,
        noise_hz=noise_hz,
        breath=0.0 if voiced else 0.12,
    )


def _fricative(
    noise: float,
    noise_hz: float,
    band_hz: float,
    shape: tuple[float, float],
    voiced: bool,
) -> Phoneme:
    return Phoneme(
        "fricative",
        0.08 if voiced else 0.1,
        (300, 1_600, 2_600),
        *shape,
        voicing=0.3 if voiced else 0.0,
        noise=noise * (0.6 if voiced else 1.0),
        noise_hz=noise_hz,
        noise_band_hz=band_hz,
    )


def _voiced(
    kind: Kind,
    formants: tuple[float, float, float],
    shape: tuple[float, float],
    voicing: float,
) -> Phoneme:
    return Phoneme(kind, 0.075, formants, *shape, voicing=voicing)


# Formants after Peterson and Barney (1952), men; mouths after the visemes
# of English.
PHONEMES: dict[str, Phoneme] = {
    "AA": _vowel(730, 1_090, 2_440, 1.0, 0.5),
    "AE": _vowel(660, 1_720, 2_410, 0.85, 0.72),
    "AH": _vowel(620, 1_190, 2_390, 0.7, 0.5),
    "AO": _vowel(570, 840, 2_410, 0.65, 0.22),
    "EH": _vowel(530, 1_840, 2_480, 0.6, 0.7),
    "ER": _vowel(480, 1_350, 1_690, 0.42, 0.35),
    "IH": _vowel(390, 1_990, 2_550, 0.35, 0.75),
    "IY": _vowel(270, 2_290, 3_010, 0.22, 1.0),
    "OH": _vowel(460, 830, 2_300, 0.45, 0.12),
    "UH": _vowel(420, 1_020, 2_240, 0.35, 0.2),
    "UW": _vowel(300, 800, 2_240, 0.2, 0.0),
    "AX": _vowel(500, 1_450, 2_450, 0.42, 0.5),
    "M": _voiced("nasal", (240, 1_000, 2_200), (0.0, 0.5), 0.4),
    "N": _voiced("nasal", (250, 1_600, 2_600), (0.12, 0.55), 0.4),
    "NG": _voiced("nasal", (260, 2_000, 2_700), (0.18, 0.55), 0.4),
    "L": _voiced("glide", (350, 1_200, 2_700), (0.25, 0.5), 0.6),
    "R": _voiced("glide", (340, 1_150, 1_600), (0.2, 0.25), 0.6),
    "W": _voiced("glide", (290, 700, 2_200), (0.1, 0.0), 0.55),
    "Y": _voiced("glide", (270, 2_200, 3_000), (0.18, 0.9), 0.6),
    "HH": Phoneme(
        "fricative", 0.06, (500, 1_450, 2_450), 0.4, 0.5, 0.0, breath=0.35
    ),
    "F": _fricative(0.22, 6_500, 5_000, (0.06, 0.55), voiced=False),
    "V": _fricative(0.22, 6_500, 5_000, (0.06, 0.55), voiced=True),
    "TH": _fricative(0.16, 5_500, 5_000, (0.15, 0.55), voiced=False),
    "DH": _fricative(0.16, 5_500, 5_000, (0.15, 0.55), voiced=True),
    "S": _fricative(0.6, 6_200, 1_800, (0.12, 0.7), voiced=False),
    "Z": _fricative(0.6, 6_200, 1_800, (0.12, 0.7), voiced=True),
    "SH": _fricative(0.6, 3_000, 1_300, (0.18, 0.15), voiced=False),
    "P": _stop(900, 0.0, 900, voiced=False),
    "B": _stop(900, 0.0, 900, voiced=True),
    "T": _stop(1_700, 0.12, 4_800, voiced=False),
    "D": _stop(1_700, 0.12, 4_800, voiced=True),
    "K": _stop(1_900, 0.2, 2_000, voiced=False),
    "G": _stop(1_900, 0.2, 2_000, voiced=True),
    "-": Phoneme("pause", 0.2, (500, 1_450, 2_450), 0.0, 0.5, voicing=0.0),
}

BILABIALS = frozenset(("M", "B", "P"))
"""The sounds for which the lips close."""

_LEXICON = tuple(
    tuple(word.split())
    for word in """
    M AA M AX / P AA P AX / B EH B IY / M UW N / M AO R N IH NG / B OH T
    P IY P AX L / M IY / W IY / Y UW / SH IY / HH IY / DH EH IH / DH AX / AX
    S AH N / R EH D / B L UW / G R IY N / Y EH L OH / W AO T ER / F AA DH ER
    S IY / S AO / F AH N / V EH R IY / G UH D / HH AE P IY / S M AO L / B IH G
    T UW / F AO R / F AA IH V / S EH V AX N / T EH N / W AH N / TH R IY
    HH AA UH S / G AA R D AX N / K AE T / D AO G / B ER D / F IH SH / M AA UH S
    R AA N / W AO K / S IH NG / D AE N S / P L EH IH / S L IY P / T AO K
    B AA IH / M AA IH / N AA IH T / D EH IH / T AX D EH IH / T AX M AO R OH
    M EH N IY / P IY S / AE P AX L / B AX N AE N AX / T IY / K AO F IY / K EH K
    OH P AX N / K L OH Z / HH AH L OH / G UH D B AA IH / L AA F / S M AA IH L
    M UW V / F UW D / SH UW Z / B UH K / L UH K / B OH L / AE N D / OH V ER
    """.replace("\n", "/").split("/")
    if word.strip()
)


@dataclass(frozen=True)
class Spoken:
    """A phoneme at its time.

    Attributes:
        symbol: A key of `PHONEMES`.
        start_s, end_s: From the beginning of the sentence.
        stress: How strongly it is said, about 0.8 to 1.1.
    """

    symbol: str
    start_s: float
    end_s: float
    stress: float = 1.0


@dataclass(frozen=True)
class Sentence:
    """Phonemes without gaps from 0 to `duration_s`, silent at both ends."""

    phonemes: tuple[Spoken, ...]

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.phonemes[-1].end_s

    def moved(self, by_s: float) -> tuple[Spoken, ...]:
        """Its phonemes, said later."""
        return tuple(
            Spoken(p.symbol, p.start_s + by_s, p.end_s + by_s, p.stress)
            for p in self.phonemes
        )

    def padded(self, lead_s: float) -> "Sentence":
        """With silence before and after; all times move by `lead_s`."""
        if lead_s <= 0:
            return self
        moved = self.moved(lead_s)
        end = moved[-1].end_s
        before = Spoken("-", 0.0, lead_s)
        after = Spoken("-", end, end + lead_s)
        return Sentence((before, *moved, after))


def random_sentence(
    duration_s: float, rate: float, rng: np.random.Generator
) -> Sentence:
    """Words, with a pause here and there, that fill a time.

    Args:
        duration_s: Of the sentence, at least 0.5.
        rate: Of speech; 1 is about 12 phonemes a second.
        rng: Where the words come from.
    """
    end = duration_s - rng.uniform(0.12, 0.25)
    spoken = [Spoken("-", 0.0, rng.uniform(0.1, 0.3))]
    while word := _next_word(end - spoken[-1].end_s, rate, rng):
        _append(spoken, word, rate, rng)
        if rng.random() < 0.22:
            pause = min(rng.uniform(0.1, 0.3), end - spoken[-1].end_s)
            if pause > 0.03:
                start = spoken[-1].end_s
                spoken.append(Spoken("-", start, start + pause))
    spoken.append(Spoken("-", spoken[-1].end_s, duration_s))
    return Sentence(tuple(spoken))


def spell(symbols: str, rate: float = 1.0) -> Sentence:
    """A sentence of named phonemes, such as "- M AA - B IY -", unstressed.

    Raises:
        KeyError: A symbol isn't in `PHONEMES`.
    """
    spoken: list[Spoken] = []
    start = 0.0
    for symbol in symbols.split():
        end = start + PHONEMES[symbol].duration_s / rate
        spoken.append(Spoken(symbol, start, end))
        start = end
    return Sentence(tuple(spoken))


def _next_word(
    room_s: float, rate: float, rng: np.random.Generator
) -> tuple[str, ...]:
    """A random word that fits, or none."""
    for choice in rng.integers(len(_LEXICON), size=6):
        word = _LEXICON[choice]
        # The slowest that `_append` may say it.
        length = sum(PHONEMES[s].duration_s for s in word) * 1.4 / rate
        if length <= room_s:
            return word
    return ()


def _append(
    spoken: list[Spoken],
    word: tuple[str, ...],
    rate: float,
    rng: np.random.Generator,
) -> None:
    stress = rng.uniform(0.85, 1.08)
    for symbol in word:
        start = spoken[-1].end_s
        stretch = rng.uniform(0.85, 1.2) * (0.75 + 0.25 * stress)
        end = start + PHONEMES[symbol].duration_s * stretch / rate
        spoken.append(Spoken(symbol, start, end, stress))


@dataclass(frozen=True)
class Articulation:
    """A sentence as smooth tracks, `TRACK_RATE` values a second, float64.

    Attributes:
        formants: [N, 3] in Hz, of the voice of `PHONEMES`.
        opening, width: [N] in [0, 1], what the mouth does.
        voicing, noise, breath: [N] in [0, 1], loudness of the sources.
        noise_hz, noise_band_hz: [N], the noise's spectrum.
    """

    formants: np.ndarray
    opening: np.ndarray
    width: np.ndarray
    voicing: np.ndarray
    noise: np.ndarray
    breath: np.ndarray
    noise_hz: np.ndarray
    noise_band_hz: np.ndarray

    def at(self, track: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Values of one of the tracks at `times` in seconds."""
        own_times = np.arange(len(track)) / TRACK_RATE
        return np.interp(times, own_times, track)


def articulate(sentence: Sentence) -> Articulation:
    """Moves from target to target as smoothly as lips and tongue do."""
    times = np.arange(round(sentence.duration_s * TRACK_RATE) + 1) / TRACK_RATE
    ends = np.array([spoken.end_s for spoken in sentence.phonemes])
    index = np.searchsorted(ends, times, side="right").clip(max=len(ends) - 1)
    targets = [PHONEMES[spoken.symbol] for spoken in sentence.phonemes]
    stress = np.array([spoken.stress for spoken in sentence.phonemes])[index]

    def stepwise(name: str) -> np.ndarray:
        return np.array([getattr(t, name) for t in targets], float)[index]

    voicing = stepwise("voicing") * stress**2
    opening = _smooth(stepwise("opening") * stress, _MOUTH_SMOOTHING_S)
    opening = opening.clip(0, 1) * _open_lips(sentence, times)
    burst = _bursts(sentence, times)
    is_stop = np.array([t.kind == "stop" for t in targets])[index]
    return Articulation(
        formants=_smooth(stepwise("formants"), _FORMANT_SMOOTHING_S),
        opening=opening,
        width=_smooth(stepwise("width"), 1.5 * _MOUTH_SMOOTHING_S).clip(0, 1),
        voicing=_smooth(voicing, _LOUDNESS_SMOOTHING_S),
        noise=_smooth(
            stepwise("noise") * np.where(is_stop, burst, 1.0),
            _LOUDNESS_SMOOTHING_S / 2,
        ),
        breath=_smooth(
            stepwise("breath") * np.where(is_stop, burst, 1.0),
            _LOUDNESS_SMOOTHING_S,
        ),
        noise_hz=stepwise("noise_hz"),
        noise_band_hz=stepwise("noise_band_hz"),
    )


def _smooth(track: np.ndarray, sigma_s: float) -> np.ndarray:
    return gaussian_filter1d(
        track, sigma_s * TRACK_RATE, axis=0, mode="nearest"
    )


def _open_lips(sentence: Sentence, times: np.ndarray) -> np.ndarray:
    """1, but 0 while lips are pressed together: smoothing must not part them.

    A Gaussian would leave the lips of a short "b" between two vowels ajar.
    """
    lips = np.ones_like(times)
    for spoken in sentence.phonemes:
        if spoken.symbol in BILABIALS or spoken.symbol == "-":
            outside = np.maximum(spoken.start_s - times, times - spoken.end_s)
            lips = np.minimum(lips, (outside / 0.06 + 0.25).clip(0, 1))
    return np.sin(lips * np.pi / 2) ** 2


def _bursts(sentence: Sentence, times: np.ndarray) -> np.ndarray:
    """1 in the last 15 ms of every stop: the closure opens; 0 elsewhere."""
    bursts = np.zeros_like(times)
    for spoken in sentence.phonemes:
        if PHONEMES[spoken.symbol].kind == "stop":
            inside = (times >= spoken.end_s - 0.015) & (times < spoken.end_s)
            bursts[inside] = 1.0
    return bursts
