"""What measures: learnt once from a training split, then never changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfbegan.evaluation.fitting import cache_folder, cached
from tfbegan.evaluation.frozen_autoencoder import (
    FaceFeatures,
    train_autoencoder,
)
from tfbegan.evaluation.mouth_meters import (
    EigenMouth,
    TrueMouth,
    train_true_mouth,
)
from tfbegan.evaluation.regions import MouthBox
from tfbegan.evaluation.retrieval import check_clips
from tfbegan.evaluation.speech_clips import SpeechClip, load_clips
from tfbegan.evaluation.sync_probe import train_sync_probe

if TYPE_CHECKING:
    from tfbegan.data.dataset import FaceDataset

_MOST_TRAINING_CLIPS = 320
_SEED = 20_121
"""Not a seed that trainings are likely to have."""

_FEATURE_FACES = 3_000
_PROBE_FILE = "sync-probe-1.keras"
_AUTOENCODER_FILE = "autoencoder-1.keras"
_TRUE_MOUTH_FILE = "true-mouth-1.keras"


@dataclass(frozen=True)
class Instruments:
    """What the measures need beside the clips.

    Attributes:
        box: Of the mouth.
        eigen_mouth: The opening without truth.
        true_mouth: The opening and width with it; None on footage.
        probe: A `SyncCritic` that no generator learnt from.
        features: Of the frozen autoencoder.
        training_clips: What all of them learnt from.
        quiet: Energy (c0) below which a moment counts as silent.
    """

    box: MouthBox
    eigen_mouth: EigenMouth
    true_mouth: TrueMouth | None
    probe: Any
    features: FaceFeatures
    training_clips: Sequence[SpeechClip]
    quiet: float

    @property
    def opening(self) -> EigenMouth | TrueMouth:
        """The better of the two."""
        return self.true_mouth or self.eigen_mouth


def prepare_instruments(dataset: "FaceDataset") -> Instruments:
    """Learns them from the training split, or takes them from the cache.

    See `fitting.cache_folder`. The first time takes some minutes on one core;
    at most 320 clips, evenly spread, are learnt from.

    Args:
        dataset: With sound.

    Raises:
        ConfigError: It has no sound.
        DatasetError: There are no clips to learn from.
        OutputError: The cache can't be written.
    """
    # Keras can load from the cache only what is registered.
    import tfbegan.models.autoencoder
    import tfbegan.models.sync_critic  # noqa: F401

    clips = load_clips(dataset, ("train",), _MOST_TRAINING_CLIPS)
    check_clips(len(clips), "training")
    box = MouthBox.of(dataset.info.face)
    cache = cache_folder(Path(dataset.folder))
    true_mouth = None
    if dataset.info.has_truth:
        model = cached(
            cache / _TRUE_MOUTH_FILE,
            lambda: train_true_mouth(clips, box, _SEED),
        )
        true_mouth = TrueMouth(model, box)
    probe = cached(
        cache / _PROBE_FILE,
        lambda: train_sync_probe(clips, dataset.speech, _SEED),
    )
    autoencoder = cached(
        cache / _AUTOENCODER_FILE, lambda: train_autoencoder(clips, _SEED)
    )
    return Instruments(
        box=box,
        eigen_mouth=EigenMouth.fit(clips, box),
        true_mouth=true_mouth,
        probe=probe,
        features=FaceFeatures.of(
            autoencoder, spread_faces(clips, _FEATURE_FACES)
        ),
        training_clips=clips,
        quiet=quiet_level(clips),
    )


def spread_faces(clips: Sequence[SpeechClip], count: int) -> np.ndarray:
    """About `count` faces, float32, evenly spread over clips and time."""
    faces, _ = some_faces(clips, max(1, count // len(clips)))
    return faces


def some_faces(
    clips: Sequence[SpeechClip], each: int
) -> tuple[np.ndarray, np.ndarray]:
    """A few faces of every clip, evenly spread over its time.

    Args:
        clips: One or more.
        each: Faces of a clip; all of a shorter one.

    Returns:
        float32 [N, S, S, 3] in [-1, 1], and int [N], the number of each
        one's clip.
    """
    faces = [clip.images(spread_frames(len(clip), each)) for clip in clips]
    numbers = np.repeat(np.arange(len(clips)), [len(some) for some in faces])
    return np.concatenate(faces), numbers


def spread_frames(length: int, count: int) -> np.ndarray:
    """Numbers of `count` frames (or all), evenly spread over a clip."""
    count = min(count, length)
    return ((np.arange(count) + 0.5) * length / count).astype(int)


def quiet_level(clips: Sequence[SpeechClip]) -> float:
    """A quarter of the way from the quiet moments' energy to the loud ones'.

    Of the 2nd and the 95th percentile of c0.
    """
    low, high = np.percentile(
        np.concatenate([clip.mfcc[:, 0] for clip in clips]), (2, 95)
    )
    return float(low + 0.25 * (high - low))
