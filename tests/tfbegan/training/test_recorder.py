"""stats.jsonl has one row per step, whatever happened before."""

import json

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import (
    EventAccumulator,
)

from tfbegan.errors import OutputError
from tfbegan.evaluation.audio_score import AudioScore
from tfbegan.training.pictures import GRID_IMAGES, Look
from tfbegan.training.recorder import Recorder
from tfbegan.training.run_folder import RunFolder
from tfbegan.training.statistics import read_rows


def rows(folder):
    text = folder.stats_file.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def value(event):
    return float(tf.make_ndarray(event.tensor_proto))


def record(folder, step, *new_steps):
    recorder = Recorder(folder, step)
    for new in new_steps:
        recorder.figures({"step": new, "k": new / 100})
    recorder.close()


def test_rows_are_appended(tmp_path):
    folder = RunFolder(tmp_path)
    record(folder, 0, 4, 8)
    record(folder, 8, 12)
    assert [row["step"] for row in rows(folder)] == [4, 8, 12]
    assert rows(folder)[0]["k"] == 0.04


def test_a_disk_that_is_full_for_tensorboard_is_told(tmp_path, monkeypatch):
    recorder = Recorder(RunFolder(tmp_path), 0)

    def full(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, "No space left")

    monkeypatch.setattr(tf.summary, "scalar", full)
    with pytest.raises(OutputError, match="space on the disk"):
        recorder.figures({"step": 1, "k": 0.5})
    monkeypatch.undo()
    recorder.close()


def test_rows_beyond_the_checkpoint_are_dropped(tmp_path):
    folder = RunFolder(tmp_path)
    record(folder, 0, 4, 8, 12)
    folder.looks_file.write_text('{"step": 6}\n{"step": 12}\n')
    record(folder, 6, 8)
    assert [row["step"] for row in rows(folder)] == [4, 8]
    assert read_rows(folder.looks_file) == [{"step": 6}]


@pytest.mark.parametrize("tail", ['{"step": 8, "k', "[]", '{"k": 1}'])
def test_a_row_that_a_crash_cut_is_dropped(tmp_path, tail):
    folder = RunFolder(tmp_path)
    record(folder, 0, 4)
    with folder.stats_file.open("a") as file:
        file.write(tail)
    record(folder, 20, 24)
    assert [row["step"] for row in rows(folder)] == [4, 24]


def test_tensorboard_gets_scalars_and_every_picture(tmp_path):
    folder = RunFolder(tmp_path)
    images = np.zeros((GRID_IMAGES, 8, 8, 3), np.uint8)
    recorder = Recorder(folder, 0)
    recorder.figures({"step": 4, "k": 0.25})
    recorder.look(6, Look(images, images, 0.125, 0.5))
    recorder.close()
    events = EventAccumulator(str(folder.tensorboard), {"tensors": 0})
    events.Reload()
    assert "step" not in events.Tags()["tensors"]
    assert read_rows(folder.looks_file) == [
        {
            "step": 6,
            "spread/fakes": 0.125,
            "spread/reals": 0.5,
            "spread/ratio": 0.25,
        }
    ]
    (k,) = events.Tensors("k")
    assert (k.step, value(k)) == (4, 0.25)
    (spread,) = events.Tensors("spread/fakes")
    assert (spread.step, value(spread)) == (6, 0.125)
    # Width and height come before the pictures.
    (samples,) = events.Tensors("samples")
    assert len(samples.tensor_proto.string_val) == 2 + GRID_IMAGES
    (fakes,) = events.Tensors("fakes")
    assert len(fakes.tensor_proto.string_val) == 2 + GRID_IMAGES // 4


@pytest.mark.parametrize("retrieval", [None, 0.75])
def test_tensorboard_gets_what_the_sound_does(tmp_path, retrieval):
    folder = RunFolder(tmp_path)
    images = np.zeros((GRID_IMAGES, 8, 8, 3), np.uint8)
    look = Look(
        images,
        images,
        fake_spread=0.5,
        real_spread=0.5,
        speech=images[:32],
        score=AudioScore(1.0, 0.5, 1.0, retrieval),
        sharpness=0.5,
    )
    recorder = Recorder(folder, 0)
    recorder.look(6, look)
    recorder.close()
    events = EventAccumulator(str(folder.tensorboard), {"tensors": 0})
    events.Reload()
    expected = {"opening_r": 0.5, "sharpness": 0.5, "quality": 0.25}
    for name, figure in expected.items():
        (event,) = events.Tensors(f"sound/{name}")
        assert (event.step, value(event)) == (6, figure)
    tags = events.Tags()["tensors"]
    assert ("sound/retrieval" in tags) == (retrieval is not None)
    (speech,) = events.Tensors("speech")
    assert len(speech.tensor_proto.string_val) == 2 + 32


def test_a_full_disk_is_told(tmp_path):
    folder = RunFolder(tmp_path)
    recorder = Recorder(folder, 0)
    folder.stats_file.symlink_to("/dev/full")
    with pytest.raises(OutputError, match="disk is full"):
        recorder.figures({"step": 4, "k": 0.25})
    recorder.close()
