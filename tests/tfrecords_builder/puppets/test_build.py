import json

import numpy as np
import pytest

from tfbegan.config import AudioConfig, FaceConfig
from tfbegan.errors import ConfigError, OutputError, PlanChangedError
from tfbegan.evaluation.regions import MouthBox
from tfbegan.evaluation.variance_shares import within_share
from tfbegan.records import MARKER_NAME, parse_clip, read_dataset_info
from tfrecords_builder.puppets.build import (
    PuppetPlan,
    build_puppets,
    character_clips,
    puppet_clips,
    record_take,
    source_id,
)
from tfrecords_builder.puppets.character import make_character

_TINY = PuppetPlan(
    face=FaceConfig(image_size=32),
    characters=3,
    sentences=1,
    sentence_s=0.8,
    clips_per_shard=2,
)


def _bytes(folder):
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if not path.name.startswith(".")
    }


def _records(folder):
    import tensorflow as tf

    info = read_dataset_info(folder)
    for shard in info.shards:
        for record in tf.data.TFRecordDataset(str(folder / shard.name)):
            clip = parse_clip(record, info.audio.n_mfcc)
            yield shard.split, {k: v.numpy() for k, v in clip.items()}


def test_the_marker_counts_what_is_there(puppet_dataset):
    info = read_dataset_info(puppet_dataset)
    assert info.has_audio
    assert info.has_truth
    assert info.clips("train") + info.clips("validation") == 12
    assert info.frames("train") + info.frames("validation") == 12 * 50
    assert len(list(_records(puppet_dataset))) == 12
    assert len(info.mfcc_mean) == len(info.mfcc_std) == 13


def test_windows_lie_inside_and_truth_is_per_frame(puppet_dataset):
    half = AudioConfig().window_frames // 2
    for _, clip in _records(puppet_dataset):
        centres = clip["mfcc_centres"]
        assert centres.min() >= half
        assert centres.max() < len(clip["mfcc"]) - half
        for name in ("frame_times", "mouth_opening", "mouth_width"):
            assert clip[name].shape == (50,)
        assert np.diff(centres) == pytest.approx(4, abs=1)
        assert clip["mouth_opening"].min() >= 0
        assert clip["mouth_opening"].max() <= 1


def test_no_source_is_in_both_splits(puppet_dataset):
    sources = {"train": set(), "validation": set()}
    for split, clip in _records(puppet_dataset):
        sources[split].add(clip["source_id"])
    assert sources["train"]
    assert sources["validation"]
    assert not sources["train"] & sources["validation"]


def test_metadata_names_voice_and_phonemes(puppet_dataset):
    for _, clip in _records(puppet_dataset):
        metadata = json.loads(clip["metadata"])
        assert metadata["character"]["voice"]["pitch_hz"] > 80
        assert metadata["phonemes"][0][0] == "-"
        assert metadata["phonemes"][-1][2] == pytest.approx(2.0)
        assert metadata["eye_distance_px"] == pytest.approx(9.6)


def test_frames_decode_to_faces(puppet_dataset):
    import tensorflow as tf

    _, clip = next(_records(puppet_dataset))
    image = tf.io.decode_image(clip["frames"][0]).numpy()
    assert image.shape == (32, 32, 3)
    assert image.std() > 20


@pytest.mark.slow
def test_one_or_two_workers_give_the_same_bytes(tmp_path):
    for workers in (1, 2):
        build_puppets(tmp_path / str(workers), _TINY, workers)
    assert _bytes(tmp_path / "1") == _bytes(tmp_path / "2")


def test_a_finished_folder_is_left_alone_and_another_plan_refused(tmp_path):
    out = tmp_path / "data"
    build_puppets(out, _TINY, workers=1)
    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    build_puppets(out, _TINY, workers=1)
    assert before == {path: path.stat().st_mtime_ns for path in out.iterdir()}
    with pytest.raises(PlanChangedError, match="seed"):
        build_puppets(out, _TINY.replace(seed=1), workers=1)


def test_a_folder_of_an_earlier_version_is_left_alone(tmp_path):
    out = tmp_path / "data"
    build_puppets(out, _TINY, workers=1)
    marker = out / MARKER_NAME
    content = json.loads(marker.read_text())
    for name in ("looks", "one_sitting", "days"):
        del content["plan"][name]
    marker.write_text(json.dumps(content))
    assert build_puppets(out, _TINY, workers=1).clips("train") > 0
    with pytest.raises(PlanChangedError, match="looks=0"):
        build_puppets(out, _TINY.replace(looks=1), workers=1)


def test_one_look_in_many_lights():
    plan = _TINY.replace(looks=1)
    faces = [record_take(plan, number).frames[0] for number in range(3)]
    others = [record_take(_TINY, number).frames[0] for number in range(3)]
    assert source_id(plan, 1) != source_id(_TINY, 1)

    def spread(frames):
        return np.stack(frames).astype(float).std(axis=0).mean()

    assert 1 < spread(faces) < 0.5 * spread(others)


def test_in_one_sitting_nearly_all_that_changes_in_a_mouth_is_speech():
    many_places = PuppetPlan(characters=12, looks=1, sentences=1)
    one_sitting = many_places.replace(one_sitting=True)
    assert source_id(one_sitting, 1) != source_id(many_places, 1)

    def share_within_sentences(plan):
        takes = [record_take(plan, n) for n in range(plan.characters)]
        mouths = [MouthBox.of(plan.face).crop(t.frames[::5]) for t in takes]
        return within_share([mouth.astype(float) for mouth in mouths])

    assert share_within_sentences(many_places) < 0.5
    assert share_within_sentences(one_sitting) > 0.7
    days = many_places.replace(days=True)
    assert 0.5 < share_within_sentences(days) < 0.7


def test_one_sitting_is_on_one_day():
    with pytest.raises(ConfigError, match="exclude each other"):
        PuppetPlan(one_sitting=True, days=True)


def test_what_an_interrupted_build_left_is_replaced(tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    build_puppets(whole, _TINY, workers=1)
    left = tmp_path / ".incomplete-broken" / "parts"
    left.mkdir(parents=True)
    (left / "x.tfrecord").write_bytes(b"half a part")
    build_puppets(broken, _TINY, workers=1)
    assert _bytes(whole) == _bytes(broken)
    assert {path.name for path in tmp_path.iterdir()} == {"whole", "broken"}


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "letter.txt").write_text("dear diary")
    with pytest.raises(OutputError, match="no data set"):
        build_puppets(tmp_path, _TINY, workers=1)
    assert (tmp_path / "letter.txt").read_text() == "dear diary"


def test_seeds_and_characters_differ():
    takes = [
        record_take(_TINY, 0),
        record_take(_TINY, 1),
        record_take(_TINY.replace(seed=1), 0),
    ]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert not np.array_equal(takes[one].frames, takes[other].frames)
        assert not np.array_equal(takes[one].waveform, takes[other].waveform)


def test_a_take_is_the_clip_as_plain_arrays():
    take = record_take(_TINY, 1)
    (clip,) = character_clips(_TINY, 1)
    assert take.frames.shape == (20, 32, 32, 3)
    assert len(clip.frames) == 20
    assert clip.source_id == source_id(_TINY, 1)
    np.testing.assert_array_equal(
        clip.mouth_opening, take.opening.astype(np.float32)
    )


def test_closed_lips_are_silent_or_hum_and_open_ones_are_loud():
    plan = PuppetPlan(face=FaceConfig(image_size=32), sentence_s=3.0)
    take = record_take(plan, 0)
    half = plan.audio.sample_rate // 100
    moments = (take.frame_times + take.lead_s) * plan.audio.sample_rate
    loudness = np.array(
        [
            np.sqrt(np.mean(take.waveform[int(m) - half : int(m) + half] ** 2))
            for m in moments
        ]
    )
    wide, shut = take.opening > 0.5, take.opening < 0.02
    assert wide.any()
    assert shut.any()
    assert np.median(loudness[wide]) > 5 * np.median(loudness[shut])


def test_ids_are_unique_and_hexadecimal():
    clips = list(puppet_clips(_TINY.replace(sentences=2), workers=1))
    ids = {clip.clip_id for clip in clips}
    assert len(ids) == len(clips) == 6
    assert all(len(i) == 16 and int(i, 16) >= 0 for i in ids)


@pytest.mark.slow
def test_validation_is_like_the_whole_cast(tmp_path):
    plan = PuppetPlan(
        face=FaceConfig(image_size=32), sentences=1, sentence_s=0.5
    )
    build_puppets(tmp_path / "data", plan, workers=1)
    held_back = {
        clip["source_id"].decode()
        for split, clip in _records(tmp_path / "data")
        if split == "validation"
    }
    assert len(held_back) == 5
    numbers = range(plan.characters)
    cast = [make_character(plan.seed, n, plan.characters) for n in numbers]
    chosen = [source_id(plan, n) in held_back for n in numbers]
    for trait in (
        lambda c: c.voice.pitch_hz,
        lambda c: sum(c.skin),
        lambda c: sum(c.hair),
        lambda c: c.age,
        lambda c: float(c.glasses != "none"),
        lambda c: float(c.beard != "none"),
    ):
        everyone = np.array([trait(c) for c in cast])
        difference = abs(everyone[chosen].mean() - everyone.mean())
        assert difference < 0.5 * everyone.std()


def test_a_plan_survives_json():
    plan = PuppetPlan(characters=24, face=FaceConfig(image_size=128))
    content = json.loads(json.dumps(plan.to_dict()))
    assert PuppetPlan.from_dict(content) == plan


@pytest.mark.parametrize(
    "changes",
    [
        {"characters": 0},
        {"characters": 3, "looks": 4},
        {"fps": 0.5},
        {"sentence_s": 0.1},
        {"image_format": "gif"},
        {"jpeg_quality": 101},
        {"face": FaceConfig(eye_distance=0.6)},
    ],
)
def test_impossible_plans_are_refused(changes):
    with pytest.raises(ConfigError, match="Received"):
        PuppetPlan(**changes)


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("here")
    with pytest.raises(OutputError):
        build_puppets(tmp_path / "file", _TINY, workers=1)


@pytest.mark.parametrize("size", [64, 128])
def test_png_at_other_sizes(size):
    plan = _TINY.replace(
        face=FaceConfig(image_size=size), image_format="png", fps=30.0
    )
    (clip,) = character_clips(plan, 2)
    assert len(clip.frames) == 24
    assert clip.frames[0].startswith(b"\x89PNG")
