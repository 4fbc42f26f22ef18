"""Clips as the measures take them: decoded faces and the sound of each."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tfbegan.config import AudioConfig
from tfbegan.errors import ConfigError, DatasetError

if TYPE_CHECKING:
    from tfbegan.data.dataset import FaceDataset

_FEWEST_FRAMES = 8


@dataclass(frozen=True)
class SpeechClip:
    """Some seconds of one talking face.

    Attributes:
        clip_id: Of the record.
        source_id: Of the source it was cut from.
        pixels: uint8 [T, S, S, 3].
        mfcc: float32 [M, n_mfcc], not normalised.
        times: float32 [T], seconds from the first frame.
        centres: int64 [T], the row of `mfcc` on which each frame's window is
            centred.
        half: Rows of a window on either side of its centre.
        opening: float32 [T] in [0, 1], the true opening of the mouth; [0]
            where it isn't known.
        width: float32 [T] in [0, 1], likewise.
    """

    clip_id: str
    source_id: str
    pixels: np.ndarray
    mfcc: np.ndarray
    times: np.ndarray
    centres: np.ndarray
    half: int
    opening: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    width: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def has_truth(self) -> bool:
        """Whether opening and width of the mouth are known."""
        return len(self.opening) == len(self)

    def images(self, frames: Any = slice(None)) -> np.ndarray:
        """Faces, float32 [N, S, S, 3] in [-1, 1]; all by default."""
        return as_float(self.pixels[frames])

    def windows(self, frames: Any = slice(None)) -> np.ndarray:
        """The sound around faces, float32 [N, window_frames, n_mfcc]."""
        offsets = np.arange(-self.half, self.half + 1)
        return self.mfcc[self.centres[frames][:, None] + offsets]

    @property
    def energy(self) -> np.ndarray:
        """c0, the energy in decibels but for scale, at each frame: [T]."""
        return self.mfcc[self.centres, 0]


def as_float(pixels: np.ndarray) -> np.ndarray:
    """uint8 faces to float32 in [-1, 1]."""
    return pixels.astype(np.float32) / 127.5 - 1.0


def load_clips(
    dataset: "FaceDataset",
    splits: Sequence[str],
    most: int | None = None,
    leave_out: Collection[str] = (),
) -> list[SpeechClip]:
    """The clips of some splits, decoded.

    Args:
        dataset: With sound.
        splits: Such as ("train",).
        most: Clips to take at most, evenly spread over all; None takes all.
        leave_out: Ids of clips not to take.

    Returns:
        In the order of the shards. Clips of less than 8 frames are left out:
        nothing moves in them.

    Raises:
        ConfigError: The data set has no sound.
        DatasetError: There is no clip in the splits.
    """
    if not dataset.info.has_audio:
        raise ConfigError(
            f"The data set {dataset.folder} has no sound for every face, so"
            " a generator that takes sound can't be measured on it. Name one"
            " that was built from footage with sound."
        )
    clips = [
        _decode(record, dataset.info.audio)
        for record in clip_records(dataset, splits, most, leave_out)
    ]
    if not clips:
        raise DatasetError(
            f"{dataset.folder} has no clip of {_FEWEST_FRAMES} frames or more"
            f" in {' and '.join(splits)}. Build it with more sources."
        )
    return clips


def clip_records(
    dataset: "FaceDataset",
    splits: Sequence[str],
    most: int | None = None,
    leave_out: Collection[str] = (),
) -> Iterator[dict[str, Any]]:
    """The records that `load_clips` decodes, one after another."""
    # Two readings, since all records of a large data set fit no memory.
    wanted = set(clip_ids(dataset, splits, most, leave_out))
    for record in _long_enough(dataset, splits):
        if record["clip_id"].decode() in wanted:
            yield record


def clip_ids(
    dataset: "FaceDataset",
    splits: Sequence[str],
    most: int | None = None,
    leave_out: Collection[str] = (),
) -> list[str]:
    """The ids of the clips that `load_clips` loads."""
    ids = [r["clip_id"].decode() for r in _long_enough(dataset, splits)]
    ids = [clip_id for clip_id in ids if clip_id not in leave_out]
    count = len(ids) if most is None else min(most, len(ids))
    places = np.linspace(0, len(ids) - 1, count).round().astype(int)
    return [ids[place] for place in places]


def decode_faces(
    record: Mapping[str, Any], frames: Sequence[int] | np.ndarray
) -> np.ndarray:
    """Some faces of a record, uint8 [N, S, S, 3]."""
    import tensorflow as tf

    return np.stack(
        [
            tf.io.decode_image(record["frames"][frame], channels=3).numpy()
            for frame in frames
        ]
    )


def _long_enough(
    dataset: "FaceDataset", splits: Sequence[str]
) -> Iterator[dict[str, Any]]:
    for split in splits:
        if dataset.frames(split):
            for record in dataset.clips(split):
                if len(record["frames"]) >= _FEWEST_FRAMES:
                    yield record


def _decode(record: dict[str, Any], audio: AudioConfig) -> SpeechClip:
    return SpeechClip(
        clip_id=record["clip_id"].decode(),
        source_id=record["source_id"].decode(),
        pixels=decode_faces(record, range(len(record["frames"]))),
        mfcc=record["mfcc"],
        times=record["frame_times"],
        centres=record["mfcc_centres"],
        half=audio.window_frames // 2,
        opening=record["mouth_opening"],
        width=record["mouth_width"],
    )


def check_speaks(generator: Any, dataset: "FaceDataset") -> None:
    """Refuses a data set whose faces or sounds a generator does not make.

    Args:
        generator: With `audio` and `image_size`, such as a `LoadedGenerator`.
        dataset: To be measured on.

    Raises:
        ConfigError: One takes no sound, or sizes or front ends differ.
    """
    info = dataset.info
    if generator.audio is None:
        raise ConfigError(
            f"{generator.path} takes no sound, so it can't be measured beside"
            " a generator that does. Name a run of a conditioning with audio."
        )
    if generator.image_size != info.face.image_size:
        raise ConfigError(
            f"{generator.path} makes faces of {generator.image_size} pixels,"
            f" and those of {dataset.folder} have {info.face.image_size}. Name"
            " a data set of the same size."
        )
    if not info.has_audio:
        raise ConfigError(
            f"The data set {dataset.folder} has no sound for every face, and"
            f" {generator.path} speaks by sound. Name one that was built from"
            " footage with sound."
        )
    if generator.audio != info.audio:
        raise ConfigError(
            f"{dataset.folder} has another MFCC front end than"
            f" {generator.path} was trained with:"
            f" {_differences(info.audio, generator.audio)}. Build it again"
            " with the training data's settings."
        )


def _differences(own: AudioConfig, other: AudioConfig) -> str:
    theirs = other.to_dict()
    return ", ".join(
        f"{name} is {value}, not {theirs[name]}"
        for name, value in own.to_dict().items()
        if value != theirs[name]
    )


def check_apart(clips: Sequence[SpeechClip], training: "FaceDataset") -> None:
    """Refuses clips as held out that a data set's training split has.

    Raises:
        ConfigError: A source is in both.
    """
    learnt = {
        record["source_id"].decode() for record in training.clips("train")
    }
    both = [clip for clip in clips if clip.source_id in learnt]
    if both:
        raise ConfigError(
            f"{len(both)} of {len(clips)} held-out clips are of sources in the"
            f" training split of {training.folder}, so they were learnt from."
            " Leave --held-out away for its validation split, or name another"
            " data set."
        )
