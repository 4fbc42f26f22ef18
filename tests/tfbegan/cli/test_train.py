"""`tfbegan train`: what is asked for is what is trained."""

import json
import shutil

import numpy as np
import pytest

from tfbegan.cli.__main__ import main
from tfbegan.files import sha256_file, write_json
from tfbegan.records import DatasetInfo
from tfbegan.training.checkpoints import load_checkpoint, save_checkpoint
from tfbegan.training.presets import PRESETS
from tfbegan.training.run_folder import RunFolder


def dry_run(capsys, *arguments):
    assert main(["train", "--dry-run", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def one_sentence(capsys):
    error = capsys.readouterr().err
    assert error.startswith("tfbegan: ")
    assert error.count("\n") == 1
    return error


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_is_what_is_printed(capsys, name):
    settings = dry_run(capsys, "--preset", name)
    preset = PRESETS[name]
    assert settings["architecture"] == preset.architecture.to_dict()
    assert settings["objective"] == preset.objective.to_dict()
    assert settings["training"] == preset.training.to_dict()


def test_small_data_is_the_default(capsys):
    without = dry_run(capsys)
    assert without == dry_run(capsys, "--preset", "small-data")


def test_a_small_batch_has_no_more_clips_than_faces(capsys):
    training = dry_run(capsys, "--batch-size", "4")["training"]
    assert (training["batch_size"], training["clips_per_batch"]) == (4, 4)
    large = dry_run(capsys, "--batch-size", "64")["training"]
    assert large["clips_per_batch"] == 16
    assert main(["train", "--dry-run", "--batch-size", "0"]) == 2
    assert "batch_size must be in" in one_sentence(capsys)
    both = ["--batch-size", "4", "--clips-per-batch", "8"]
    assert main(["train", "--dry-run", *both]) == 2
    assert "clips_per_batch must be in [1, 4]" in one_sentence(capsys)


@pytest.mark.parametrize("conditioning", ["audio", "audio+noise", "audio+face"])
def test_talking_is_the_default_with_sound(capsys, conditioning):
    settings = dry_run(capsys, "--conditioning", conditioning)
    talking = PRESETS["talking"]
    assert settings["architecture"] == {
        **talking.architecture.to_dict(),
        "conditioning": conditioning,
    }
    assert settings["objective"] == talking.objective.to_dict()
    assert settings["training"] == talking.training.to_dict()


@pytest.mark.parametrize(
    ("option", "group", "name", "value"),
    [
        ("--filters=8", "architecture", "filters", 8),
        ("--no-skip-connections", "architecture", "skip_connections", False),
        ("--relative-k", "objective", "relative_k", True),
        ("--adversarial=0", "objective", "adversarial", 0.0),
        ("--lambda-k=0.5", "objective", "lambda_k", 0.5),
        ("--histograms", "training", "histograms", True),
        ("--profile=10:12", "training", "profile", "10:12"),
        ("--flip", "training", "flip", True),
        ("--seed=7", "training", "seed", 7),
        ("--precision=float32", "training", "precision", "float32"),
    ],
)
def test_an_option_changes_its_setting_and_no_other(
    capsys, option, group, name, value
):
    expected = dry_run(capsys)
    assert expected[group][name] != value
    expected[group][name] = value
    assert dry_run(capsys, option) == expected


@pytest.mark.parametrize(
    ("option", "group", "name", "value"),
    [
        ("--no-film", "architecture", "film", False),
        ("--audio-encoder=full", "architecture", "audio_encoder", "full"),
        ("--sync=0.5", "objective", "sync", 0.5),
        ("--mate-share=0.25", "objective", "mate_share", 0.25),
        ("--fixed-pattern=0", "objective", "fixed_pattern", 0.0),
        ("--gain-db=3", "training", "gain_db", 3.0),
    ],
)
def test_an_option_of_the_sound_is_for_models_that_hear(
    capsys, option, group, name, value
):
    sound = ["--conditioning", "audio+noise"]
    expected = dry_run(capsys, *sound)
    assert expected[group][name] != value
    expected[group][name] = value
    assert dry_run(capsys, *sound, option) == expected


@pytest.mark.parametrize(
    ("conditioning", "option", "told"),
    [
        ("noise", "--sync=0.5", "--sync does nothing"),
        ("noise", "--look-flow=4", "only with audio+noise"),
        ("noise", "--gain-db=3", "only with audio or audio+noise or"),
        ("audio", "--code-cycle=1", "noise or audio+noise or audio+face"),
        ("audio+face", "--code-flow=1", "--conditioning audio+face"),
        ("audio+noise", "--code-constraint=1", "only with noise"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(
    capsys, conditioning, option, told
):
    asked = ["train", "--dry-run", "--conditioning", conditioning, option]
    assert main(asked) == 2
    assert told in one_sentence(capsys)


def test_a_run_is_named_or_looked_for(capsys, tmp_path):
    asked = ["train", "--resume", "runs/7", "--runs-dir", str(tmp_path)]
    assert main(asked) == 2
    told = one_sentence(capsys)
    assert "--runs-dir does nothing beside --resume runs/7" in told


def test_switching_off_what_is_off_is_no_mistake(capsys):
    settings = dry_run(capsys, "--sync=0", "--look-flow=0", "--no-film")
    expected = dry_run(capsys)
    expected["architecture"]["film"] = False
    assert settings == expected


def test_the_size_of_the_faces_is_the_data_set_s(capsys, puppet_dataset):
    settings = dry_run(capsys, "--data", str(puppet_dataset))
    assert settings["architecture"]["image_size"] == 32
    assert settings["data"] == str(puppet_dataset)


def test_a_large_data_set_gets_steps_that_show_all_of_it(
    capsys, puppet_dataset, monkeypatch
):
    data = ["--data", str(puppet_dataset)]
    monkeypatch.setattr(DatasetInfo, "frames", lambda info, split: 80_001)
    assert dry_run(capsys, *data)["training"]["steps"] == 10_001
    given = dry_run(capsys, *data, "--steps", "7")
    assert given["training"]["steps"] == 7


def test_the_paper_is_for_as_many_faces_as_the_paper_had(
    capsys, puppet_dataset, monkeypatch
):
    data = ["--data", str(puppet_dataset)]
    monkeypatch.setattr(DatasetInfo, "frames", lambda info, split: 400_000)
    of_noise = dry_run(capsys, *data)
    assert of_noise["objective"] == PRESETS["paper"].objective.to_dict()
    of_sound = dry_run(capsys, *data, "--conditioning", "audio+noise")
    assert of_sound["objective"] == PRESETS["talking"].objective.to_dict()
    asked_for = dry_run(capsys, *data, "--preset", "small-data")
    assert asked_for["objective"] == PRESETS["small-data"].objective.to_dict()


def test_a_dry_run_makes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    dry_run(capsys, "--image-size", "32")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "option",
    ["--gamma=much", "--steps=1.5", "--image-size"],
)
def test_a_value_of_the_wrong_kind_is_wrong_usage(option, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["train", option])
    assert caught.value.code == 2
    assert "usage: tfbegan train" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--gamma=nan", "gamma must be a finite float"),
        ("--learning-rate=inf", "learning_rate must be a finite float"),
        ("--steps=0", "steps must be in [1, "),
        ("--clips-per-batch=17", "clips_per_batch must be in [1, 16]"),
        ("--precision=half", "precision must be one of"),
    ],
)
def test_a_value_out_of_range_is_one_sentence(option, told, capsys):
    assert main(["train", "--dry-run", option]) == 2
    assert told in one_sentence(capsys)


@pytest.mark.slow
def test_faces_of_another_size_are_refused(puppet_dataset, tmp_path, capsys):
    arguments = ["--data", str(puppet_dataset), "--runs-dir", str(tmp_path)]
    assert main(["train", *arguments, "--image-size", "64"]) == 2
    assert "--image-size 32" in one_sentence(capsys)
    assert list(tmp_path.iterdir()) == []


def test_a_runs_folder_that_is_a_file_is_refused(
    puppet_dataset, tmp_path, capsys
):
    (tmp_path / "runs").write_text("x")
    arguments = ["--runs-dir", str(tmp_path / "runs")]
    assert main(["train", "--data", str(puppet_dataset), *arguments]) == 1
    assert "can't be written" in one_sentence(capsys)


def test_a_damaged_data_set_is_refused(puppet_dataset, tmp_path, capsys):
    data = shutil.copytree(puppet_dataset, tmp_path / "data")
    shard = max(data.rglob("*tfrecord*"), key=lambda p: p.stat().st_size)
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    arguments = ["--data", str(data), "--runs-dir", str(tmp_path / "runs")]
    assert main(["train", *arguments]) == 1
    assert "SHA-256" in one_sentence(capsys)
    assert not (tmp_path / "runs").exists()


@pytest.fixture
def run_copy(tiny_run, tmp_path):
    copy = shutil.copytree(tiny_run.path, tmp_path / tiny_run.path.name)
    return RunFolder(copy)


@pytest.mark.slow
def test_the_newest_run_goes_on_and_says_where_to_look(run_copy, capsys):
    runs = ["--runs-dir", str(run_copy.path.parent)]
    assert main(["train", "--resume", *runs, "--steps", "14"]) == 0
    out = capsys.readouterr().out
    assert f"{run_copy.path}: 14 steps done." in out
    assert load_checkpoint(run_copy.checkpoints).step == 14


@pytest.mark.slow
def test_a_dry_run_of_resume_prints_and_trains_nothing(run_copy, capsys):
    files = {p: p.stat().st_mtime_ns for p in run_copy.path.rglob("*")}
    asked = ["--steps", "14", "--learning-rate", "5e-5"]
    settings = dry_run(capsys, "--resume", str(run_copy.path), *asked)
    expected = run_copy.read_config().to_dict()
    expected["training"].update(steps=14, learning_rate=5e-5)
    assert settings == expected
    assert files == {p: p.stat().st_mtime_ns for p in run_copy.path.rglob("*")}


@pytest.mark.slow
def test_a_damaged_checkpoint_is_told_of(run_copy, capsys):
    path = run_copy.checkpoints / "step-00000012.keras"
    path.write_bytes(path.read_bytes()[:-100])
    assert main(["train", "--resume", str(run_copy.path)]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "went on from step 6." in out
    assert "step-00000012.keras: the file is damaged" in out
    # It learnt the same again.
    assert load_checkpoint(run_copy.checkpoints).step == 12


@pytest.mark.slow
def test_divergence_is_one_sentence(run_copy, capsys):
    checkpoint = load_checkpoint(run_copy.checkpoints)
    weight = checkpoint.model.discriminator.weights[0]
    weight.assign(np.full(weight.shape, np.inf))
    save_checkpoint(run_copy.checkpoints, checkpoint.model, checkpoint.state)
    before = sha256_file(run_copy.checkpoints / "step-00000012.keras")
    resume = ["train", "--resume", str(run_copy.path), "--steps", "20"]
    assert main(resume) == 1
    error = one_sentence(capsys)
    assert "diverged" in error
    assert "at step 13." in error
    assert "checkpoint is of step 12" in error
    after = sha256_file(run_copy.checkpoints / "step-00000012.keras")
    assert before == after


@pytest.mark.slow
def test_a_spoilt_schedule_falls_back(run_copy, capsys):
    """The file beside the checkpoint is damaged, but still JSON."""
    path = run_copy.checkpoints / "step-00000012.json"
    content = json.loads(path.read_text())
    content["schedule"]["learning_qate"] = content["schedule"].pop(
        "learning_rate"
    )
    write_json(path, content)
    assert main(["train", "--resume", str(run_copy.path)]) == 0
    assert "went on from step 6." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "variable", "told"),
    [
        (["--strategy=multiworker"], "", "needs TF_CONFIG"),
        ([], "{", "is not JSON"),
        ([], '{"cluster": {"worker": ["a:1"]}}', "has no 'task'"),
        ([], '{"task": {"type": "worker", "index": 0}}', "has no 'cluster'"),
        (
            ["--strategy=multiworker"],
            '{"cluster": {"worker": ["a:1", "b:1"]},'
            ' "task": {"type": "worker", "index": 2}}',
            "index 2",
        ),
    ],
)
def test_a_cluster_that_makes_no_sense_is_one_sentence(
    options, variable, told, puppet_dataset, tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("TF_CONFIG", variable)
    runs = tmp_path / "runs"
    arguments = ["--data", str(puppet_dataset), "--runs-dir", str(runs)]
    assert main(["train", *arguments, *options]) == 2
    error = one_sentence(capsys)
    assert "TF_CONFIG" in error
    assert told in error
    assert not runs.exists()


def test_a_strategy_that_there_is_not_is_wrong_usage(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["train", "--strategy=parameters"])
    assert caught.value.code == 2
    assert "multiworker" in capsys.readouterr().err
