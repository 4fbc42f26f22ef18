"""Nine ways to damage a data set, each found with its file and record."""

import json
import shutil

import pytest

from tfbegan.data.dataset import open_dataset
from tfbegan.errors import DatasetError
from tfrecords_builder.verify import stats, verify


@pytest.fixture
def folder(tiny_dataset, tmp_path):
    return shutil.copytree(tiny_dataset, tmp_path / "data")


def first_shard(folder):
    return sorted(folder.glob("faces-train*"))[0]


def record_starts(shard):
    content, starts, position = shard.read_bytes(), [], 0
    while position < len(content):
        starts.append(position)
        position += 16 + int.from_bytes(
            content[position : position + 8], "little"
        )
    return starts


def cut_inside_a_record(folder):
    shard = first_shard(folder)
    start = record_starts(shard)[1]
    shard.write_bytes(shard.read_bytes()[: start + 100])
    return shard.name, 1


def cut_between_records(folder):
    shard = first_shard(folder)
    start = record_starts(shard)[-1]
    shard.write_bytes(shard.read_bytes()[:start])
    return shard.name, len(record_starts(shard))


def change_a_bit(shard, position):
    content = bytearray(shard.read_bytes())
    content[position] ^= 4
    shard.write_bytes(content)


def change_a_bit_of_the_content(folder):
    shard = first_shard(folder)
    change_a_bit(shard, record_starts(shard)[1] + 200)
    return shard.name, 1


def change_a_bit_of_a_length(folder):
    shard = first_shard(folder)
    change_a_bit(shard, record_starts(shard)[1] + 1)
    return shard.name, 1


def empty_a_shard(folder):
    shard = first_shard(folder)
    shard.write_bytes(b"")
    return shard.name, 0


def fill_with_garbage(folder):
    shard = first_shard(folder)
    shard.write_bytes(bytes(range(256)) * 20)
    return shard.name, 0


def lose_a_shard(folder):
    shard = first_shard(folder)
    shard.unlink()
    return shard.name, None


def add_a_foreign_shard(folder):
    foreign = folder / "faces-train.tfrecord-00009-of-00010"
    shutil.copy(first_shard(folder), foreign)
    return foreign.name, None


def edit_the_marker(folder):
    marker = folder / "dataset.json"
    content = json.loads(marker.read_text())
    content["shards"][0]["sha256"] = "0" * 64
    marker.write_text(json.dumps(content))
    return content["shards"][0]["name"], None


DAMAGES = [
    cut_inside_a_record,
    cut_between_records,
    change_a_bit_of_the_content,
    change_a_bit_of_a_length,
    empty_a_shard,
    fill_with_garbage,
    lose_a_shard,
    add_a_foreign_shard,
    edit_the_marker,
]


def test_a_whole_data_set_has_no_problem(folder):
    assert verify(folder) == []


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda f: f.__name__)
def test_every_damage_is_found_with_file_and_record(folder, damage):
    file, record = damage(folder)
    (problem,) = verify(folder)
    assert (problem.file, problem.record) == (file, record)
    assert file in str(problem)


@pytest.mark.parametrize(
    "damage",
    [d for d in DAMAGES if d is not add_a_foreign_shard],
    ids=lambda f: f.__name__,
)
def test_the_reader_refuses_it_before_the_first_record(folder, damage):
    file, _ = damage(folder)
    with pytest.raises(DatasetError, match=file):
        open_dataset(folder)


def test_a_marker_that_is_no_json_is_a_problem(folder):
    (folder / "dataset.json").write_text("{")
    (problem,) = verify(folder)
    assert problem.file == "dataset.json"


def test_a_folder_that_is_no_data_set_is_an_error(tmp_path):
    with pytest.raises(DatasetError, match="no finished data set"):
        verify(tmp_path)
    with pytest.raises(DatasetError, match="no folder"):
        verify(tmp_path / "nowhere")


def test_stats_count_what_is_there(folder):
    figures = stats(folder)
    dataset = open_dataset(folder)
    for split in ("train", "validation"):
        clips = list(dataset.clips(split))
        assert figures["splits"][split]["clips"] == len(clips)
        assert figures["splits"][split]["frames"] == sum(
            len(clip["frames"]) for clip in clips
        )
    assert figures["has_truth"]
