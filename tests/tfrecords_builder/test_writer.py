"""The bytes of a data set depend on its records alone."""

import dataclasses

import numpy as np
import pytest

from tfbegan.config import AudioConfig, FaceConfig
from tfbegan.errors import DatasetError, OutputError
from tfbegan.files import sha256_file
from tfbegan.records import Clip, read_dataset_info
from tfrecords_builder.crop import encode
from tfrecords_builder.parts import read_part, write_part
from tfrecords_builder.writer import DatasetSpec, write_dataset

SPEC = DatasetSpec(
    FaceConfig(image_size=32),
    AudioConfig(),
    plan={},
    generator="tests",
    validation_fraction=0.25,
    clips_per_shard=3,
)


def make_clip(number):
    generator = np.random.default_rng(number)
    face = generator.integers(0, 255, (32, 32, 3)).astype(np.uint8)
    return Clip(
        clip_id=f"{number:016x}",
        source_id=f"{number // 2:016x}",
        frames=[encode(face, 90)] * 2,
        frame_times=np.array([0, 0.04], np.float32),
        mfcc=generator.normal(number, 2, (40, 13)).astype(np.float32),
        mfcc_centres=np.array([17, 21]),
    )


def fingerprint(folder):
    return {path.name: sha256_file(path) for path in folder.iterdir()}


def test_neither_parts_nor_order_change_a_byte(tmp_path):
    clips = [make_clip(n) for n in range(12)]
    one = write_part(tmp_path / "one.part", clips)
    write_dataset([one], tmp_path / "first", SPEC)
    shuffled = [clips[i] for i in np.random.default_rng(0).permutation(12)]
    two = write_part(tmp_path / "two.part", shuffled[:5])
    three = write_part(tmp_path / "three.part", shuffled[5:])
    write_dataset([three, two], tmp_path / "second", SPEC)
    first = fingerprint(tmp_path / "first")
    assert first == fingerprint(tmp_path / "second")
    assert {"dataset.json", "features.json", "contact_sheet.png"} <= set(first)


def test_statistics_are_those_of_the_training_split(tmp_path):
    clips = [make_clip(n) for n in range(12)]
    part = write_part(tmp_path / "a.part", clips)
    info = write_dataset([part], tmp_path / "data", SPEC)
    assert info == read_dataset_info(tmp_path / "data")
    assert (
        info.clips("validation") == 4 - 4 % 2 or info.clips("validation") == 2
    )
    from tfbegan.data.dataset import open_dataset

    rows = np.concatenate(
        [c["mfcc"] for c in open_dataset(tmp_path / "data").clips("train")]
    ).astype(np.float64)
    np.testing.assert_allclose(info.mfcc_mean, rows.mean(0), rtol=1e-6)
    np.testing.assert_allclose(info.mfcc_std, rows.std(0), rtol=1e-6)


def test_a_clip_twice_is_an_error_that_shows_both(tmp_path):
    a = write_part(tmp_path / "a.part", [make_clip(1)])
    b = write_part(tmp_path / "b.part", [make_clip(1)])
    with pytest.raises(DatasetError, match=r"a\.part.*b\.part"):
        write_dataset([a, b], tmp_path / "data", SPEC)


def test_no_clip_is_no_data_set(tmp_path):
    part = write_part(tmp_path / "a.part", [])
    with pytest.raises(DatasetError, match="a single face to write"):
        write_dataset([part], tmp_path / "data", SPEC)


def test_a_part_is_read_back_or_made_again(tmp_path):
    part = write_part(tmp_path / "a.part", [make_clip(1)], {"note": 1})
    again = read_part(part.path)
    assert again is not None
    assert [dataclasses.asdict(c) for c in again.clips] == [
        {
            **dataclasses.asdict(c),
            "mfcc_sum": list(c.mfcc_sum),
            "mfcc_square_sum": list(c.mfcc_square_sum),
        }
        for c in part.clips
    ]
    assert again.report == {"note": 1}
    content = bytearray(part.path.read_bytes())
    content[40] ^= 1
    part.path.write_bytes(content)
    assert read_part(part.path) is None
    assert read_part(tmp_path / "nowhere.part") is None


def test_a_full_disk_is_told_and_leaves_no_marker(tmp_path, monkeypatch):
    import errno
    from pathlib import Path

    part = write_part(tmp_path / "a.part", [make_clip(n) for n in range(6)])
    original = Path.replace

    def full(self, target):
        if "tfrecord" in str(target):
            raise OSError(errno.ENOSPC, "No space left on device")
        return original(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OutputError, match="disk is full"):
        write_dataset([part], tmp_path / "data", SPEC)
    assert list((tmp_path / "data").iterdir()) == []
