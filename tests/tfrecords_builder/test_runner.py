"""Real builds: the same bytes whatever happens on the way."""

import csv
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from tfbegan.data.dataset import open_dataset
from tfbegan.errors import (
    DatasetError,
    LockedError,
    OutputError,
    PlanChangedError,
)
from tfbegan.files import folder_lock, sha256_file
from tfbegan.records import read_dataset_info
from tfrecords_builder.extract import Extractor
from tfrecords_builder.jobs import plan_jobs
from tfrecords_builder.plan import BuildPlan, override
from tfrecords_builder.runner import _Handler, build, read_statuses
from tfrecords_builder.sources import find_sources

pytestmark = pytest.mark.slow

PLAN = override(BuildPlan(), {"face.image_size": 32, "clips_per_shard": 2})


def fingerprint(folder):
    return {
        path.name: sha256_file(path)
        for path in folder.iterdir()
        if not path.name.startswith(".")
    }


@pytest.fixture(scope="module")
def built(footage, tmp_path_factory):
    out = tmp_path_factory.mktemp("built") / "data"
    return build(find_sources([footage]), out, PLAN, workers=1)


def test_every_source_has_its_row(built):
    assert not built.complete
    rows = {row["file"]: row for row in read_statuses(built.folder)}
    assert rows["broken.mp4"]["status"] == "unreadable"
    assert rows["film.mp4"]["status"] == "ok"
    assert rows["portrait-3.png"]["status"] == "no_audio"  # a silent minority
    assert len(rows) == 4


def test_the_film_is_cut_where_the_camera_jumps(built):
    clips = [
        clip
        for split in ("train", "validation")
        for clip in open_dataset(built.folder).clips(split)
    ]
    starts = sorted(float(clip["frame_times"][-1]) for clip in clips)
    assert len(clips) == 2
    assert starts[0] == pytest.approx(1.2 - 0.04, abs=0.05)
    for clip in clips:
        assert len(clip["frames"]) == len(clip["mfcc_centres"])
        assert clip["mfcc_centres"][0] >= 17
        assert clip["mfcc_centres"][-1] + 17 < len(clip["mfcc"])


def test_four_workers_and_another_order_give_the_same_bytes(
    built, footage, tmp_path
):
    sources = find_sources(sorted(footage.iterdir(), reverse=True))[::-1]
    again = build(sources, tmp_path / "data", PLAN, workers=4)
    assert fingerprint(again.folder) == fingerprint(built.folder)
    assert not list(tmp_path.glob("*.incomplete"))


def test_building_again_does_nothing(built, footage):
    before = fingerprint(built.folder)
    again = build(find_sources([footage]), built.folder, PLAN)
    assert again.already_there
    assert fingerprint(built.folder) == before


@pytest.mark.parametrize(
    ("setting", "value"), [("clips_per_shard", 3), ("face.image_size", 64)]
)
def test_another_plan_is_refused_and_the_setting_named(
    built, footage, setting, value
):
    before = fingerprint(built.folder)
    plan = override(PLAN, {setting: value})
    with pytest.raises(PlanChangedError, match=setting) as caught:
        build(find_sources([footage]), built.folder, plan)
    assert caught.value.exit_code == 2
    assert fingerprint(built.folder) == before


def test_other_sources_are_refused(built, footage):
    with pytest.raises(PlanChangedError, match="sources"):
        build(find_sources([footage / "film.mp4"]), built.folder, PLAN)


def test_an_odd_source_costs_neither_the_build_nor_the_others(
    footage, tmp_path
):
    class Odd:
        def __init__(self, plan):
            self.extractor = Extractor(plan)

        def extract(self, source):
            if source.path.name == "portrait-3.png":
                raise ZeroDivisionError("nobody foresaw it")
            return self.extractor.extract(source)

    sources = find_sources([footage / "portrait-3.png", footage / "film.mp4"])
    jobs, _ = plan_jobs(sources, PLAN)
    handle = _Handler(PLAN, tmp_path, Odd)
    rows = [row for job in jobs for row in handle(job).report]
    told = [row["detail"] for row in rows if row.get("reason") == "crashed"]
    assert told == ["ZeroDivisionError: nobody foresaw it"]
    assert any("clip" in row for row in rows)


def test_a_build_that_is_killed_is_finished_by_the_next(
    built, footage, tmp_path
):
    out = tmp_path / "data"
    command = [
        sys.executable, "-m", "tfrecords_builder", "build", str(footage),
        "--out", str(out), "--size", "32", "--clips-per-shard", "2",
        "--workers", "1",
    ]  # fmt: skip
    delays = random.Random(0)
    for _ in range(10):
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(delays.uniform(0.5, 6))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    finished = subprocess.run(command, capture_output=True, text=True)
    assert finished.returncode == 3, finished.stderr
    assert fingerprint(out) == fingerprint(built.folder)
    assert not list(tmp_path.glob("*.incomplete"))


def test_a_folder_with_something_else_is_left_alone(footage, tmp_path):
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(OutputError, match="something else"):
        build(find_sources([footage]), tmp_path, PLAN)
    assert (tmp_path / "letters.txt").read_text() == "dear"


def test_a_second_builder_is_told_of_the_first(footage, tmp_path):
    staging = tmp_path / "data.incomplete"
    with (
        folder_lock(staging, "building"),
        pytest.raises(LockedError, match=f"process {os.getpid()}"),
    ):
        build(find_sources([footage]), tmp_path / "data", PLAN)


def test_no_face_at_all_is_an_error_not_a_data_set(footage, tmp_path):
    sources = find_sources([footage / "broken.mp4"])
    with pytest.raises(DatasetError, match="single face") as told:
        build(sources, tmp_path / "data", PLAN)
    assert not (tmp_path / "data").exists()
    assert "broken.mp4: unreadable: FFmpeg can't" in str(told.value)
    assert "\n" not in str(told.value)


def test_of_many_refused_sources_the_first_ones_are_told(footage, tmp_path):
    broken = (footage / "broken.mp4").read_bytes()
    for number in range(9):
        copy = tmp_path / f"broken-{number}.mp4"
        copy.write_bytes(broken + bytes([number]))
    with pytest.raises(DatasetError, match="And 4 more") as told:
        build(find_sources([tmp_path]), tmp_path / "out" / "data", PLAN)
    assert str(told.value).count("unreadable") == 5


def test_a_range_takes_its_part_and_its_columns(footage, tmp_path):
    table = tmp_path / "ranges.csv"
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "start_s", "end_s", "transcript"])
        writer.writerow([footage / "film.mp4", 0.2, 1.0, "mama"])
    result = build(find_sources([table]), tmp_path / "data", PLAN)
    assert result.complete
    (clip,) = open_dataset(result.folder).clips("train")
    assert len(clip["frames"]) == 20
    assert b'"transcript": "mama"' in clip["metadata"]
    # Outside of its range a window hears silence.
    assert clip["mfcc"][0, 0] == pytest.approx(clip["mfcc"][1, 0], abs=1e-3)


EXPECTED = {
    "audio_ends_early.mp4": "partial",
    "audio_only.m4a": "no_video",
    "audio_starts_0_5s_late.mp4": "partial",
    "audio_with_cover_art.m4a": "no_video",
    "damaged_macroblocks_sgib8n.mpg": "partial",
    "empty.mp4": "empty_file",
    "face_enters_at_2s.mp4": "ok",
    "fps_29_97.mp4": "ok",
    "fps_50.mp4": "ok",
    "grey_first_12_frames_lgbf8n.mpg": "ok",
    "hevc_10bit.mp4": "ok",
    "mjpeg_pcm_u8_8k.avi": "ok",
    "no_audio.mp4": "no_audio",
    "no_face_real_speech.mp4": "no_face",
    "no_face_test_pattern.mp4": "no_face",
    "not_a_video.mp4": "unreadable",
    "only_74_frames_srwi5a.mpg": "ok",
    "pcm_48k_stereo.mov": "ok",
    "rotation_flag.mp4": "ok",
    "sar_2_1.mp4": "ok",
    "silent_audio_track.mp4": "no_audio",
    "single_frame.mp4": "too_short",
    "tiny_face_64x52.mp4": "face_too_small",
    "truncated.mpg": "partial",
    "truncated_faststart.mp4": "partial",
    "truncated_no_moov.mp4": "unreadable",
    "two_audio_tracks.mkv": "ok",
    "two_faces_left_speaks.mp4": "ok",
    "very_dark.mp4": "ok",
    "vfr.mkv": "ok",
    "vfr.mp4": "ok",
    "video_ends_early.mp4": "ok",
    "vp9_opus.webm": "ok",
}


def test_every_awkward_file_has_the_right_status(shared_data, tmp_path):
    awkward = shared_data / "awkward"
    result = build(find_sources([awkward]), tmp_path / "data", PLAN, workers=2)
    received = {s.source.path.name: s.status for s in result.statuses}
    assert received == EXPECTED
    info = read_dataset_info(result.folder)
    assert info.has_audio
    assert not result.complete


def test_no_source_is_in_both_splits(tiny_dataset, puppet_dataset):
    for folder in (tiny_dataset, puppet_dataset):
        dataset = open_dataset(folder)
        seen = [
            {
                (clip["source_id"], clip["clip_id"])
                for clip in dataset.clips(split)
            }
            for split in ("train", "validation")
        ]
        for place in (0, 1):
            train, validation = ({pair[place] for pair in s} for s in seen)
            assert train
            assert validation
            assert not train & validation
