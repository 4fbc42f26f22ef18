"""TensorFlow Datasets reads our folders."""

import warnings

import numpy as np
import pytest

from tfbegan.data.dataset import open_dataset

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def builder(puppet_dataset):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tensorflow_datasets as tfds

        return tfds.builder_from_directory(puppet_dataset)


@pytest.mark.filterwarnings("ignore")
def test_counts_shapes_and_dtypes(builder, puppet_dataset):
    dataset = open_dataset(puppet_dataset)
    for split in ("train", "validation"):
        assert builder.info.splits[split].num_examples == dataset.info.clips(
            split
        )
        read = list(builder.as_dataset(split=split).as_numpy_iterator())
        ours = {c["clip_id"]: c for c in dataset.clips(split)}
        assert len(read) == len(ours)
        for clip in read:
            own = ours[clip["clip_id"]]
            assert clip["frames"].shape == (len(own["frames"]), 32, 32, 3)
            assert clip["frames"].dtype == np.uint8
            np.testing.assert_array_equal(clip["mfcc"], own["mfcc"])
            np.testing.assert_array_equal(
                clip["mouth_opening"], own["mouth_opening"]
            )


@pytest.mark.filterwarnings("ignore")
def test_a_part_of_a_split(builder, puppet_dataset):
    total = open_dataset(puppet_dataset).info.clips("train")
    part = list(builder.as_dataset(split="train[:60%]"))
    assert len(part) == round(0.6 * total)
