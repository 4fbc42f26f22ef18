"""The sync probe: a critic of its own, which no generator learnt from."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tfbegan.evaluation.arms import RealArm, windows_at
from tfbegan.evaluation.fitting import Fit, fit_network
from tfbegan.evaluation.mouth_meters import disturb
from tfbegan.evaluation.retrieval import draw_lineups, hit_rates
from tfbegan.evaluation.speech_clips import SpeechClip

if TYPE_CHECKING:
    from tfbegan.config import SpeechConfig

_FIT = Fit(steps=2_000, learning_rate=1e-3, check_steps=200, patience=4)
_CLIPS_PER_BATCH = 16
_FRAMES_PER_CLIP = 4
_HELD_BACK = 0.1
_CHECK_ROUNDS = 4
_LARGEST_GAIN = 20.0
"""Of c0: about what a speaker further away or nearer differs by."""


def train_sync_probe(
    clips: Sequence[SpeechClip], speech: "SpeechConfig", seed: int
) -> Any:
    """Learns which sound belongs to which mouth, from real pairs alone.

    InfoNCE over 64 pairs, 4 from each of 16 clips, so that both other moments
    of the clip and other clips must be told apart. Images are shifted and lit
    anew, sounds made louder and softer. It ends when retrieval among 16 stops
    improving on a tenth of the clips, held back.

    Args:
        clips: Of the training split.
        speech: Front end and mouth box.
        seed: Of weights and order; another than any generator's critic has.

    Returns:
        A `SyncCritic` with its best weights.
    """
    from tfbegan.conditioning import contrastive_loss
    from tfbegan.models.sync_critic import SyncCritic

    seen, held_back = split_clips(clips)
    size = clips[0].pixels.shape[1]
    probe = SyncCritic(size, speech, filters=32, embedding_dim=64, seed=seed)

    def loss(batch: dict[str, Any]) -> Any:
        mouths, sounds = probe(batch)
        return contrastive_loss(mouths, sounds, probe.temperature)

    lineups = draw_lineups([len(c) for c in held_back], _CHECK_ROUNDS, seed)
    faces = RealArm(held_back).faces(lineups.clips, lineups.moments)
    windows = windows_at(held_back, lineups.moments)

    def quality() -> float:
        return float(hit_rates(probe, faces, windows, lineups).mean())

    fit_network(probe, loss, _pairs(seen, seed), _FIT, quality)
    return probe


def split_clips(
    clips: Sequence[SpeechClip],
) -> tuple[list[SpeechClip], list[SpeechClip]]:
    """Those to learn from, and every tenth (4 at least) to judge by."""
    from tfbegan.evaluation.retrieval import CLIPS

    count = max(CLIPS, round(_HELD_BACK * len(clips)))
    held = set(np.linspace(0, len(clips) - 1, count).round().astype(int))
    return (
        [clip for i, clip in enumerate(clips) if i not in held] or list(clips),
        [clip for i, clip in enumerate(clips) if i in held],
    )


def _pairs(
    clips: Sequence[SpeechClip], seed: int
) -> Iterator[dict[str, np.ndarray]]:
    generator = np.random.default_rng(seed)
    per_batch = min(_CLIPS_PER_BATCH, len(clips))
    while True:
        chosen = generator.choice(len(clips), per_batch, replace=False)
        images, windows = [], []
        for clip in (clips[i] for i in chosen):
            frames = generator.choice(
                len(clip), _FRAMES_PER_CLIP, replace=False
            )
            images.append(clip.images(frames))
            windows.append(clip.windows(frames))
        sounds = np.concatenate(windows)
        sounds[:, :, 0] += generator.uniform(
            -_LARGEST_GAIN, _LARGEST_GAIN, (len(sounds), 1)
        )
        yield {
            "image": disturb(np.concatenate(images), generator),
            "mfcc": sounds,
        }
