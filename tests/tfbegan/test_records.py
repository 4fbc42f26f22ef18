"""A clip written is the clip read."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfbegan.errors import DatasetError
from tfbegan.records import (
    Clip,
    DatasetInfo,
    encode_clip,
    parse_clip,
    read_dataset_info,
    shard_name,
)


@given(
    st.lists(st.binary(max_size=20), min_size=1, max_size=5),
    st.integers(0, 40),
    st.booleans(),
    st.text(max_size=20),
)
@settings(max_examples=40, deadline=None)
def test_a_clip_survives(frames, rows, truth, metadata):
    count = len(frames)
    generator = np.random.default_rng(rows)
    clip = Clip(
        clip_id="0" * 16,
        source_id="f" * 16,
        frames=frames,
        frame_times=np.arange(count, dtype=np.float32),
        mfcc=generator.normal(size=(rows, 13)).astype(np.float32),
        mfcc_centres=np.arange(count if rows else 0),
        mouth_opening=generator.random(count if truth else 0, np.float32),
        mouth_width=generator.random(count if truth else 0, np.float32),
        metadata=metadata,
    )
    record = encode_clip(clip)
    assert record == encode_clip(clip)
    parsed = {k: v.numpy() for k, v in parse_clip(record, 13).items()}
    assert list(parsed["frames"]) == frames
    assert parsed["metadata"].decode() == metadata
    assert parsed["mfcc"].shape == (rows, 13)
    for name in ("frame_times", "mfcc", "mfcc_centres", "mouth_opening"):
        np.testing.assert_array_equal(parsed[name], getattr(clip, name))


def test_the_marker_survives(tiny_dataset):
    info = read_dataset_info(tiny_dataset)
    assert DatasetInfo.from_dict(info.to_dict()) == info
    assert info.frames("train") + info.frames("validation") == sum(range(3, 13))


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": 99},
        {"shards": [{"name": "a"}]},
        {"face": {"image_size": 33}},
        {"colour": "red"},
        {"mfcc_mean": None},
    ],
)
def test_a_marker_of_another_schema_is_refused(tiny_dataset, change):
    content = {**read_dataset_info(tiny_dataset).to_dict(), **change}
    with pytest.raises(DatasetError):
        DatasetInfo.from_dict(content)


def test_shards_are_named_as_tensorflow_datasets_names_them():
    assert shard_name("train", 2, 10) == "faces-train.tfrecord-00002-of-00010"
