"""From shards to batches: the tf.data pipeline.

An epoch is a shuffle that depends on (seed, epoch) alone, epochs follow each
other without a seam, and what is skipped on resuming is skipped before it is
decoded. So step n of a seed always sees the same faces, whenever it is reached,
and a batch size need not divide anything.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from tfbegan.data.augmentation import (
    SoundAugmentation,
    augment_window,
    quiet_level,
)
from tfbegan.errors import ConfigError
from tfbegan.records import DatasetInfo, parse_clip

if TYPE_CHECKING:
    from tfbegan.data.dataset import FaceDataset

_ENDLESS = np.iinfo(np.int64).max
_CLIPS_BUFFERED = 64
_FRAMES_BUFFERED = 8_192
"""Encoded, so some tens of MB; frames of a hundred clips are mixed."""

_FILES_AT_ONCE = 4
_CLIP_NUMBERS = 2**31
_SOUND = 2**32
"""Added to the seed: sound is not to follow the coins of the flips."""


@dataclass(frozen=True)
class Share:
    """What one worker of several reads.

    Attributes:
        index: Of the worker, from 0.
        count: Workers. Clip n of a split is read by worker n modulo `count`
            and by no other.
        parts: Replicas of the worker: its share of a step comes as so many
            batches, one after the other.
    """

    index: int = 0
    count: int = 1
    parts: int = 1


@dataclass(frozen=True)
class StreamOrder:
    """Which faces come when.

    Attributes:
        batch_size: Faces a step, of all workers together.
        seed: Of the shuffles and of what augments.
        start_step: Batches to leave out at the start.
        clips_per_batch: Clips that a batch comes from, about: each gives
            batch_size / clips_per_batch frames, far apart from each other.
            None is one frame a clip.
        flip: Whether every other face is mirrored.
        with_audio: Whether the MFCC window of each face comes with it.
        augmentation: What is done to those windows.
        share: Of the worker that reads.
    """

    batch_size: int
    seed: int
    start_step: int = 0
    clips_per_batch: int | None = None
    flip: bool = False
    with_audio: bool = False
    augmentation: SoundAugmentation = field(default_factory=SoundAugmentation)
    share: Share = field(default_factory=Share)

    @property
    def rows(self) -> int:
        """Faces of one batch of this worker, which are a replica's."""
        return self.batch_size // (self.share.count * self.share.parts)

    @property
    def frames_per_clip(self) -> int:
        """Frames that a clip gives to a batch."""
        wanted = self.batch_size // (self.clips_per_batch or self.batch_size)
        return max(1, min(wanted, self.rows))


def stream(
    dataset: "FaceDataset", split: str, order: StreamOrder
) -> tf.data.Dataset:
    """Endless batches of a split, every face once an epoch.

    Args:
        dataset: Of the faces.
        split: "train" or "validation".
        order: Which come when.

    Returns:
        Dictionaries of "image": float32 [B, S, S, 3] in [-1, 1], B being
        `order.rows`; with audio
        "mfcc": float32 [B, window_frames, n_mfcc], raw, and "clip": int64
        [B], equal within a clip; where the truth is known "mouth_opening" and
        "mouth_width": float32 [B].

    Raises:
        ConfigError: Audio is asked for and there is none.
    """
    _check_audio(dataset, order.with_audio)
    total = _frames_of_share(dataset, split, order.share)
    first = order.start_step * order.rows * order.share.parts
    epochs = tf.data.Dataset.range(first // total, _ENDLESS)
    frames = epochs.flat_map(
        lambda epoch: _shuffled_frames(dataset, split, order, epoch)
    )
    decode = _Decoder(dataset.info, order)
    return (
        frames.skip(first % total)
        .enumerate(start=first)
        .map(decode.numbered, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(order.rows, drop_remainder=True)
        .prefetch(tf.data.AUTOTUNE)
    )


def epoch(
    dataset: "FaceDataset", split: str, batch_size: int, with_audio: bool
) -> tf.data.Dataset:
    """Every face of a split once, in order; the last batch may be smaller."""
    _check_audio(dataset, with_audio)
    decode = _Decoder(dataset.info)
    return (
        records(dataset, split)
        .flat_map(lambda clip: _frame_groups(clip, 1, dataset.info, with_audio))
        .unbatch()
        .map(decode, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(batch_size)
        .prefetch(tf.data.AUTOTUNE)
    )


def records(dataset: "FaceDataset", split: str) -> tf.data.Dataset:
    """The records of a split in the order of the shards, faces encoded."""
    files = [str(path) for path in dataset.paths(split)]
    n_mfcc = dataset.info.audio.n_mfcc
    return tf.data.TFRecordDataset(files).map(
        lambda serialized: parse_clip(serialized, n_mfcc)
    )


def pick_pairs(
    dataset: "FaceDataset", split: str, wanted: Sequence[int] | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The faces at some positions in the order of the shards, and their sound.

    Returns:
        uint8 [len(wanted), S, S, 3] and raw MFCC windows float32
        [len(wanted), W, n_mfcc], in the order of `wanted`; windows of zeros
        where the data set has no sound.
    """
    places = {int(position): i for i, position in enumerate(wanted)}
    info = dataset.info
    size = info.face.image_size
    images = np.zeros((len(wanted), size, size, 3), np.uint8)
    windows = np.zeros(
        (len(wanted), info.audio.window_frames, info.audio.n_mfcc), np.float32
    )
    position = 0
    for clip in dataset.clips(split):
        count = len(clip["frames"])
        for frame in range(count):
            place = places.get(position + frame)
            if place is None:
                continue
            images[place] = decode_frame(clip["frames"][frame])
            if info.has_audio:
                windows[place] = clip_windows(clip, info, [frame])[0]
        position += count
    return images, windows


def decode_frame(encoded: bytes) -> np.ndarray:
    """A record's frame: uint8 [S, S, 3]."""
    return tf.io.decode_image(encoded, channels=3).numpy()


def clip_windows(
    clip: Mapping[str, Any], info: DatasetInfo, frames: Sequence[int]
) -> np.ndarray:
    """The raw MFCC windows of some frames of a record.

    Args:
        clip: As `FaceDataset.clips` yields it.
        info: Of the data set.
        frames: Their numbers, from 0.

    Returns:
        float32 [len(frames), W, n_mfcc].
    """
    half = info.audio.window_frames // 2
    centres = clip["mfcc_centres"][np.asarray(frames)]
    return clip["mfcc"][centres[:, None] + np.arange(-half, half + 1)]


def _shuffled_frames(
    dataset: "FaceDataset", split: str, order: StreamOrder, epoch: tf.Tensor
) -> tf.data.Dataset:
    """The faces of one epoch, encoded, in the order of (seed, epoch)."""
    # This runs in a graph of its own. With a seed in it, which it has where
    # keras.utils.set_random_seed was called, that would decide too.
    tf.compat.v1.get_default_graph().seed = None
    seed = tf.random.fold_in([order.seed, 0], epoch)
    shards = tf.random.experimental.stateless_shuffle(
        tf.range(len(dataset.paths(split))), seed
    )
    n_mfcc = dataset.info.audio.n_mfcc
    size = order.frames_per_clip
    return (
        tf.data.Dataset.from_tensor_slices(shards)
        .interleave(
            _shard_reader(dataset, split, order.share),
            cycle_length=_FILES_AT_ONCE,
            num_parallel_calls=1,
            deterministic=True,
        )
        .shuffle(_CLIPS_BUFFERED, seed=seed[0])
        .map(lambda serialized: parse_clip(serialized, n_mfcc))
        .flat_map(
            lambda clip: _frame_groups(
                clip, size, dataset.info, order.with_audio
            )
        )
        .shuffle(max(1, _FRAMES_BUFFERED // size), seed=seed[1])
        .unbatch()
    )


def _shard_reader(
    dataset: "FaceDataset", split: str, share: Share
) -> Callable[[tf.Tensor], tf.data.Dataset]:
    """From the number of a shard to the records in it that are the share's."""
    paths = tf.constant([str(path) for path in dataset.paths(split)])
    clips = [shard.clips for shard in dataset.info.shards_of(split)]
    firsts = tf.constant([0, *np.cumsum(clips)[:-1]], tf.int64)

    def read(shard: tf.Tensor) -> tf.data.Dataset:
        records = tf.data.TFRecordDataset(paths[shard])
        if share.count == 1:
            return records
        first_own = (share.index - firsts[shard]) % share.count
        return records.shard(share.count, first_own)

    return read


def _frames_of_share(dataset: "FaceDataset", split: str, share: Share) -> int:
    if share.count == 1:
        return dataset.frames(split)
    n_mfcc = dataset.info.audio.n_mfcc
    lengths = (
        tf.data.Dataset.range(len(dataset.paths(split)))
        .flat_map(_shard_reader(dataset, split, share))
        .map(lambda record: tf.size(parse_clip(record, n_mfcc)["frames"]))
    )
    return sum(int(length) for length in lengths.as_numpy_iterator())


def _frame_groups(
    clip: Any, size: int, info: DatasetInfo, with_audio: bool
) -> tf.data.Dataset:
    """A clip's frames in groups of `size` (or less), far apart in each.

    Of T frames there are G = ceil(T / size) groups; group g has the frames
    g, g + G, g + 2G and so on.
    """
    count = tf.shape(clip["frames"], out_type=tf.int64)[0]
    groups = (count + size - 1) // size
    half = info.audio.window_frames // 2
    quiet = quiet_level(clip["mfcc"]) if with_audio else None

    def group(start: tf.Tensor) -> dict[str, tf.Tensor]:
        members = tf.range(start, count, groups)
        parts = {"image": tf.gather(clip["frames"], members)}
        if info.has_truth:
            for name in ("mouth_opening", "mouth_width"):
                parts[name] = tf.gather(clip[name], members)
        if with_audio:
            centres = tf.gather(clip["mfcc_centres"], members)
            rows = centres[:, None] + tf.range(-half, half + 1, dtype=tf.int64)
            parts["mfcc"] = tf.gather(clip["mfcc"], rows)  # [size, W, n_mfcc]
            parts["quiet"] = tf.fill(tf.shape(members), quiet)
            parts["clip"] = tf.fill(
                tf.shape(members),
                tf.strings.to_hash_bucket_fast(clip["clip_id"], _CLIP_NUMBERS),
            )
        return parts

    return tf.data.Dataset.range(groups).map(group)


class _Decoder:
    """Encoded faces to what a model takes."""

    def __init__(
        self, info: DatasetInfo, order: StreamOrder | None = None
    ) -> None:
        self.size = info.face.image_size
        self.audio = info.audio
        self.flip = order is not None and order.flip
        self.seed = 0 if order is None else order.seed
        self.share = Share() if order is None else order.share
        self.augmentation = (
            SoundAugmentation() if order is None else order.augmentation
        )

    def numbered(
        self, number: tf.Tensor, parts: dict[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Decodes; what is drawn is a function of seed and number."""
        if self.share.count > 1:  # no two workers draw the same
            number = number * self.share.count + self.share.index
        decoded = self(parts)
        if self.augmentation and "mfcc" in parts:
            decoded["mfcc"] = augment_window(
                parts["mfcc"],
                parts["quiet"],
                self.audio,
                self.augmentation,
                tf.stack([tf.constant(self.seed, tf.int64) + _SOUND, number]),
            )
        if self.flip:
            coin = tf.random.stateless_uniform((), [self.seed, number])
            decoded["image"] = tf.cond(
                coin < 0.5,
                lambda: decoded["image"],
                lambda: tf.reverse(decoded["image"], axis=[1]),
            )
        return decoded

    def __call__(self, parts: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        decoded = {k: v for k, v in parts.items() if k != "quiet"}
        pixels = tf.io.decode_image(
            parts["image"], channels=3, expand_animations=False
        )
        pixels = tf.ensure_shape(pixels, (self.size, self.size, 3))
        decoded["image"] = tf.cast(pixels, tf.float32) / 127.5 - 1.0
        return decoded


def _check_audio(dataset: "FaceDataset", with_audio: bool) -> None:
    if with_audio and not dataset.info.has_audio:
        raise ConfigError(
            f"The data set {dataset.folder} has no sound for every face, so"
            " no audio can be taken from it. Train with --conditioning noise,"
            " or build it from footage with sound."
        )
