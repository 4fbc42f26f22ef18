"""Run folders: their numbers, their names, and what is in config.json."""

import dataclasses
import json

import pytest

from tfbegan.config import ModelConfig, ObjectiveConfig, TrainingConfig
from tfbegan.errors import ConfigError, OutputError, RunError
from tfbegan.training import run_folder
from tfbegan.training.run_folder import (
    Best,
    RunConfig,
    RunFolder,
    create_run_folder,
    find_run,
    newest_run,
)

CONFIG = RunConfig(
    ModelConfig(), ObjectiveConfig(gamma=0.75), TrainingConfig(), "data", "ab"
)


def test_the_name_tells_the_facts_and_counts_on(tmp_path):
    runs = tmp_path / "not" / "there" / "yet"
    names = [create_run_folder(runs, CONFIG).path.name for _ in range(2)]
    assert names == [
        "00000-noise-faces64-b16-g0.75",
        "00001-noise-faces64-b16-g0.75",
    ]
    (runs / "00041-renamed").mkdir()
    (runs / "notes").mkdir()
    assert create_run_folder(runs, CONFIG).path.name.startswith("00042-")


def test_the_newest_run_has_the_highest_number(tmp_path):
    for name in ("00009-z", "00010-a", "00011-not-a-run"):
        (tmp_path / name).mkdir()
        if "not" not in name:
            (tmp_path / name / "config.json").write_text("{}")
    assert newest_run(tmp_path).path.name == "00010-a"


def test_a_number_that_another_trainer_takes_meanwhile(tmp_path, monkeypatch):
    facts = run_folder._facts

    def while_another_starts(config):
        (tmp_path / f"00000-{facts(config)}").mkdir()
        return facts(config)

    monkeypatch.setattr(run_folder, "_facts", while_another_starts)
    folder = create_run_folder(tmp_path, CONFIG)
    assert folder.path.name.startswith("00001-")
    assert folder.read_config() == CONFIG


def test_a_runs_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "runs").write_text("x")
    with pytest.raises(OutputError, match="runs can't be written"):
        create_run_folder(tmp_path / "runs", CONFIG)


def test_the_configuration_comes_back_as_it_was(tmp_path):
    assert create_run_folder(tmp_path, CONFIG).read_config() == CONFIG


def test_a_run_is_found_by_its_settings(tmp_path):
    runs = tmp_path / "runs"
    assert find_run(runs, CONFIG) is None
    (runs / "notes").mkdir(parents=True)
    other = dataclasses.replace(CONFIG, data="elsewhere")
    create_run_folder(runs, other)
    spoilt = create_run_folder(runs, CONFIG)
    spoilt.config_file.write_text("{")
    assert find_run(runs, CONFIG) is None
    own = create_run_folder(runs, CONFIG)
    assert find_run(runs, CONFIG) == own


@pytest.mark.parametrize(
    "field", [field.name for field in dataclasses.fields(RunConfig)]
)
def test_what_is_missing_is_named(field):
    content = CONFIG.to_dict()
    del content[field]
    with pytest.raises(ConfigError, match=field):
        RunConfig.from_dict(content)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "null",
        '{"architecture": {}}',
        json.dumps({**CONFIG.to_dict(), "training": {"speed": 1}}),
        json.dumps({**CONFIG.to_dict(), "objective": {"gamma": 7}}),
    ],
)
def test_a_spoilt_configuration_is_no_run(tmp_path, content):
    folder = create_run_folder(tmp_path, CONFIG)
    folder.config_file.write_text(content)
    with pytest.raises(RunError, match=r"config\.json"):
        folder.read_config()


def test_a_missing_configuration_is_no_run(tmp_path):
    with pytest.raises(RunError, match=r"no run folder.*train\.py"):
        RunFolder(tmp_path).read_config()


def test_the_best_look_is_remembered(tmp_path):
    folder = RunFolder(tmp_path)
    assert folder.read_best() is None
    folder.write_best(Best(500, 0.25))
    folder.write_best(Best(1_000, 0.5))
    assert folder.read_best() == Best(1_000, 0.5)


def test_the_environment_is_written_down(tmp_path):
    folder = create_run_folder(tmp_path, CONFIG)
    told = json.loads((folder.path / "environment.json").read_text())
    assert set(told["packages"]) == {"tensorflow", "keras", "numpy"}
    assert all(version[0].isdigit() for version in told["packages"].values())


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[]", "must hold a JSON object. Received: list"),
        ("{", "can't be read as JSON"),
        ('{"architecture": {}}', "lacks 'objective'"),
    ],
)
def test_a_damaged_configuration_is_told_with_its_path_once(
    tmp_path, content, told
):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(RunError) as caught:
        RunFolder(tmp_path).read_config()
    message = str(caught.value)
    assert told in message
    assert message.count(str(tmp_path)) == 1
