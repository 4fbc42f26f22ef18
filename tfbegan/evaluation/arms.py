"""Who is measured: a generator, or a control that is known to be bad or good.

All answer the same question, "what does this face look like at that moment of
that clip?", so one code measures them all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from tfbegan.evaluation.speech_clips import SpeechClip

Moments = tuple[np.ndarray, np.ndarray]
"""Clips and frames in them: int [N], int [N]."""


class Speaker(Protocol):
    """A generator that takes sound, such as a `LoadedGenerator`."""

    def speak(
        self, latents: np.ndarray | None, windows: np.ndarray
    ) -> np.ndarray:
        """Faces [B, S, S, 3] of z [B, latent_dim] and raw MFCC windows."""


class Arm(Protocol):
    """One column of the table.

    An identity is what stays while a face speaks: which z. There are
    `identities` of them, counted from 0.
    """

    @property
    def identities(self) -> int:
        """How many there are."""

    def cast(self, clip: int) -> Sequence[int]:
        """The identities that speak a whole clip."""

    def faces(self, identities: np.ndarray, moments: Moments) -> np.ndarray:
        """float32 [N, S, S, 3] in [-1, 1]; identities int [N]."""


@dataclass(frozen=True)
class GeneratorArm:
    """A generator, speaking the clips' own sound.

    Attributes:
        speaker: The generator.
        clips: Whose sound is spoken.
        latents: float32 [identities, latent_dim], one z each; None for a
            generator without z.
        cast_size: How many identities speak each clip: the first ones.
        by_clip: Whether identity i belongs to clip i and speaks it alone, as
            where z is the code of the clip's own face.
    """

    speaker: Speaker
    clips: Sequence[SpeechClip]
    latents: np.ndarray | None
    cast_size: int = 1
    by_clip: bool = False

    @property
    def identities(self) -> int:
        """How many z there are."""
        return 1 if self.latents is None else len(self.latents)

    def cast(self, clip: int) -> Sequence[int]:
        """The identities that speak a whole clip."""
        if self.by_clip:
            return [clip]
        return range(min(self.cast_size, self.identities))

    def faces(self, identities: np.ndarray, moments: Moments) -> np.ndarray:
        """float32 [N, S, S, 3] in [-1, 1]; identities int [N]."""
        latents = None if self.latents is None else self.latents[identities]
        return self.speaker.speak(latents, windows_at(self.clips, moments))


@dataclass(frozen=True)
class ShuffledArm:
    """Control: the arm hears another clip, from another moment on.

    Clips begin and end in silence, so two clips' sounds correlate in time. To
    undo that the other clip is turned, its end joined to its beginning; over
    all clips the turns go once around evenly.

    Attributes:
        arm: Who speaks.
        partners: int [clips], the clip that is heard instead of each.
        turns: int [clips], frames by which it is turned.
        lengths: int [clips], frames in each clip.
    """

    arm: Arm
    partners: np.ndarray
    turns: np.ndarray
    lengths: np.ndarray

    @classmethod
    def of(cls, arm: Arm, clips: Sequence[SpeechClip], seed: int) -> Any:
        """Draws partners (each clip once, none itself) and turns."""
        generator = np.random.default_rng(seed)
        order = generator.permutation(len(clips))
        partners = np.empty(len(clips), int)
        partners[order] = np.roll(order, 1)
        lengths = np.array([len(clip) for clip in clips])
        # A share of the way around in each of as many equal parts.
        shares = generator.permutation(len(clips)) + generator.random()
        turns = (shares / len(clips) * lengths[partners]).astype(int)
        return cls(arm, partners, turns, lengths)

    @property
    def identities(self) -> int:
        """Those of the arm."""
        return self.arm.identities

    def cast(self, clip: int) -> Sequence[int]:
        """The arm's, of the clip that is seen."""
        return self.arm.cast(clip)

    def faces(self, identities: np.ndarray, moments: Moments) -> np.ndarray:
        """float32 [N, S, S, 3] in [-1, 1]; identities int [N]."""
        clips, frames = moments
        heard = self.partners[clips]
        turned = (frames + self.turns[clips]) % self.lengths[heard]
        return self.arm.faces(identities, (heard, turned))

    def heard_frames(self, clip: int, length: int) -> np.ndarray:
        """The frames of the other clip that a whole clip hears, int [T]."""
        turned = np.arange(length) + self.turns[clip]
        return turned % self.lengths[self.partners[clip]]


@dataclass(frozen=True)
class MeanFaceArm:
    """Control: one face for every sound, the mean of the training faces.

    Attributes:
        face: float32 [S, S, 3], in [-1, 1].
    """

    face: np.ndarray
    identities: int = 1

    def cast(self, clip: int) -> Sequence[int]:
        """The only one."""
        return [0]

    def faces(self, identities: np.ndarray, moments: Moments) -> np.ndarray:
        """float32 [N, S, S, 3] in [-1, 1]; identities int [N]."""
        return np.repeat(self.face[None], len(identities), axis=0)


@dataclass(frozen=True)
class RealArm:
    """Control: the true faces, the best that can be measured.

    Attributes:
        clips: Whose faces are given back.
    """

    clips: Sequence[SpeechClip]

    @property
    def identities(self) -> int:
        """One a clip."""
        return len(self.clips)

    def cast(self, clip: int) -> Sequence[int]:
        """The clip's own."""
        return [clip]

    def faces(self, identities: np.ndarray, moments: Moments) -> np.ndarray:
        """float32 [N, S, S, 3] in [-1, 1]; identities are not looked at."""
        return np.stack(
            [
                self.clips[clip].images(frame)
                for clip, frame in zip(*moments, strict=True)
            ]
        )


def windows_at(clips: Sequence[SpeechClip], moments: Moments) -> np.ndarray:
    """The sound at some moments, float32 [N, window_frames, n_mfcc]."""
    return np.concatenate(
        [
            clips[clip].windows(np.array([frame]))
            for clip, frame in zip(*moments, strict=True)
        ]
    )


def whole_clip(clip: int, length: int) -> Moments:
    """Every moment of a clip."""
    return np.full(length, clip), np.arange(length)


def perform(arm: Arm, clip: int, length: int) -> np.ndarray:
    """A whole clip by each identity of its cast.

    Returns:
        float32 [cast, T, S, S, 3] in [-1, 1].
    """
    cast = list(arm.cast(clip))
    clips, frames = whole_clip(clip, length)
    faces = arm.faces(
        np.repeat(cast, length),
        (np.tile(clips, len(cast)), np.tile(frames, len(cast))),
    )
    return faces.reshape(len(cast), length, *faces.shape[1:])
