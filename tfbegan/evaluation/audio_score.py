"""The cheap form of A1 to A4, to be watched while a model trains."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from tfbegan.evaluation.arms import (
    Arm,
    GeneratorArm,
    RealArm,
    Speaker,
    perform,
    windows_at,
)
from tfbegan.evaluation.instruments import spread_frames
from tfbegan.evaluation.mouth_meters import EigenMouth, correlation
from tfbegan.evaluation.regions import (
    MouthBox,
    mean_pairwise_distance,
    over_real,
)
from tfbegan.evaluation.retrieval import Lineups, draw_lineups, hit_rates
from tfbegan.evaluation.speech_clips import SpeechClip, clip_ids, load_clips

if TYPE_CHECKING:
    from tfbegan.data.dataset import FaceDataset

_SCORED_CLIPS = 8
_TRAINING_CLIPS = 48
_LINEUP_ROUNDS = 2


def scored_clip_ids(dataset: "FaceDataset") -> list[str]:
    """Of the validation clips by which a training chooses its best step.

    What is told of a generator in the end should be of others.
    """
    return clip_ids(dataset, ("validation",), _SCORED_CLIPS)


@dataclass(frozen=True)
class ScoreSheet:
    """What a training is scored on: a few clips, thinned out.

    Attributes:
        clips: Held-out ones, some frames of each.
        eigen_mouth: The opening; see its class.
        lineups: For the retrieval; None for less than 4 clips.
    """

    clips: Sequence[SpeechClip]
    eigen_mouth: EigenMouth
    lineups: Lineups | None

    @classmethod
    def of(
        cls,
        dataset: "FaceDataset",
        clips: int = _SCORED_CLIPS,
        frames: int = 24,
    ) -> Self:
        """From the validation split; the eigen-mouth from the training split.

        Takes seconds: nothing is trained.

        Args:
            dataset: With sound.
            clips: At most.
            frames: Of each, evenly spread, at most.
        """
        few = [
            _thinned(clip, frames)
            for clip in load_clips(dataset, ("validation",), clips)
        ]
        training = load_clips(dataset, ("train",), _TRAINING_CLIPS)
        lineups = None
        if len(few) >= 4:
            lengths = [len(clip) for clip in few]
            lineups = draw_lineups(lengths, _LINEUP_ROUNDS, seed=0)
        meter = EigenMouth.fit(training, MouthBox.of(dataset.info.face))
        return cls(few, meter, lineups)


@dataclass(frozen=True)
class AudioScore:
    """How much the sound matters, roughly.

    Attributes:
        spread: A1, movement of the mouth within a clip over the real one's.
        opening_r: A2, Pearson r of the eigen-mouth over time with the real
            one's; 0 where nothing moves.
        amplitude: A3, standard deviation of the eigen-mouth over the real.
        retrieval: A4, share of 16 sounds found; None without a critic. The
            model's own critic flatters it: compare with `retrieval_real`.
        retrieval_real: The same of the real frames.
    """

    spread: float
    opening_r: float
    amplitude: float
    retrieval: float | None = None
    retrieval_real: float | None = None


def audio_score(
    speaker: Speaker,
    latents: np.ndarray | None,
    sheet: ScoreSheet,
    critic: Any = None,
    by_clip: bool = False,
) -> AudioScore:
    """Scores a generator in a few seconds.

    Args:
        speaker: With `speak(latents, windows)`.
        latents: z, float32 [n, latent_dim], each of which speaks all clips;
            one or two are enough. None for a generator without z.
        sheet: What it speaks.
        critic: A `SyncCritic`, for the retrieval.
        by_clip: Whether each z belongs to one clip, in order, and speaks it
            alone.
    """
    count = 1 if latents is None else len(latents)
    arm = GeneratorArm(speaker, sheet.clips, latents, count, by_clip)
    per_clip = np.array(
        [
            _score_clip(arm, index, clip, sheet.eigen_mouth)
            for index, clip in enumerate(sheet.clips)
        ]
    )
    # Clips in which the real mouth stands still tell nothing.
    told = per_clip[np.isfinite(per_clip).all(axis=1)]
    spread, opening_r, amplitude = told.mean(axis=0) if len(told) else (0,) * 3
    score = AudioScore(float(spread), float(opening_r), float(amplitude))
    if critic is None or sheet.lineups is None:
        return score
    found, found_real = (
        _retrieval(who, sheet.clips, sheet.lineups, critic)
        for who in (arm, RealArm(sheet.clips))
    )
    return dataclasses.replace(
        score, retrieval=found, retrieval_real=found_real
    )


def _score_clip(
    arm: GeneratorArm, index: int, clip: SpeechClip, meter: EigenMouth
) -> tuple[float, float, float]:
    real = clip.images()
    real_opening = meter.measure(real)
    real_spread = mean_pairwise_distance(meter.box.crop(real))
    figures = []
    for faces in perform(arm, index, len(clip)):
        opening = meter.measure(faces)
        figures.append(
            (
                over_real(
                    mean_pairwise_distance(meter.box.crop(faces)), real_spread
                ),
                np.nan_to_num(correlation(opening, real_opening)),
                over_real(opening.std(), real_opening.std()),
            )
        )
    spread, opening_r, amplitude = np.mean(figures, axis=0)
    return float(spread), float(opening_r), float(amplitude)


def _retrieval(
    arm: Arm, clips: Sequence[SpeechClip], lineups: Lineups, critic: Any
) -> float:
    first = np.array([arm.cast(clip)[0] for clip in lineups.moments[0]])
    faces = arm.faces(first, lineups.moments)
    windows = windows_at(clips, lineups.moments)
    return float(hit_rates(critic, faces, windows, lineups).mean())


def _thinned(clip: SpeechClip, count: int) -> SpeechClip:
    kept = spread_frames(len(clip), count)
    truth = {}
    if clip.has_truth:
        truth = {"opening": clip.opening[kept], "width": clip.width[kept]}
    return dataclasses.replace(
        clip,
        pixels=clip.pixels[kept],
        times=clip.times[kept],
        centres=clip.centres[kept],
        **truth,
    )
