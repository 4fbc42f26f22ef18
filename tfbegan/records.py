"""The data set's schema: one definition for the writer and the reader.

A data set is a folder:

    dataset.json                            the marker, written last
    features.json, dataset_info.json        the same for TensorFlow Datasets
    faces-train.tfrecord-00000-of-00004     shards of tf.train.Example
    faces-validation.tfrecord-00000-of-00001
    sources.csv                             one status row for every source
    contact_sheet.png                       a look at the crops

A record is one `Clip`: some seconds of one face, with the MFCC track that the
reader cuts the window around each frame from. Windows overlap almost wholly,
so one a frame would multiply the audio by its length.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from tfbegan.config import AudioConfig, FaceConfig
from tfbegan.errors import ConfigError, DatasetError
from tfbegan.files import read_json

if TYPE_CHECKING:
    import tensorflow as tf

SCHEMA_VERSION = 1
DATASET_NAME = "faces"
MARKER_NAME = "dataset.json"
SPLITS = ("train", "validation")


@dataclass(frozen=True)
class Clip:
    """Some seconds of one face: one record.

    Attributes:
        clip_id: 16 hexadecimal digits, unique in a data set.
        source_id: 16 hexadecimal digits of the source it was cut from. All
            clips of a source are in one split.
        frames: T encoded images (JPEG or PNG), RGB, image_size squared.
        frame_times: float32 [T], seconds from the first frame, rising.
        mfcc: float32 [M, n_mfcc], not normalised, one row a hop; [0, n_mfcc]
            for a clip without sound.
        mfcc_centres: int64 [T], the row of `mfcc` that each frame's window
            is centred on, every window being inside of `mfcc`; [0] for a
            clip without sound.
        mouth_opening: float32 [T] in [0, 1], the true opening of a drawn
            mouth; [0] where it isn't known (footage).
        mouth_width: float32 [T] in [0, 1], likewise.
        metadata: Whatever else is known, as a JSON object.
    """

    clip_id: str
    source_id: str
    frames: Sequence[bytes]
    frame_times: np.ndarray
    mfcc: np.ndarray
    mfcc_centres: np.ndarray
    mouth_opening: np.ndarray = field(
        default_factory=lambda: np.zeros(0, np.float32)
    )
    mouth_width: np.ndarray = field(
        default_factory=lambda: np.zeros(0, np.float32)
    )
    metadata: str = "{}"


def encode_clip(clip: Clip) -> bytes:
    """A clip as a serialised tf.train.Example, the same bytes always."""
    import tensorflow as tf

    def texts(*values: str) -> tf.train.Feature:
        return byte_strings([value.encode() for value in values])

    def byte_strings(values: Sequence[bytes]) -> tf.train.Feature:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))

    def floats(values: np.ndarray) -> tf.train.Feature:
        flat = np.asarray(values, np.float32).ravel()
        return tf.train.Feature(float_list=tf.train.FloatList(value=flat))

    def integers(values: np.ndarray) -> tf.train.Feature:
        flat = np.asarray(values, np.int64).ravel()
        return tf.train.Feature(int64_list=tf.train.Int64List(value=flat))

    example = tf.train.Example(
        features=tf.train.Features(
            feature={
                "clip_id": texts(clip.clip_id),
                "source_id": texts(clip.source_id),
                "frames": byte_strings(clip.frames),
                "frame_times": floats(clip.frame_times),
                "mfcc": floats(clip.mfcc),
                "mfcc_centres": integers(clip.mfcc_centres),
                "mouth_opening": floats(clip.mouth_opening),
                "mouth_width": floats(clip.mouth_width),
                "metadata": texts(clip.metadata),
            }
        )
    )
    return example.SerializeToString(deterministic=True)


def parse_clip(
    serialized: "tf.Tensor", n_mfcc: int
) -> Mapping[str, "tf.Tensor"]:
    """The inverse of `encode_clip` in a TensorFlow graph.

    Args:
        serialized: string [], one record.
        n_mfcc: Coefficients of an MFCC row.

    Returns:
        The fields of `Clip` by name, `frames` still encoded: string [T].
    """
    import tensorflow as tf

    def sequence(dtype: tf.DType, *shape: int) -> Any:
        return tf.io.FixedLenSequenceFeature(shape, dtype, allow_missing=True)

    return tf.io.parse_single_example(
        serialized,
        {
            "clip_id": tf.io.FixedLenFeature((), tf.string),
            "source_id": tf.io.FixedLenFeature((), tf.string),
            "frames": sequence(tf.string),
            "frame_times": sequence(tf.float32),
            "mfcc": sequence(tf.float32, n_mfcc),
            "mfcc_centres": sequence(tf.int64),
            "mouth_opening": sequence(tf.float32),
            "mouth_width": sequence(tf.float32),
            "metadata": tf.io.FixedLenFeature((), tf.string),
        },
    )


@dataclass(frozen=True)
class ShardInfo:
    """What a shard must hold, byte for byte."""

    name: str
    split: str
    clips: int
    frames: int
    size: int
    sha256: str


@dataclass(frozen=True)
class DatasetInfo:
    """The content of the marker file.

    Attributes:
        face: The geometry of the crops.
        audio: The MFCC front end.
        has_audio: Every clip has sound. False if any clip is without.
        has_truth: Every clip has the true opening and width of the mouth.
        mfcc_mean: Per coefficient, over the training split; length n_mfcc.
        mfcc_std: Likewise, never 0. Windows are normalised by
            (mfcc - mean) / std.
        shards: Every shard of both splits, in order.
        plan: The builder's whole configuration, to compare with.
        generator: Who wrote it, such as "tfrecords_builder 0.1.0".
        schema_version: Of the records.
    """

    face: FaceConfig
    audio: AudioConfig
    has_audio: bool
    has_truth: bool
    mfcc_mean: tuple[float, ...]
    mfcc_std: tuple[float, ...]
    shards: tuple[ShardInfo, ...]
    plan: Mapping[str, Any]
    generator: str
    schema_version: int = SCHEMA_VERSION

    def shards_of(self, split: str) -> tuple[ShardInfo, ...]:
        """The shards of "train" or "validation", in order."""
        return tuple(shard for shard in self.shards if shard.split == split)

    def clips(self, split: str) -> int:
        """Records in a split."""
        return sum(shard.clips for shard in self.shards_of(split))

    def frames(self, split: str) -> int:
        """Faces in a split."""
        return sum(shard.frames for shard in self.shards_of(split))

    def to_dict(self) -> dict[str, Any]:
        """The content as plain JSON types."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, content: Any) -> Self:
        """The inverse of `to_dict`.

        Raises:
            DatasetError: The content isn't of this schema.
        """
        try:
            version = content["schema_version"]
            if version != SCHEMA_VERSION:
                raise DatasetError(
                    f"The data set has schema version {version}; this version"
                    f" of tfbegan reads {SCHEMA_VERSION}. Build it again."
                )
            return cls(
                **{
                    **content,
                    "face": FaceConfig.from_dict(content["face"]),
                    "audio": AudioConfig.from_dict(content["audio"]),
                    "mfcc_mean": tuple(map(float, content["mfcc_mean"])),
                    "mfcc_std": tuple(map(float, content["mfcc_std"])),
                    "shards": tuple(
                        ShardInfo(**shard) for shard in content["shards"]
                    ),
                }
            )
        except (KeyError, TypeError, ValueError, ConfigError) as error:
            raise DatasetError(
                f"{MARKER_NAME} isn't the marker of a data set ({error})."
                " Build the data set again."
            ) from error


def read_dataset_info(folder: Path) -> DatasetInfo:
    """Reads a data set's marker; says nothing yet about its shards.

    Raises:
        DatasetError: `folder` is missing, unfinished or no data set.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DatasetError(
            f"There is no folder {folder}. Build a data set there with:"
            f" tfrecords-builder build SOURCE --out {folder}"
        )
    marker = folder / MARKER_NAME
    if not marker.is_file():
        raise DatasetError(
            f"{folder} is no finished data set: it has no {MARKER_NAME}."
            " Name another folder, or run the same tfrecords-builder build"
            " command again to finish it."
        )
    return DatasetInfo.from_dict(read_json(marker))


def shard_name(split: str, index: int, count: int) -> str:
    """A shard's file name, in the form that TensorFlow Datasets reads."""
    return f"{DATASET_NAME}-{split}.tfrecord-{index:05d}-of-{count:05d}"
