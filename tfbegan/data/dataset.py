"""Opens a data set, and lets nobody read one that is not whole."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfbegan.config import SpeechConfig
from tfbegan.errors import DatasetError
from tfbegan.files import sha256_file
from tfbegan.records import (
    SPLITS,
    DatasetInfo,
    ShardInfo,
    read_dataset_info,
)

if TYPE_CHECKING:
    import tensorflow as tf


def open_dataset(path: str | Path, verify: bool = True) -> "FaceDataset":
    """Opens a folder that `tfrecords-builder` made.

    TensorFlow does not notice a shard that is missing or cut at the border of
    a record, so sizes and SHA-256 are compared first.

    Args:
        path: The folder.
        verify: Whether to compare hashes too; sizes always are.

    Raises:
        DatasetError: The folder is no data set, or a shard is missing, cut,
            changed or foreign.
    """
    folder = Path(path)
    info = read_dataset_info(folder)
    for shard in info.shards:
        _check_shard(folder / shard.name, shard, verify)
    return FaceDataset(folder, info)


class FaceDataset:
    """A verified data set.

    Args:
        folder: Of the shards.
        info: The content of its marker.
    """

    def __init__(self, folder: Path, info: DatasetInfo) -> None:
        self.folder = folder
        self.info = info

    def frames(self, split: str) -> int:
        """Faces in "train" or "validation"."""
        return self.info.frames(_known_split(split))

    def stream(
        self,
        split: str = "train",
        *,
        batch_size: int,
        seed: int,
        **options: Any,
    ) -> "tf.data.Dataset":
        """Endless shuffled batches; see `pipeline.stream`."""
        from tfbegan.data import pipeline

        order = pipeline.StreamOrder(batch_size, seed, **options)
        return pipeline.stream(self, self._filled(split), order)

    def epoch(
        self, split: str, batch_size: int, with_audio: bool = False
    ) -> "tf.data.Dataset":
        """Every face of a split once, in the order of the shards."""
        from tfbegan.data import pipeline

        return pipeline.epoch(self, self._filled(split), batch_size, with_audio)

    def images(self, split: str, n: int, seed: int = 0) -> np.ndarray:
        """Faces of a split, evenly drawn from all of it.

        Args:
            split: "train" or "validation".
            n: How many; fewer come where the split has fewer.
            seed: Equal seeds give equal faces.

        Returns:
            uint8 [n, S, S, 3].
        """
        return self.pairs(split, n, seed)[0]

    def pairs(
        self, split: str, n: int, seed: int = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Faces of a split, evenly drawn from all of it, and their sound.

        Args:
            split: "train" or "validation".
            n: How many; fewer come where the split has fewer.
            seed: Equal seeds give equal faces.

        Returns:
            uint8 [n, S, S, 3] and raw MFCC windows float32 [n, W, n_mfcc],
            zeros where there is no sound.
        """
        from tfbegan.data import pipeline

        total = self.frames(self._filled(split))
        generator = np.random.default_rng(seed)
        wanted = generator.choice(total, min(n, total), replace=False)
        return pipeline.pick_pairs(self, split, wanted)

    @property
    def speech(self) -> SpeechConfig:
        """What a model that learns from this must keep to hear as it did."""
        info = self.info
        return SpeechConfig(
            info.audio,
            info.mfcc_mean,
            info.mfcc_std,
            info.face.mouth_box,
            info.face.eye_distance,
            info.face.eye_height,
        )

    def paths(self, split: str) -> list[Path]:
        """The shards of a split, in order."""
        return [self.folder / s.name for s in self.info.shards_of(split)]

    def clips(self, split: str) -> Iterator[dict[str, Any]]:
        """The records of a split as NumPy values, faces still encoded."""
        from tfbegan.data import pipeline

        yield from pipeline.records(self, split).as_numpy_iterator()

    def _filled(self, split: str) -> str:
        if self.frames(split) == 0:
            raise DatasetError(
                f"{self.folder} has no faces in its {split} split. Build it"
                " with more sources or another --validation-fraction."
            )
        return split


def _check_shard(path: Path, shard: ShardInfo, verify: bool) -> None:
    remedy = "Copy the data set again, or build it again."
    if not path.is_file():
        raise DatasetError(f"The shard {path} is missing. {remedy}")
    size = path.stat().st_size
    if size != shard.size:
        raise DatasetError(
            f"The shard {path} is damaged: it has {size} bytes instead of"
            f" {shard.size}. {remedy}"
        )
    if verify and sha256_file(path) != shard.sha256:
        raise DatasetError(
            f"The shard {path} is damaged: its SHA-256 is not the one in the"
            f" marker. {remedy}"
        )


def _known_split(split: str) -> str:
    if split not in SPLITS:
        raise DatasetError(
            f"There is no split {split!r}. There are: {', '.join(SPLITS)}"
        )
    return split
