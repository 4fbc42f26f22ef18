"""What a run shows: the pictures by which a person judges it."""

import weakref
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfbegan.data.dataset import FaceDataset
from tfbegan.data.pipeline import clip_windows, decode_frame
from tfbegan.evaluation import regions
from tfbegan.evaluation.audio_score import (
    AudioScore,
    ScoreSheet,
    audio_score,
)
from tfbegan.evaluation.diversity import spread
from tfbegan.generation.latents import draw_latents
from tfbegan.generation.loading import LoadedGenerator, to_uint8
from tfbegan.generation.pictures import make_grid, save_png
from tfbegan.generation.provenance import Provenance
from tfbegan.models.began import BEGAN
from tfbegan.models.generator import in_float32
from tfbegan.training.run_folder import RunFolder

GRID_IMAGES = 64
_RECONSTRUCTED = 16
_COLUMNS = 16
_STRIP_CLIPS = 3
_STRIP_STRIDE = 3
_SPEAKING = 2
"""Faces whose mouths are scored."""
_AVERAGED: weakref.WeakKeyDictionary[BEGAN, LoadedGenerator] = (
    weakref.WeakKeyDictionary()
)


@dataclass(frozen=True)
class Strip:
    """Frames of one clip, evenly apart, with their sound.

    Attributes:
        images: float32 [16, S, S, 3] in [-1, 1].
        windows: Raw MFCC, float32 [16, W, n_mfcc].
    """

    images: np.ndarray
    windows: np.ndarray


@dataclass(frozen=True)
class Exhibits:
    """The real side of every look at a model, the same at each.

    Attributes:
        reals: float32 [<= 64, S, S, 3] in [-1, 1].
        windows: Their sound, raw MFCC float32 [<= 64, W, n_mfcc]; None
            without sound.
        strips: Some clips, where there is sound.
        sheet: What the sound's work is scored on, likewise; None also
            without a validation split.
    """

    reals: np.ndarray
    windows: np.ndarray | None = None
    strips: tuple[Strip, ...] = ()
    sheet: ScoreSheet | None = None


@dataclass(frozen=True)
class Look:
    """One look at a model.

    Attributes:
        samples: uint8 [64, S, S, 3], from the same noise at every look.
        reconstructions: uint8 [64, S, S, 3]: 16 reals, D's reconstructions of
            them, 16 fakes, D's reconstructions of them; fewer of each where
            there are fewer reals.
        fake_spread: Spread across the samples; see `evaluation.diversity`.
        real_spread: Spread across as many reals.
        speech: uint8 [rows * 16, S, S, 3]: of every strip the truth and,
            below, the faces of its sound at one z; None without sound.
        score: How well the mouths follow the sound; None without sound.
        sharpness: Variance of the Laplacian in the mouth box, of the samples
            over the reals'; None without sound.
        conditioning: Of the model; by "audio" all samples have one pose and
            light.
    """

    samples: np.ndarray
    reconstructions: np.ndarray
    fake_spread: float
    real_spread: float
    speech: np.ndarray | None = None
    score: AudioScore | None = None
    sharpness: float | None = None
    conditioning: str = "noise"

    @property
    def has_looks(self) -> bool:
        """Whether z or photographs say how a face looks."""
        return self.conditioning != "audio"

    @property
    def spread_ratio(self) -> float:
        """Of fakes over reals: 0 if every fake is the same."""
        return self.fake_spread / max(self.real_spread, 1e-9)

    @property
    def quality(self) -> float | None:
        """One number in [0, 1] to choose a step by; None without sound.

        The correlation of the mouths' opening with the real one's, times what
        amplitude, movement, sharpness and, where looks are told, variety lack
        to the real ones'.
        """
        if self.score is None or self.sharpness is None:
            return None
        variety = min(self.spread_ratio, 1.0) if self.has_looks else 1.0
        return (
            max(self.score.opening_r, 0.0)
            * _closeness(self.score.amplitude)
            * min(self.score.spread, 1.0)
            * _closeness(self.sharpness)
            * variety
        )


def choose_exhibits(
    dataset: FaceDataset, seed: int, with_audio: bool
) -> Exhibits:
    """Reals to compare with, of the validation split if there is one.

    Args:
        dataset: To choose from.
        seed: Of the choice.
        with_audio: Whether the model takes sound.
    """
    split = "validation" if dataset.frames("validation") else "train"
    images, windows = dataset.pairs(split, GRID_IMAGES, seed=seed)
    reals = _to_float(images)
    if not with_audio:
        return Exhibits(reals)
    sheet = ScoreSheet.of(dataset) if split == "validation" else None
    return Exhibits(reals, windows, _choose_strips(dataset, split), sheet)


def look_at(model: BEGAN, exhibits: Exhibits, seed: int) -> Look:
    """Draws samples and reconstructions.

    Args:
        model: The model.
        exhibits: What to compare with, and to speak.
        seed: Of the noise.
    """
    reals, windows = exhibits.reals, exhibits.windows
    if windows is not None:
        windows = np.resize(windows, (GRID_IMAGES, *windows.shape[1:]))
    fakes = _samples(model, reals, windows, seed)
    score, sharpness = None, None
    if exhibits.sheet is not None:
        score = _score(model, exhibits.sheet, seed)
        box = exhibits.sheet.eigen_mouth.box
        sharpness = regions.sharpness(box.crop(fakes)) / max(
            regions.sharpness(box.crop(reals)), 1e-9
        )
    few = min(_RECONSTRUCTED, len(reals))
    few_reals, few_fakes = reals[:few], fakes[:few]
    rows = [
        few_reals,
        model.reconstruct(few_reals),
        few_fakes,
        model.reconstruct(few_fakes),
    ]
    return Look(
        samples=to_uint8(fakes),
        reconstructions=to_uint8(np.concatenate(rows)),
        fake_spread=spread(fakes),
        real_spread=spread(reals),
        speech=_speak(model, exhibits.strips),
        score=score,
        sharpness=sharpness,
        conditioning=model.architecture.conditioning,
    )


def save_look(
    look: Look, folder: RunFolder, step: int, provenance: Provenance
) -> None:
    """Writes the grids as PNG files."""
    for kind in ("samples", "reconstructions"):
        images = getattr(look, kind)
        columns = min(_COLUMNS, len(images) // 4)
        grid = make_grid(images, columns=columns)
        save_png(folder.picture(kind, step), grid, provenance)
    if look.speech is not None:
        grid = make_grid(look.speech, columns=_COLUMNS)
        save_png(folder.picture("speech", step), grid, provenance)


def _samples(
    model: BEGAN, reals: np.ndarray, windows: np.ndarray | None, seed: int
) -> np.ndarray:
    """Faces of random z; of the reals' looks where photographs say who it is,
    since such a model never learns from, or is asked for, another."""
    if windows is None or not _takes_photographs(model):
        return model.generate(GRID_IMAGES, seed=seed, windows=windows)
    generator = _averaged(model)
    looks = generator.look(np.resize(reals, (GRID_IMAGES, *reals.shape[1:])))
    return generator.speak(looks, windows)


def _score(model: BEGAN, sheet: ScoreSheet, seed: int) -> AudioScore:
    generator = _averaged(model)
    latents, own = None, _takes_photographs(model)
    if own:
        middles = [clip.images([len(clip) // 2]) for clip in sheet.clips]
        latents = generator.look(np.concatenate(middles))
    elif generator.latent_dim:
        latents = draw_latents(_SPEAKING, generator.latent_dim, seed)
    return audio_score(generator, latents, sheet, model.critic, by_clip=own)


def _takes_photographs(model: BEGAN) -> bool:
    return model.architecture.conditioning == "audio+face"


def _averaged(model: BEGAN) -> LoadedGenerator:
    """The same generator at every look: TensorFlow keeps whatever it traced."""
    average = model.ema_generator
    if model not in _AVERAGED:
        _AVERAGED[model] = LoadedGenerator(in_float32(average), Path())
    generator = _AVERAGED[model]
    generator.model.set_weights(average.get_weights())
    return generator


def _closeness(ratio: float) -> float:
    """1 for a ratio of 1, less on either side of it."""
    return min(ratio, 1.0 / max(ratio, 1e-9))


def _speak(model: BEGAN, strips: tuple[Strip, ...]) -> np.ndarray | None:
    if not strips:
        return None
    rows = []
    for strip in strips:
        rows += [strip.images, faces_of(model, strip)]
    return to_uint8(np.concatenate(rows))


def faces_of(model: BEGAN, strip: Strip) -> np.ndarray:
    """The faces of a strip's sounds, by the average of G's weights.

    Args:
        model: Which takes sound.
        strip: What is said; where there are looks all faces have that of its
            middle frame.

    Returns:
        float32 [16, S, S, 3], clipped to [-1, 1].
    """
    generator = model.ema_generator
    inputs = {"mfcc": strip.windows}
    if generator.has_look:
        middle = len(strip.images) // 2
        look = np.asarray(generator.look(strip.images[middle : middle + 1]))
        inputs["noise"] = np.repeat(look, len(strip.images), axis=0)
    return np.clip(np.array(generator(inputs)), -1, 1)


def _choose_strips(dataset: FaceDataset, split: str) -> tuple[Strip, ...]:
    strips = []
    length = _STRIP_STRIDE * (_COLUMNS - 1) + 1
    for clip in dataset.clips(split):
        if len(clip["frames"]) < length:
            continue
        start = (len(clip["frames"]) - length) // 2
        frames = range(start, start + length, _STRIP_STRIDE)
        images = np.stack([decode_frame(clip["frames"][i]) for i in frames])
        windows = clip_windows(clip, dataset.info, frames)
        strips.append(Strip(_to_float(images), windows))
        if len(strips) == _STRIP_CLIPS:
            break
    return tuple(strips)


def _to_float(images: np.ndarray) -> np.ndarray:
    return images.astype(np.float32) / 127.5 - 1.0
