"""A checkpoint counts only if it is whole, and all of it comes back."""

import json
import shutil
import zipfile

import numpy as np
import pytest

from tfbegan import BEGAN, ModelConfig
from tfbegan.errors import ModelFileError, OutputError
from tfbegan.files import sha256_file, write_json
from tfbegan.generation.loading import load_generator
from tfbegan.training.checkpoints import (
    LoopState,
    best_checkpoint,
    last_good_step,
    load_checkpoint,
    prune_checkpoints,
    rate_checkpoint,
    save_checkpoint,
    save_generator,
)
from tfbegan.training.schedule import StallSchedule

STATE = LoopState(
    StallSchedule(1e-3, 1e-5, 100).state(),
    {"steps": 3, "sums": {"k": 0.1, "m_global": 0.7}},
)


@pytest.fixture(scope="module")
def model():
    """A model of which no number is what a new one has."""
    model = BEGAN(
        ModelConfig(image_size=32, filters=4, latent_dim=8),
        ema_decay=0.5,
        seed=1,
    )
    model.compile(learning_rate=0.003, beta_1=0.7, clip_norm=2.0)
    rng = np.random.default_rng(0)
    for variable in everything(model):
        if str(variable.dtype).startswith("float"):
            variable.assign(rng.uniform(0.1, 0.9, variable.shape))
    model.generator_optimizer.iterations.assign(7)
    model.discriminator_optimizer.iterations.assign(7)
    model.learning_rate = 0.002
    return model


def everything(model):
    return [
        *model.weights,
        *model.generator_optimizer.variables,
        *model.discriminator_optimizer.variables,
    ]


def save(folder, model, step, keep=9, merit=None):
    model.step.assign(step)
    path = save_checkpoint(folder, model, STATE)
    rate_checkpoint(path, merit)
    prune_checkpoints(path, keep)
    return path


@pytest.fixture(scope="module")
def saved(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "checkpoints"
    save(folder, model, 6)
    save(folder, model, 12)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "checkpoints")


def hashes(folder):
    return {path.name: sha256_file(path) for path in folder.iterdir()}


def test_everything_comes_back(model, saved):
    checkpoint = load_checkpoint(saved)
    loaded = checkpoint.model
    assert (checkpoint.step, int(loaded.step)) == (12, 12)
    assert checkpoint.state == STATE
    assert checkpoint.damaged == ()
    pairs = list(zip(everything(loaded), everything(model), strict=True))
    assert len(pairs) > 100
    for received, expected in pairs:
        assert received.path.split("/")[1:] == expected.path.split("/")[1:]
        np.testing.assert_array_equal(received, expected)
    assert loaded.learning_rate == pytest.approx(0.002)
    assert loaded.generator_optimizer.beta_1 == 0.7
    assert loaded.discriminator_optimizer.global_clipnorm == 2.0
    assert (loaded.ema_decay, loaded.seed) == (0.5, 1)


def test_an_empty_folder_and_none_have_no_checkpoint(tmp_path):
    assert load_checkpoint(tmp_path) is None
    assert load_checkpoint(tmp_path / "nowhere") is None
    assert last_good_step(tmp_path / "nowhere") is None


def test_what_is_left_of_an_interrupted_save_goes(folder):
    rest = folder / ".incomplete-0a1b2c3d-step-00000018.keras"
    rest.write_bytes(b"half a file")
    assert load_checkpoint(folder).step == 12
    assert not rest.exists()


def test_files_of_other_names_do_not_count(folder):
    for name in ("step-18.keras", "step-00000018.keras.bak", "notes.txt"):
        (folder / name).write_text("x")
    assert load_checkpoint(folder).damaged == ()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "null",
        "[]",
        "3",
        "{}",
        '{"sha256": "0"}',
        '{"step": 12, "sha256": null, "schedule": {}}',
        '{"step": null, "sha256": "RIGHT", "schedule": {}}',
        '{"step": "soon", "sha256": "RIGHT", "schedule": {}}',
        '{"step": 12, "sha256": "RIGHT", "schedule": "ab"}',
        '{"step": 12, "sha256": "RIGHT", "schedule": [1]}',
        '{"step": 12, "sha256": "RIGHT"}',
        '{"step": 12, "sha256": "RIGHT", "schedule": {"best": 1}}',
    ],
)
def test_whatever_the_json_says_the_one_before_is_taken(folder, content):
    path = folder / "step-00000012.keras"
    content = content.replace("RIGHT", sha256_file(path))
    path.with_suffix(".json").write_text(content)
    checkpoint = load_checkpoint(folder)
    assert checkpoint.step == 6
    (told,) = checkpoint.damaged
    assert told.startswith("step-00000012.keras: ")
    assert last_good_step(folder) in (6, 12)


def test_a_missing_json_means_that_saving_was_interrupted(folder):
    (folder / "step-00000012.json").unlink()
    assert load_checkpoint(folder).step == 6
    assert last_good_step(folder) == 6


def replaced(folder, rewrite):
    """The last checkpoint rewritten, and its hash made to fit."""
    path = folder / "step-00000012.keras"
    rewrite(path)
    sidecar = path.with_suffix(".json")
    content = json.loads(sidecar.read_text())
    write_json(sidecar, {**content, "sha256": sha256_file(path)})


def with_a_lambda(path):
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    config = json.loads(members["config.json"])
    config["class_name"], config["module"] = "Lambda", "keras.layers"
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as new:
        for name, content in members.items():
            new.writestr(name, content)


def with_a_foreign_member(path):
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("../canary", b"x")


def as_a_pickle(path):
    path.write_bytes(b"\x80\x04cos\nsystem\n(S'touch canary'\ntR.")


def as_a_bare_generator(path):
    load_generator(path).model.save(path)


@pytest.mark.parametrize(
    "rewrite",
    [with_a_lambda, with_a_foreign_member, as_a_pickle, as_a_bare_generator],
)
def test_a_hostile_checkpoint_is_passed_over(
    folder, tmp_path, monkeypatch, rewrite
):
    """A run folder may come from anywhere, with hashes that fit."""
    monkeypatch.chdir(tmp_path)
    replaced(folder, rewrite)
    checkpoint = load_checkpoint(folder)
    assert checkpoint.step == 6
    assert len(checkpoint.damaged) == 1
    assert not (tmp_path / "canary").exists()


def test_without_a_usable_one_every_reason_is_told(folder):
    for path in folder.glob("*.keras"):
        path.write_bytes(b"")
    with pytest.raises(ModelFileError) as caught:
        load_checkpoint(folder)
    for name in ("step-00000006.keras", "step-00000012.keras"):
        assert name in str(caught.value)


def test_the_oldest_beyond_those_to_keep_go(folder, model):
    save(folder, model, 18, keep=2)
    assert set(hashes(folder)) == {
        f"step-000000{step}.{kind}"
        for step in (12, 18)
        for kind in ("json", "keras")
    }


def test_the_best_stays_beside_the_newest(tmp_path, model):
    merits = {1: -0.5, 2: -0.1, 3: -0.1, 4: None, 5: float("-inf"), 6: -0.4}
    for step, merit in merits.items():
        save(tmp_path, model, step, keep=2, merit=merit)
    kept = {int(path.stem[5:]) for path in tmp_path.glob("*.keras")}
    assert kept == {3, 5, 6}  # of equals the newest
    assert len(list(tmp_path.iterdir())) == 2 * len(kept)
    newest = tmp_path / "step-00000006.keras"
    assert best_checkpoint(newest).stem == "step-00000003"
    save(tmp_path, model, 7, keep=1, merit=0.0)
    assert [path.stem for path in tmp_path.glob("*.keras")] == ["step-00000007"]


@pytest.mark.parametrize("merit", ["good", None, [1]])
def test_what_has_no_merit_is_not_the_best(folder, merit):
    for path in folder.glob("*.json"):
        path.write_text(
            json.dumps({**json.loads(path.read_text()), "merit": merit})
        )
    assert best_checkpoint(folder / "step-00000012.keras") is None


def test_a_damaged_later_one_does_not_push_out_what_is_saved(folder, model):
    """Killed at 18 between the file and its JSON, gone on with from 12."""
    late = folder / "step-00000018.keras"
    late.write_bytes(b"whole, perhaps, but without its hash")
    late.with_suffix(".json").write_text('{"merit": 9.0}')
    save(folder, model, 15, keep=1, merit=0.5)
    assert last_good_step(folder) == 15
    assert late.is_file()
    assert {path.stem for path in folder.glob("*.keras")} == {
        "step-00000015",
        "step-00000018",
    }


def test_a_checkpoint_of_before_intervals_were_saved_can_be_used(folder):
    path = folder / "step-00000012.json"
    content = json.loads(path.read_text())
    del content["interval"], content["merit"]
    path.write_text(json.dumps(content))
    state = load_checkpoint(folder).state
    assert state.schedule == STATE.schedule
    assert state.interval == {"steps": 0, "sums": {}}


@pytest.mark.parametrize("name", ["sha256_file", "write_json"])
def test_a_failure_between_file_and_json_spoils_nothing(
    folder, model, monkeypatch, name
):
    from tfbegan.training import checkpoints

    def fail(*_):
        raise OutputError("the disk is full")

    before = hashes(folder)
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, name, fail)
        with pytest.raises(OutputError):
            save(folder, model, 18, keep=1)
    after = hashes(folder)
    assert set(after) == {*before, "step-00000018.keras"}
    assert before.items() <= after.items()
    assert load_checkpoint(folder).step == 12
    assert last_good_step(folder) == 12


def test_a_failed_generator_leaves_the_one_before(tmp_path, model, monkeypatch):
    from tfbegan.models.generator import Generator

    path = tmp_path / "generator.keras"
    save_generator(path, model)
    before = hashes(tmp_path)

    def fail(generator, target):
        target.write_bytes(b"half a file")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Generator, "save", fail)
    with pytest.raises(OutputError, match="disk is full"):
        save_generator(path, model)
    assert hashes(tmp_path) == before


def test_the_generator_alone_is_the_average_in_float32(tmp_path):
    model = BEGAN(
        ModelConfig(image_size=32, filters=4, latent_dim=8),
        dtype="mixed_bfloat16",
    )
    average = model.ema_generator.weights[0]
    average.assign(average + 0.5)
    save_generator(tmp_path / "generator.keras", model)
    loaded = load_generator(tmp_path / "generator.keras").model
    assert loaded.compute_dtype == "float32"
    for received, expected in zip(
        loaded.weights, model.ema_generator.weights, strict=True
    ):
        np.testing.assert_array_equal(received, expected)
