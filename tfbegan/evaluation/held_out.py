"""Clips that nothing was learnt from, and what of them never changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tfbegan.evaluation.arms import Arm, Moments, RealArm, windows_at
from tfbegan.evaluation.diversity import pairwise_ms_ssim
from tfbegan.evaluation.feature_distances import FeatureSet
from tfbegan.evaluation.instruments import Instruments, some_faces
from tfbegan.evaluation.likeness import found_rates, gallery_moments
from tfbegan.evaluation.retrieval import Lineups, draw_lineups, hit_rates
from tfbegan.evaluation.speech_clips import SpeechClip

DIVERSITY_FACES = 64
FEW_IDENTITIES = 64
"""That a measure takes, unless it is of as many as there are."""

_LINEUP_ROUNDS = 8
_REAL_FACES_PER_CLIP = 4


@dataclass(frozen=True)
class HeldOut:
    """The clips that are measured on, and what of them never changes.

    Attributes:
        clips: That nothing was learnt from.
        instruments: What measures.
        seed: Of every drawing.
    """

    clips: Sequence[SpeechClip]
    instruments: Instruments
    seed: int = 0

    @cached_property
    def lineups(self) -> Lineups:
        """The sets of 16 moments of A4."""
        lengths = [len(clip) for clip in self.clips]
        return draw_lineups(lengths, _LINEUP_ROUNDS, self.seed)

    @cached_property
    def real_openings(self) -> list[np.ndarray]:
        """What is measured on the real frames, float [T] a clip."""
        meter = self.instruments.opening
        return [meter.measure(clip.images()) for clip in self.clips]

    @property
    def targets(self) -> list[np.ndarray]:
        """What the openings should be: the truth, else the real frames'."""
        if self.knows_truth:
            return [clip.opening for clip in self.clips]
        return self.real_openings

    @property
    def knows_truth(self) -> bool:
        """Whether opening and width are known."""
        return self.instruments.true_mouth is not None and all(
            clip.has_truth for clip in self.clips
        )

    @cached_property
    def real_hit_rates(self) -> np.ndarray:
        """A4 of the real frames, float [clips]."""
        return self.hit_rates(RealArm(self.clips))

    @cached_property
    def reference_features(self) -> FeatureSet:
        """A8 compares with these: of every other training clip.

        Held-out clips come from a few sources, puppets' even from characters
        of their own, and no set of faces is like them.
        """
        return self._training_features(0)

    @cached_property
    def real_features(self) -> FeatureSet:
        """A8, real against real: of the training clips in between."""
        return self._training_features(1)

    @cached_property
    def silent(self) -> list[np.ndarray]:
        """Frames of each clip in whose whole window it is silent."""
        quiet = self.instruments.quiet
        return [
            np.flatnonzero(clip.windows()[:, :, 0].max(axis=1) < quiet)
            for clip in self.clips
        ]

    @cached_property
    def diverse_moments(self) -> Moments:
        """64 moments, as many clips as there are, for A7."""
        return random_moments(self.clips, DIVERSITY_FACES, self.seed)

    @cached_property
    def real_ms_ssim(self) -> np.ndarray:
        """Of real faces at those moments, float [64, 64]."""
        faces = RealArm(self.clips).faces(
            self.diverse_moments[0], self.diverse_moments
        )
        return pairwise_ms_ssim(faces)

    def hit_rates(self, arm: Arm) -> np.ndarray:
        """A4 of an arm, float [clips]; the first identity of each cast."""
        clips, _ = self.lineups.moments
        identities = np.array([arm.cast(clip)[0] for clip in clips])
        return hit_rates(
            self.instruments.probe,
            arm.faces(identities, self.lineups.moments),
            windows_at(self.clips, self.lineups.moments),
            self.lineups,
        )

    @cached_property
    def real_likeness(self) -> np.ndarray:
        """A11 of the real frames, float [clips]."""
        return found_rates(self._gallery, self._gallery)

    def likeness(self, arm: Arm) -> np.ndarray:
        """A11 of an arm, float [clips]; the first identity of each cast."""
        return found_rates(self._gallery_codes(arm), self._gallery)

    @cached_property
    def _gallery(self) -> np.ndarray:
        return self._gallery_codes(RealArm(self.clips))

    def _gallery_codes(self, arm: Arm) -> np.ndarray:
        """Codes alone: what is to be seen, and not how sharply."""
        moments = gallery_moments([len(clip) for clip in self.clips])
        identities = np.array([arm.cast(clip)[0] for clip in moments[0]])
        features = self.instruments.features
        return features.code_alone(features(arm.faces(identities, moments)))

    def features_of(self, arm: Arm, most: int) -> FeatureSet:
        """Of as many faces as in `real_features`; random identities.

        Args:
            arm: Who speaks.
            most: Identities to take at most, the first ones.
        """
        count = len(self.real_features.features)
        moments = self.feature_moments(count)
        identities = self.random_identities(arm, count, most)
        faces = arm.faces(identities, moments)
        return FeatureSet(self.instruments.features(faces), moments[0])

    def codes_of(self, faces: FeatureSet) -> FeatureSet:
        """The same faces by the autoencoder's codes alone."""
        codes = self.instruments.features.code_alone(faces.features)
        return FeatureSet(codes, faces.clips)

    def feature_moments(self, count: int) -> Moments:
        """Of A8: clips in turn, a random frame of each."""
        return random_moments(self.clips, count, self.seed + 2)

    def _training_features(self, first: int) -> FeatureSet:
        clips = self.instruments.training_clips[first::2]
        faces, numbers = some_faces(clips, _REAL_FACES_PER_CLIP)
        return FeatureSet(self.instruments.features(faces), numbers)

    def random_identities(
        self, arm: Arm, count: int, most: int = FEW_IDENTITIES
    ) -> np.ndarray:
        """Every one as often as any other, in random order: int [count]."""
        generator = np.random.default_rng(self.seed)
        several = min(arm.identities, most)
        return generator.permutation(np.arange(count) % several)


def random_moments(
    clips: Sequence[SpeechClip], count: int, seed: int
) -> Moments:
    """Clips in turn, a random frame of each."""
    generator = np.random.default_rng(seed)
    order = np.resize(generator.permutation(len(clips)), count)
    lengths = np.array([len(clip) for clip in clips])
    frames = generator.integers(0, lengths[order])
    return order, frames
