"""A run leaves what was promised, and goes on as if it had never stopped."""

import dataclasses
import json
import os
import shutil
import signal

import keras
import numpy as np
import pytest
from PIL import Image

from tfbegan import BEGAN
from tfbegan.errors import (
    ConfigError,
    DatasetError,
    DivergedError,
    LockedError,
    ModelFileError,
    OutputError,
    RunError,
)
from tfbegan.files import folder_lock, sha256_file, write_json
from tfbegan.records import MARKER_NAME
from tfbegan.training import checkpoints
from tfbegan.training.checkpoints import load_checkpoint
from tfbegan.training.loop import TrainingLoop
from tfbegan.training.notes import read_notes
from tfbegan.training.run import resume, train
from tfbegan.training.run_folder import RunFolder, newest_run
from tfbegan.training.statistics import read_rows
from tfbegan.training.survey import summarise

pytestmark = pytest.mark.slow


def shorter(config, **changes):
    return dataclasses.replace(
        config, training=config.training.replace(**changes)
    )


def everything(path):
    model = keras.models.load_model(path)
    optimizers = [model.generator_optimizer, model.discriminator_optimizer]
    if model.critic_optimizer is not None:
        optimizers.append(model.critic_optimizer)
    variables = [v for optimizer in optimizers for v in optimizer.variables]
    return [np.array(value) for value in (*model.weights, *variables)]


def assert_same(first, second):
    assert len(first) == len(second) > 100
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture
def run_copy(tiny_run, tmp_path):
    copy = shutil.copytree(tiny_run.path, tmp_path / tiny_run.path.name)
    return RunFolder(copy)


def test_the_folder_tells_everything(tiny_run, tiny_config):
    assert tiny_run.path.name == "00000-noise-faces32-b4-g0.8"
    assert tiny_run.read_config() == tiny_config
    environment = json.loads((tiny_run.path / "environment.json").read_text())
    assert {"tfbegan", "python", "packages", "command"} <= set(environment)
    rows = [json.loads(r) for r in tiny_run.stats_file.read_text().splitlines()]
    assert [row["step"] for row in rows] == [4, 8, 12]
    assert rows[-1]["images"] == 48
    wanted = {"d_loss", "g_loss", "k", "m_global", "code_anchor", "code_prior"}
    assert wanted <= set(rows[0])
    for kind in ("samples", "reconstructions"):
        for step in (6, 12):
            with Image.open(tiny_run.picture(kind, step)) as image:
                assert np.asarray(image).std() > 5
    assert (tiny_run.path / "reals.png").is_file()
    names = sorted(p.name for p in tiny_run.checkpoints.iterdir())
    assert names == [
        "step-00000006.json",
        "step-00000006.keras",
        "step-00000012.json",
        "step-00000012.keras",
    ]


def test_tensorboard_finds_scalars_and_pictures(tiny_run):
    from tensorboard.backend.event_processing.event_accumulator import (
        EventAccumulator,
    )

    events = EventAccumulator(str(tiny_run.tensorboard), {"tensors": 0})
    events.Reload()
    tags = set(events.Tags()["tensors"])
    assert {
        "m_global",
        "k",
        "spread/fakes",
        "spread/reals",
        "samples",
        "reals",
        "reals/reconstructed",
        "fakes",
        "fakes/reconstructed",
    } <= tags
    (picture, *_) = events.Tensors("samples")
    assert picture.tensor_proto.string_val[2].startswith(b"\x89PNG")


def test_a_run_ends_with_a_report_and_a_note(tiny_run, tiny_sound_run):
    for folder in (tiny_run, tiny_sound_run):
        assert [note.kind for note in read_notes(folder)][-1] == "done"
        page = folder.report_file.read_text()
        assert "done, step 12 of 12" in page
        assert page.count("data:image/png") >= 4
    assert "A2 opening" in page
    assert "A9 sharpness" in page
    looks = read_rows(tiny_run.looks_file)
    assert [look["step"] for look in looks] == [6, 12]
    summary = summarise(tiny_run)
    assert summary.spread_ratio == looks[-1]["spread/ratio"]


def test_a_profile_is_of_the_run_s_steps(tiny_config, tmp_path):
    half = train(shorter(tiny_config, steps=6), tmp_path).folder
    asked = shorter(tiny_config, steps=12, profile="8:9")
    write_json(half.config_file, asked.to_dict())
    resume(half)
    (trace,) = half.tensorboard.glob("plugins/profile/*/*.xplane.pb")
    assert trace.stat().st_size > 10_000


def test_the_same_seed_is_bitwise_the_same_run(tiny_run, tiny_config, tmp_path):
    again = train(tiny_config, tmp_path).folder
    last = "step-00000012.keras"
    assert_same(
        everything(tiny_run.checkpoints / last),
        everything(again.checkpoints / last),
    )


def test_going_on_is_bitwise_the_same_as_never_stopping(
    tiny_run, tiny_config, tmp_path
):
    half = train(shorter(tiny_config, steps=6), tmp_path).folder
    result = resume(half, steps=12)
    assert result.step == 12
    last = "step-00000012.keras"
    assert_same(
        everything(tiny_run.checkpoints / last),
        everything(half.checkpoints / last),
    )
    rows = half.stats_file.read_text().splitlines()
    assert [json.loads(row)["step"] for row in rows] == [4, 6, 8, 12]


def test_a_run_with_sound_goes_on_to_the_bit(
    tiny_sound_run, tiny_sound_config, tmp_path
):
    half = train(shorter(tiny_sound_config, steps=6), tmp_path).folder
    result = resume(half, steps=12)
    assert result.step == 12
    last = "step-00000012.keras"
    straight = everything(tiny_sound_run.checkpoints / last)
    assert_same(straight, everything(half.checkpoints / last))
    model = load_checkpoint(half.checkpoints).model
    assert int(model.critic_optimizer.iterations) == 12


def test_a_run_with_sound_shows_and_logs_what_the_sound_does(tiny_sound_run):
    steps = ["step-00000006.png", "step-00000012.png"]
    speech = sorted(tiny_sound_run.path.glob("speech/*.png"))
    assert [path.name for path in speech] == steps
    rows = [
        json.loads(line)
        for line in tiny_sound_run.stats_file.read_text().splitlines()
    ]
    terms = {
        "sync",
        "motion",
        "detail",
        "fixed_pattern",
        "critic_loss",
        "code_anchor",
    }
    for row in rows:
        assert terms <= set(row)
        assert all(np.isfinite(row[name]) for name in terms)
    assert tiny_sound_run.generator_file.is_file()


def test_sound_is_not_learnt_from_data_without(
    tiny_sound_config, puppet_dataset, tmp_path
):
    silent = shutil.copytree(puppet_dataset, tmp_path / "silent")
    marker = silent / MARKER_NAME
    content = json.loads(marker.read_text())
    assert content["has_audio"]
    marker.write_text(json.dumps({**content, "has_audio": False}))
    config = dataclasses.replace(tiny_sound_config, data=str(silent))
    with pytest.raises(ConfigError, match=r"no sound.*--conditioning noise"):
        train(config, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def interrupt_after(step, monkeypatch):
    """The next run gets SIGINT within that step."""
    figures = TrainingLoop._figures

    def interrupted(loop, logs):
        if loop.step == step:
            os.kill(os.getpid(), signal.SIGINT)
        return figures(loop, logs)

    monkeypatch.setattr(TrainingLoop, "_figures", interrupted)


@pytest.fixture(scope="module")
def decaying(tiny_config, tmp_path_factory):
    """A configuration whose rate decays, and its run in one piece."""
    config = shorter(tiny_config, decay_share=1 / 3)
    return config, train(config, tmp_path_factory.mktemp("decaying")).folder


@pytest.mark.parametrize("step", [7, 9, 11])
def test_a_rate_that_decays_goes_on_to_the_bit(
    decaying, tmp_path, monkeypatch, step
):
    """Cut between two rows, within the decay or before it."""
    config, straight = decaying
    rates = [row["learning_rate"] for row in read_rows(straight.stats_file)]
    assert rates == pytest.approx([1e-3, 1e-3, 0])
    interrupt_after(step, monkeypatch)
    cut = train(config, tmp_path)
    assert cut.received_signal == signal.SIGINT
    assert cut.step in (step, step + 1)
    monkeypatch.undo()
    resume(cut.folder)
    last = "step-00000012.keras"
    assert_same(
        everything(straight.checkpoints / last),
        everything(cut.folder.checkpoints / last),
    )


def test_a_run_that_a_signal_ended_delivers_the_same_generator(
    tiny_sound_run, tiny_sound_config, tmp_path, monkeypatch
):
    """Its best look is one of those of the run in one piece."""
    interrupt_after(7, monkeypatch)
    cut = train(tiny_sound_config, tmp_path)
    assert cut.received_signal == signal.SIGINT
    monkeypatch.undo()
    resume(cut.folder)
    assert cut.folder.read_best() == tiny_sound_run.read_best()
    for name in ("best.json", "looks.jsonl"):
        expected = (tiny_sound_run.path / name).read_text()
        assert (cut.folder.path / name).read_text() == expected
    expected, received = (
        keras.models.load_model(folder.generator_file)
        for folder in (tiny_sound_run, cut.folder)
    )
    assert received.get_config() == expected.get_config()
    weights = zip(expected.weights, received.weights, strict=True)
    for a, b in weights:
        np.testing.assert_array_equal(a, b)


def test_a_longer_run_decays_later(tiny_config, tmp_path, monkeypatch):
    config = shorter(tiny_config, decay_share=0.5)
    folder = train(config, tmp_path).folder
    begin, rates = TrainingLoop.on_train_begin, []

    def note(loop, logs=None):
        rates.append(loop.model.learning_rate)
        begin(loop, logs)

    monkeypatch.setattr(TrainingLoop, "on_train_begin", note)
    resume(folder, steps=24)
    assert rates == pytest.approx([1e-3])
    rows = {r["step"]: r["learning_rate"] for r in read_rows(folder.stats_file)}
    assert rows[16] == pytest.approx(1e-3 * 8 / 12)
    assert rows[24] == 0


def test_a_finished_run_stays_as_it_is(run_copy):
    before = sha256_file(run_copy.checkpoints / "step-00000012.keras")
    assert resume(run_copy).step == 12
    after = sha256_file(run_copy.checkpoints / "step-00000012.keras")
    assert before == after


def cut(path):
    path.write_bytes(path.read_bytes()[:1_000])


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def empty(path):
    path.write_bytes(b"")


def spoil_the_json(path):
    path.with_suffix(".json").write_text("{")


@pytest.mark.parametrize("damage", [cut, flip_a_bit, empty, spoil_the_json])
def test_a_damaged_checkpoint_is_passed_over_and_named(run_copy, damage):
    damage(run_copy.checkpoints / "step-00000012.keras")
    checkpoint = load_checkpoint(run_copy.checkpoints)
    assert checkpoint.step == 6
    (told,) = checkpoint.damaged
    assert "step-00000012.keras" in told


def test_no_usable_checkpoint_is_an_error(run_copy):
    for path in run_copy.checkpoints.glob("*.keras"):
        empty(path)
    with pytest.raises(ModelFileError, match="No checkpoint"):
        resume(run_copy)


@pytest.mark.parametrize(
    "error", [RuntimeError("broken"), OSError(28, "No space left on device")]
)
def test_a_failure_while_saving_leaves_the_last_checkpoint(
    run_copy, monkeypatch, error
):
    checkpoint = load_checkpoint(run_copy.checkpoints)
    before = {p.name: sha256_file(p) for p in run_copy.checkpoints.iterdir()}
    model = checkpoint.model
    model.step.assign(18)

    def fail(path):
        path.write_bytes(b"half a file")
        raise error

    monkeypatch.setattr(model, "save", fail)
    expected = OutputError if isinstance(error, OSError) else RuntimeError
    with pytest.raises(expected):
        checkpoints.save_checkpoint(run_copy.checkpoints, model, {})
    after = {p.name: sha256_file(p) for p in run_copy.checkpoints.iterdir()}
    assert after == before


def test_the_oldest_checkpoints_go(tiny_config, tmp_path):
    config = shorter(tiny_config, checkpoint_steps=3, keep_checkpoints=2)
    folder = train(config, tmp_path).folder
    names = sorted(p.name for p in folder.checkpoints.glob("*.keras"))
    assert names == ["step-00000009.keras", "step-00000012.keras"]


def test_a_second_trainer_is_told_of_the_first(run_copy):
    with (
        folder_lock(run_copy.path, "training"),
        pytest.raises(LockedError, match=r"in use by process \d+"),
    ):
        resume(run_copy)


def test_a_loss_that_is_not_finite_stops_at_once(run_copy, monkeypatch):
    checkpoint = load_checkpoint(run_copy.checkpoints)
    weights = checkpoint.model.generator.weights[0]
    weights.assign(np.full(weights.shape, np.nan))
    checkpoints.save_checkpoint(
        run_copy.checkpoints, checkpoint.model, checkpoint.state
    )
    with pytest.raises(DivergedError, match=r"at step 13.*of step 12"):
        resume(run_copy, steps=20)


def test_a_run_goes_on_with_another_rate(run_copy):
    before = run_copy.read_config().training
    result = resume(run_copy, steps=14, learning_rate=3e-5)
    assert result.step == 14
    assert load_checkpoint(run_copy.checkpoints).model.learning_rate == (
        pytest.approx(3e-5)
    )
    # It is the run's from now on.
    after = run_copy.read_config().training
    assert after == before.replace(learning_rate=3e-5, steps=14)


def test_a_new_rate_outlives_a_kill_before_the_next_checkpoint(run_copy):
    config = run_copy.read_config()
    training = config.training.replace(learning_rate=3e-5, steps=14)
    run_copy.write_config(dataclasses.replace(config, training=training))
    resume(run_copy)
    model = load_checkpoint(run_copy.checkpoints).model
    assert model.learning_rate == pytest.approx(3e-5)


def test_half_of_the_lowest_rate_is_a_rate(run_copy):
    result = resume(run_copy, steps=13, learning_rate=1e-6)
    assert result.step == 13
    training = run_copy.read_config().training
    assert training.learning_rate == training.min_learning_rate == 1e-6


def test_what_a_kill_left_half_written_goes(run_copy):
    rests = [
        folder / ".incomplete-0a1b2c3d-a-picture.png"
        for folder in (run_copy.path, run_copy.path / "samples")
    ]
    for rest in rests:
        rest.write_bytes(b"half")
    resume(run_copy)
    assert not any(rest.exists() for rest in rests)


def test_fewer_steps_than_were_done_are_refused(run_copy):
    before = run_copy.config_file.read_bytes()
    with pytest.raises(RunError, match=r"has done 12 steps.*to have 5\."):
        resume(run_copy, steps=5)
    assert run_copy.config_file.read_bytes() == before


@pytest.mark.parametrize(
    ("group", "change", "told"),
    [
        ("architecture", {"filters": 5}, "its networks"),
        ("objective", {"gamma": 0.123}, "its losses"),
        ("training", {"seed": 77}, "its seed"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(run_copy, group, change, told):
    config = json.loads(run_copy.config_file.read_text())
    config[group].update(change)
    run_copy.config_file.write_text(json.dumps(config))
    before = run_copy.config_file.read_bytes()
    with pytest.raises(RunError, match=f"another run: {told}"):
        resume(run_copy, steps=14)
    assert run_copy.config_file.read_bytes() == before


def test_a_run_from_another_kind_of_device_gets_what_is_best_here(
    run_copy, monkeypatch
):
    """As where it was begun on a GPU, with XLA."""
    checkpoint = load_checkpoint(run_copy.checkpoints)
    checkpoint.model.compile(learning_rate=1e-4, jit_compile=True)
    checkpoints.save_checkpoint(
        run_copy.checkpoints, checkpoint.model, checkpoint.state
    )
    used = []
    fit = BEGAN.fit

    def spy(model, *arguments, **options):
        used.append(model.jit_compile)
        return fit(model, *arguments, **options)

    monkeypatch.setattr(BEGAN, "fit", spy)
    resume(run_copy, steps=13)
    assert used == [False]


def test_a_data_set_that_vanishes_in_the_middle_is_told(
    run_copy, puppet_dataset, tmp_path
):
    data = shutil.copytree(puppet_dataset, tmp_path / "vanishing")
    fit = BEGAN.fit

    def vanish(model, *arguments, **options):
        shutil.rmtree(data)
        return fit(model, *arguments, **options)

    with (
        pytest.MonkeyPatch.context() as patch,
        pytest.raises(DatasetError, match=r"vanishing is gone\. Put it back"),
    ):
        patch.setattr(BEGAN, "fit", vanish)
        resume(run_copy, steps=14, data=data)


def test_another_size_is_refused(tiny_config, tmp_path):
    config = dataclasses.replace(
        tiny_config,
        architecture=tiny_config.architecture.replace(image_size=64),
    )
    with pytest.raises(ConfigError, match="--image-size 32"):
        train(config, tmp_path)
    assert not list(tmp_path.iterdir())


def test_another_data_set_is_refused(run_copy, tiny_dataset):
    content = json.loads(run_copy.config_file.read_text())
    content["data"] = str(tiny_dataset)
    run_copy.config_file.write_text(json.dumps(content))
    with pytest.raises(RunError, match="not the one"):
        resume(run_copy, steps=20)


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(RunError, match="no run folder"):
        resume(RunFolder(tmp_path))
    with pytest.raises(RunError, match="no run in"):
        newest_run(tmp_path)


def test_collapse_is_warned_about(tiny_config, tmp_path, capfd, monkeypatch):
    """A generator that hears nothing of z and never learns."""
    from tfbegan.training import run

    original = run.new_model

    def deaf(config, dataset):
        model = original(config, dataset)
        for generator in (model.generator, model.ema_generator):
            kernel = generator.decoder.to_map.kernel
            kernel.assign(0 * kernel)
        return model

    monkeypatch.setattr(run, "new_model", deaf)
    config = shorter(tiny_config, learning_rate=1e-12, min_learning_rate=0.0)
    train(config, tmp_path)
    assert "nearly all the same" in " ".join(capfd.readouterr().err.split())
