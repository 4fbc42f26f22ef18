"""`tfbegan evaluate`: the report that fits the generator."""

import argparse
import json

import numpy as np
import pytest

from tfbegan import Generator, load_generator
from tfbegan.cli import evaluate
from tfbegan.cli.__main__ import main
from tfbegan.config import FaceConfig
from tfbegan.data.dataset import open_dataset
from tfbegan.evaluation import (
    audio_score,
    instruments,
    noise_report,
)
from tfbegan.evaluation.speech_clips import clip_ids
from tfrecords_builder.puppets import PuppetPlan, build_puppets


def save_generator(folder, data, conditioning):
    speech = None if conditioning == "noise" else open_dataset(data).speech
    model = Generator(
        32,
        filters=4,
        latent_dim=8,
        conditioning=conditioning,
        speech=speech,
        seed=1,
    )
    path = folder / "generator.keras"
    model.save(path)
    return path


@pytest.fixture(scope="session")
def held_out_dataset(tmp_path_factory):
    """Six clips of characters that the puppet data set has not."""
    plan = PuppetPlan(
        face=FaceConfig(image_size=32),
        characters=3,
        sentences=2,
        sentence_s=2.0,
        seed=1,
    )
    out = tmp_path_factory.mktemp("held_out") / "data"
    build_puppets(out, plan, workers=1)
    return out


@pytest.mark.slow
def test_a_generator_that_hears_gets_the_report_of_sound(
    puppet_dataset, held_out_dataset, tmp_path, monkeypatch, capsys, hasty
):
    model = save_generator(tmp_path, puppet_dataset, "audio+noise")
    out = tmp_path / "out"
    command = [
        "evaluate", str(model), "--data", str(puppet_dataset),
        "--held-out", str(held_out_dataset), "--clips", "6",
        "--faces-per-clip", "1", "-o", str(out),
    ]  # fmt: skip
    assert main([*command, "--regressor", str(model)]) == 0
    told = capsys.readouterr().out
    assert "NOT passed" in told
    assert "evaluation.html" in told
    content = json.loads((out / "evaluation.json").read_text())
    assert content["conditioning"] == "audio+noise"
    assert content["clips"] == 6
    assert content["eigen_mouth"]["r_with_truth"]["value"] > 0.8
    figures = content["measures"]["spread"]["figures"]
    assert figures["real"]["value"] == pytest.approx(1)
    assert figures["mean face"]["value"] == pytest.approx(0, abs=1e-6)
    assert figures["regressor"] == figures["generated"]
    lead = content["measures"]["kid_ae_minus_regressor"]["figures"]
    assert lead == {"generated": {"value": 0, "low": 0, "high": 0}}
    assert (out / "evaluation.html").read_text().startswith("<!DOCTYPE html>")

    # The second time nothing is learnt, and equal seeds give equal figures.
    def refuse(*arguments):
        raise AssertionError("learnt again")

    for name in ("train_sync_probe", "train_autoencoder", "train_true_mouth"):
        monkeypatch.setattr(instruments, name, refuse)
    assert main([*command, "--regressor", str(model)]) == 0
    assert json.loads((out / "evaluation.json").read_text()) == content
    assert content["truncation"] == 1
    assert "truncated" not in told

    assert main([*command, "--truncation", "0.25"]) == 0
    assert ", with z truncated to 0.25. Look at" in capsys.readouterr().out
    content = json.loads((out / "evaluation.json").read_text())
    assert content["truncation"] == 0.25
    nearer = content["measures"]["spread"]["figures"]
    assert nearer["generated"] != figures["generated"]
    assert content["articulation"] is None

    knowing = load_generator(model).model
    knowing.mean_sound = np.zeros(256)
    knowing.save(model)
    capsys.readouterr()
    options = ["--articulation", "0", "--regressor", str(model)]
    assert main([*command, *options]) == 0
    assert "with an articulation of 0. Look at" in capsys.readouterr().out
    content = json.loads((out / "evaluation.json").read_text())
    assert content["articulation"] == 0
    moved = content["measures"]["spread"]["figures"]
    assert moved["generated"]["value"] == pytest.approx(0, abs=1e-6)
    assert moved["regressor"]["value"] > 1e-3
    assert "articulation 0" in (out / "evaluation.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--clips", "3"], 2, "--clips must be 4 or more"),
        (["--faces-per-clip", "0"], 2, "--faces-per-clip must be 1 or more"),
        (["--seed", "-1"], 2, "seed must be in"),
        (["--truncation", "1.5"], 2, "truncation must be in"),
        (["--truncation", "1"], 2, "Leave --truncation away"),
        (["--faces-per-clip", "2"], 2, "Leave --faces-per-clip away"),
        (["--articulation", "1.2"], 2, "no articulation to change"),
        (["--held-out", "DATA"], 2, "they were learnt from"),
        ([], 1, "needs 4 held-out clips"),
    ],
)
def test_bad_numbers_are_told_in_a_sentence(
    puppet_dataset, tmp_path, capsys, arguments, code, told
):
    model = save_generator(tmp_path, puppet_dataset, "audio")
    command = ["evaluate", str(model), "--data", str(puppet_dataset)]
    given = [str(puppet_dataset) if a == "DATA" else a for a in arguments]
    assert main([*command, *given]) == code
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    "option",
    [
        ["--held-out", "elsewhere"],
        ["--regressor", "runs/1"],
        ["--clips", "40"],
        ["--faces-per-clip", "2"],
        ["--articulation", "2"],
    ],
)
def test_what_does_nothing_without_sound_is_refused(
    puppet_dataset, tmp_path, capsys, option
):
    model = save_generator(tmp_path, puppet_dataset, "noise")
    command = ["evaluate", str(model), "--data", str(puppet_dataset)]
    assert main([*command, *option]) == 2
    assert f"{option[0]} is for generators that" in capsys.readouterr().err


def test_a_control_of_another_conditioning_is_refused(
    puppet_dataset, held_out_dataset, tmp_path, capsys
):
    model = save_generator(tmp_path, puppet_dataset, "audio+noise")
    (tmp_path / "other").mkdir()
    other = save_generator(tmp_path / "other", puppet_dataset, "audio")
    command = ["evaluate", str(model), "--data", str(puppet_dataset)]
    command += ["--held-out", str(held_out_dataset)]
    assert main([*command, "--regressor", str(other)]) == 2
    assert "with --conditioning audio+noise" in capsys.readouterr().err


def test_a_regressor_that_hears_nothing_is_refused(
    puppet_dataset, tmp_path, capsys
):
    model = save_generator(tmp_path, puppet_dataset, "audio")
    (tmp_path / "other").mkdir()
    deaf = save_generator(tmp_path / "other", puppet_dataset, "noise")
    command = ["evaluate", str(model), "--data", str(puppet_dataset)]
    assert main([*command, "--regressor", str(deaf)]) == 2
    assert "takes no sound" in capsys.readouterr().err


def test_what_chose_the_best_step_is_not_what_measures_it(
    puppet_dataset, tmp_path, monkeypatch, capsys
):
    dataset = open_dataset(puppet_dataset)
    held_out = clip_ids(dataset, ("validation",))
    assert evaluate._clips_that_chose(dataset) == []
    assert "there are 0, so it is measured on those" in capsys.readouterr().out
    monkeypatch.setattr(audio_score, "_SCORED_CLIPS", 1)
    monkeypatch.setattr(evaluate, "_ENOUGH_CLIPS", len(held_out) - 1)
    chose = evaluate._clips_that_chose(dataset)
    assert chose == held_out[:1]
    assert capsys.readouterr().out == ""

    # Of these few clips a report can't be made, but they can be chosen.
    monkeypatch.setattr(
        "tfbegan.evaluation.retrieval.check_clips", lambda _: None
    )
    parsed = argparse.Namespace(clips=None, held_out=None)
    generator = load_generator(
        save_generator(tmp_path, puppet_dataset, "audio+noise")
    )
    clips = evaluate._held_out_clips(parsed, dataset, generator)
    assert [clip.clip_id for clip in clips] == held_out[1:]


def test_a_generator_of_noise_gets_the_report_of_noise(
    puppet_dataset, tmp_path, monkeypatch, capsys
):
    class Detector:
        def detection_rate(self, images):
            return 1.0

    monkeypatch.setattr(noise_report, "FaceDetector", Detector)
    model = save_generator(tmp_path, puppet_dataset, "noise")
    command = ["evaluate", str(model), "--data", str(puppet_dataset)]
    assert main(command) == 0
    content = json.loads((tmp_path / "evaluation.json").read_text())
    assert content["detection_ratio"] == 1
    assert np.isfinite(content["ms_ssim_excess"])
    assert (tmp_path / "evaluation.png").is_file()
    told = capsys.readouterr().out
    assert "healthy" in told
    assert "truncated" not in told
    assert main([*command, "--truncation", "0.25"]) == 0
    assert ", with z truncated to 0.25." in capsys.readouterr().out
    nearer = json.loads((tmp_path / "evaluation.json").read_text())
    assert (content["truncation"], nearer["truncation"]) == (1, 0.25)
    assert nearer["spread_ratio"] < content["spread_ratio"]
