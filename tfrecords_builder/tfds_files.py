"""Descriptions by which TensorFlow Datasets reads our folders.

Written by hand: `tfds.builder_from_directory` needs nothing but these two
files, and so the builder needs no TensorFlow Datasets.
"""

from pathlib import Path
from typing import Any

from tfbegan.files import write_json
from tfbegan.records import DATASET_NAME, SPLITS, DatasetInfo

_FILE_NAMES = "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}"
_FILE_NAMES = "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}"
_FEATURES = "tensorflow_datasets.core.features"


def write_tfds_files(folder: Path, info: DatasetInfo) -> None:
    """Writes features.json and dataset_info.json."""
    write_json(folder / "features.json", _features(info))
    write_json(folder / "dataset_info.json", _dataset_info(info))


def _features(info: DatasetInfo) -> dict[str, Any]:
    size = info.face.image_size
    image = {
        "pythonClassName": f"{_FEATURES}.image_feature.Image",
        "image": {
            "shape": {"dimensions": [str(size), str(size), "3"]},
            "dtype": "uint8",
        },
    }
    frames = {
        "pythonClassName": f"{_FEATURES}.sequence_feature.Sequence",
        "sequence": {"feature": image, "length": "-1"},
    }
    return {
        "pythonClassName": f"{_FEATURES}.features_dict.FeaturesDict",
        "featuresDict": {
            "features": {
                "clip_id": _text(),
                "source_id": _text(),
                "metadata": _text(),
                "frames": frames,
                "frame_times": _tensor("float32", "-1"),
                "mfcc": _tensor("float32", "-1", str(info.audio.n_mfcc)),
                "mfcc_centres": _tensor("int64", "-1"),
                "mouth_opening": _tensor("float32", "-1"),
                "mouth_width": _tensor("float32", "-1"),
            }
        },
    }


def _text() -> dict[str, Any]:
    return {
        "pythonClassName": f"{_FEATURES}.text_feature.Text",
        "text": {},
    }


def _tensor(dtype: str, *dimensions: str) -> dict[str, Any]:
    return {
        "pythonClassName": f"{_FEATURES}.tensor_feature.Tensor",
        "tensor": {
            "shape": {"dimensions": list(dimensions)},
            "dtype": dtype,
            "encoding": "none",
        },
    }


def _dataset_info(info: DatasetInfo) -> dict[str, Any]:
    return {
        "name": DATASET_NAME,
        "version": "1.0.0",
        "fileFormat": "tfrecord",
        "description": "Faces in clips with their MFCC tracks.",
        "moduleName": "tfrecords_builder",
        "splits": [
            {
                "name": split,
                "filepathTemplate": _FILE_NAMES,
                "numBytes": str(sum(s.size for s in info.shards_of(split))),
                "shardLengths": [str(s.clips) for s in info.shards_of(split)],
            }
            for split in SPLITS
            if info.clips(split)
        ],
    }
