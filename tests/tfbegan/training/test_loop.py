"""What happens between two steps: guards, saves, signals, warnings."""

import json
import os
import signal
import threading
import time

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import (
    EventAccumulator,
)

from tfbegan import BEGAN, ModelConfig, TrainingConfig
from tfbegan.errors import DivergedError, OutputError
from tfbegan.evaluation.audio_score import AudioScore
from tfbegan.files import sha256_file
from tfbegan.training import loop as loop_module
from tfbegan.training.loop import TrainingLoop
from tfbegan.training.notes import COLLAPSE, read_notes
from tfbegan.training.pictures import Exhibits, Look
from tfbegan.training.run_folder import Best, RunFolder
from tfbegan.training.schedule import StallSchedule
from tfbegan.training.statistics import read_rows
from tfbegan.training.team_loops import FollowerLoop, TeamLoop

CONFIG = TrainingConfig(
    batch_size=4,
    clips_per_batch=4,
    steps=8,
    log_steps=2,
    picture_steps=100,
    checkpoint_steps=4,
    learning_rate=1e-3,
)


def some_faces(n=64):
    rng = np.random.default_rng(0)
    return rng.uniform(-1, 1, (n, 32, 32, 3)).astype(np.float32)


@pytest.fixture
def model():
    model = BEGAN(ModelConfig(image_size=32, filters=4, latent_dim=8), seed=1)
    model.compile(learning_rate=1e-3)
    return model


def batches(bad_step=None, steps=CONFIG.steps):
    """Random faces; those of one step hold a NaN."""
    faces = np.stack([some_faces(4)] * steps)
    if bad_step is not None:
        faces[bad_step - 1, 0, 5, 5, 0] = np.nan
    return tf.data.Dataset.from_tensor_slices(faces)


class Meanwhile(keras.callbacks.Callback):
    """Does something once a step is done."""

    def __init__(self, at, action):
        super().__init__()
        self.at = at
        self.action = action

    def on_train_batch_end(self, batch, logs=None):
        if batch + 1 == self.at:
            self.action()


def fit(model, folder, data=None, config=CONFIG, **kwargs):
    schedule = kwargs.pop("schedule", None) or StallSchedule(1e-3, 1e-5, 0)
    exhibits = Exhibits(some_faces(), sheet=kwargs.pop("sheet", None))
    kind = kwargs.pop("kind", TrainingLoop)
    loop = kind(RunFolder(folder), config, schedule, exhibits)
    try:
        model.fit(
            batches() if data is None else data,
            epochs=1,
            verbose=0,
            shuffle=False,
            callbacks=[loop, *kwargs.pop("callbacks", [])],
        )
    finally:
        loop.finish()
    return loop


class Logs(keras.callbacks.Callback):
    """What `fit` tells of each step."""

    def __init__(self):
        super().__init__()
        self.rows = []

    def on_train_batch_end(self, batch, logs=None):
        self.rows.append(logs)


def saved_steps(folder):
    return sorted(
        int(path.stem[5:]) for path in folder.glob("checkpoints/*.keras")
    )


@pytest.mark.slow
def test_it_logs_saves_and_looks_when_due(model, tmp_path):
    fit(model, tmp_path)
    text = (tmp_path / "stats.jsonl").read_text()
    rows = [json.loads(line) for line in text.splitlines()]
    assert [row["step"] for row in rows] == [2, 4, 6, 8]
    assert [row["images"] for row in rows] == [8, 16, 24, 32]
    assert saved_steps(tmp_path) == [4, 8]
    assert (tmp_path / "generator.keras").is_file()
    # Looks are due every 100 steps, and at the end.
    assert [p.name for p in tmp_path.glob("samples/*")] == ["step-00000008.png"]


@pytest.mark.slow
def test_steps_go_on_while_one_is_looked_at(model, tmp_path, monkeypatch):
    """And what is seen is of that step, whatever has been learnt since."""
    seen = {}
    go_on = threading.Event()
    look_at = loop_module.look_at

    def slow_look(looked_at, *rest):
        assert go_on.wait(60)
        seen.setdefault("seen", looked_at.get_weights())
        return look_at(looked_at, *rest)

    monkeypatch.setattr(loop_module, "look_at", slow_look)
    fit(
        model,
        tmp_path,
        config=CONFIG.replace(picture_steps=4),
        callbacks=[
            Meanwhile(4, lambda: seen.update(shown=model.get_weights())),
            Meanwhile(6, go_on.set),
        ],
    )
    looks = (tmp_path / "looks.jsonl").read_text().splitlines()
    assert [json.loads(row)["step"] for row in looks] == [4, 8]
    for received, expected in zip(seen["seen"], seen["shown"], strict=True):
        np.testing.assert_array_equal(received, expected)


@pytest.mark.slow
def test_a_team_has_nothing_for_keras_to_average(model, tmp_path):
    """The figures come by the board: as they are without a team."""
    initial = model.get_weights()
    alone, team = Logs(), Logs()
    fit(model, tmp_path / "alone", callbacks=[alone])
    model = BEGAN.from_config(model.get_config())
    model.compile(learning_rate=1e-3)
    model.set_weights(initial)
    fit(model, tmp_path / "team", kind=TeamLoop, callbacks=[team])
    assert team.rows == [{}] * CONFIG.steps
    assert all("k" in row for row in alone.rows)
    rows = [
        read_rows(tmp_path / name / "stats.jsonl") for name in ("alone", "team")
    ]
    for expected, received in zip(*rows, strict=True):
        for name in ("step", "k", "m_global", "d_loss", "g_loss"):
            assert received[name] == expected[name]
        assert "interruption" not in received


@pytest.mark.slow
@pytest.mark.parametrize("name", ["look_at", "rate_checkpoint"])
def test_what_fails_beside_the_steps_ends_the_run_and_spoils_nothing(
    model, tmp_path, monkeypatch, name
):
    """Before the last step is done, of which the wait at the end would tell."""

    failed = threading.Event()

    def fail(*_):
        failed.set()
        raise OutputError("The disk is full.")

    monkeypatch.setattr(loop_module, name, fail)
    config = CONFIG.replace(
        steps=400, picture_steps=4, checkpoint_steps=4, best_by="spread"
    )

    def wait_for_it(batch, logs):
        if batch >= 4:
            failed.wait(60)
            time.sleep(0.1)

    pause = keras.callbacks.LambdaCallback(on_train_batch_end=wait_for_it)
    with pytest.raises(OutputError, match="disk is full"):
        fit(
            model,
            tmp_path,
            batches(steps=400),
            config=config,
            callbacks=[pause],
        )
    assert model.steps_done < 10
    assert saved_steps(tmp_path) == [4]
    assert not list(tmp_path.glob("**/.incomplete-*"))


@pytest.mark.slow
@pytest.mark.parametrize("cut_off", [False, True])
def test_a_look_that_was_cut_off_is_taken_again(model, tmp_path, cut_off):
    """The run ended at step 4, after its checkpoint."""
    config = CONFIG.replace(picture_steps=2, steps=4)
    fit(model, tmp_path, batches(steps=4), config=config)
    rows = (tmp_path / "looks.jsonl").read_text().splitlines(keepends=True)
    picture = tmp_path / "samples" / "step-00000004.png"
    expected = picture.read_bytes()
    picture.unlink()
    if cut_off:
        (tmp_path / "looks.jsonl").write_text("".join(rows[:-1]))
    config = config.replace(picture_steps=4, steps=5)
    fit(model, tmp_path, batches(steps=1), config=config)
    if cut_off:
        assert picture.read_bytes() == expected
    else:
        assert not picture.exists()
    steps = [json.loads(row)["step"] for row in rows]
    again = (tmp_path / "looks.jsonl").read_text().splitlines()
    assert [json.loads(row)["step"] for row in again] == [*steps, 5]


@pytest.mark.slow
def test_a_follower_does_not_make_up_for_a_look(model, tmp_path):
    """Only the chief writes."""
    config = CONFIG.replace(picture_steps=2, steps=4, best_by="spread")
    fit(model, tmp_path, batches(steps=4), config=config)
    rows = (tmp_path / "looks.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "looks.jsonl").write_text(rows[0])

    def files():
        paths = [path for path in tmp_path.rglob("*") if path.is_file()]
        return {
            path: (sha256_file(path), path.stat().st_mtime_ns) for path in paths
        }

    before = files()
    follower = BEGAN.from_config(model.get_config())
    follower.compile(learning_rate=1e-3)
    follower.set_weights(model.get_weights())
    fit(
        follower,
        tmp_path,
        batches(steps=1),
        config=config.replace(steps=5),
        kind=FollowerLoop,
    )
    assert files() == before


@pytest.mark.slow
def test_the_merit_of_a_checkpoint_is_that_of_its_own_look(
    model, tmp_path, monkeypatch
):
    spreads = iter([0.1, 0.2, 0.3, 0.4])
    monkeypatch.setattr(
        loop_module, "look_at", lambda *_: look_of(next(spreads))
    )
    config = CONFIG.replace(
        picture_steps=2, checkpoint_steps=2, best_by="spread"
    )
    fit(model, tmp_path, config=config.replace(keep_checkpoints=4))
    merits = [
        json.loads(path.read_text())["merit"]
        for path in sorted(tmp_path.glob("checkpoints/*.json"))
    ]
    assert merits == pytest.approx([0.2, 0.4, 0.6, 0.8])


@pytest.mark.slow
def test_a_checkpoint_without_a_look_of_its_own_has_no_merit(
    model, tmp_path, monkeypatch
):
    """Whatever the last look was: after a crash it would be forgotten."""
    spreads = iter([0.1, 0.2, 0.3])
    monkeypatch.setattr(
        loop_module, "look_at", lambda *_: look_of(next(spreads))
    )
    config = CONFIG.replace(
        picture_steps=3, checkpoint_steps=2, best_by="spread"
    )
    fit(model, tmp_path, config=config.replace(keep_checkpoints=4))
    merits = [
        json.loads(path.read_text())["merit"]
        for path in sorted(tmp_path.glob("checkpoints/*.json"))
    ]
    assert merits == [None, None, pytest.approx(0.4), pytest.approx(0.6)]


@pytest.mark.slow
def test_a_batch_with_a_nan_stops_before_anything_is_saved(model, tmp_path):
    with pytest.raises(DivergedError) as caught:
        fit(model, tmp_path, batches(bad_step=6))
    assert "at step 6." in str(caught.value)
    assert "last good checkpoint is of step 4" in str(caught.value)
    assert "--clip-norm 1" in str(caught.value)
    assert saved_steps(tmp_path) == [4]
    assert not list(tmp_path.glob("checkpoints/.incomplete-*"))


@pytest.mark.slow
@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_weights_that_the_last_update_spoilt_are_not_saved(
    model, tmp_path, network
):
    """The losses of that step were still finite."""

    class SpoiltLoop(TrainingLoop):
        def on_train_batch_end(self, batch, logs=None):
            if batch + 1 == CONFIG.steps:
                weight = getattr(model, network).weights[0]
                weight.assign(np.full(weight.shape, np.nan))
            super().on_train_batch_end(batch, logs)

    with pytest.raises(DivergedError, match=r"weight was .* at step 8\.") as e:
        fit(model, tmp_path, kind=SpoiltLoop)
    assert "good checkpoint is of step 4: go on from it" in str(e.value)
    assert saved_steps(tmp_path) == [4]
    generator = keras.models.load_model(tmp_path / "generator.keras")
    assert all(np.isfinite(w).all() for w in generator.get_weights())


@pytest.mark.slow
def test_pictures_stay_few_on_disk_and_in_tensorboard(model, tmp_path):
    fit(
        model, tmp_path, config=CONFIG.replace(picture_steps=1, keep_pictures=4)
    )
    names = sorted(path.stem for path in tmp_path.glob("samples/*"))
    assert names == [f"step-{step:08d}" for step in (2, 4, 6, 8)]
    events = EventAccumulator(
        str(tmp_path / "tensorboard"), size_guidance={"tensors": 0}
    ).Reload()
    shown = sorted(event.step for event in events.Tensors("samples"))
    assert shown == [1, 2, 3, 4, 6, 8]
    looks = read_rows(tmp_path / "looks.jsonl")
    assert [row["step"] for row in looks] == list(range(1, 9))


@pytest.mark.slow
def test_the_step_is_traced_once(tmp_path):
    class Counting(BEGAN):
        traces = 0

        def train_step(self, batch):
            Counting.traces += 1  # Python runs when a graph is made
            return super().train_step(batch)

    model = Counting(ModelConfig(image_size=32, filters=4, latent_dim=8))
    model.compile(learning_rate=1e-3)
    fit(model, tmp_path, config=CONFIG.replace(picture_steps=2))
    assert model.steps_done == 8
    assert Counting.traces == 1


@pytest.mark.slow
def test_an_explosion_stops_although_it_is_finite(model, tmp_path):
    data = batches().map(lambda faces: 1e3 * faces)
    with pytest.raises(DivergedError, match=r"_error was \d+.* at step 1\."):
        fit(model, tmp_path, data)
    assert saved_steps(tmp_path) == []


@pytest.mark.slow
def test_without_a_checkpoint_the_advice_is_to_start_again(model, tmp_path):
    with pytest.raises(DivergedError, match=r"at step 2.*no checkpoint yet"):
        fit(model, tmp_path, batches(bad_step=2))
    assert saved_steps(tmp_path) == []


@pytest.mark.slow
def test_the_last_good_checkpoint_is_one_that_is_whole(model, tmp_path):
    def spoil():
        path = tmp_path / "checkpoints" / "step-00000004.keras"
        path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(DivergedError, match="no checkpoint yet"):
        fit(
            model,
            tmp_path,
            batches(bad_step=6),
            callbacks=[Meanwhile(5, spoil)],
        )


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_after_the_step_and_saves(
    model, tmp_path, number
):
    before = signal.getsignal(number)
    interrupt = Meanwhile(2, lambda: os.kill(os.getpid(), number))
    loop = fit(model, tmp_path, callbacks=[interrupt])
    assert loop.received_signal == number
    assert saved_steps(tmp_path) in ([2], [3])
    assert signal.getsignal(number) is before


@pytest.mark.slow
def test_the_handlers_are_given_back_after_an_error(model, tmp_path):
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(DivergedError):
        fit(model, tmp_path, batches(bad_step=1))
    after = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    assert before == after


@pytest.mark.slow
def test_a_disk_that_fills_up_is_told_and_spoils_nothing(
    model, tmp_path, monkeypatch
):
    hashes = {}

    def fill():
        (path,) = tmp_path.glob("checkpoints/*.keras")
        hashes[path] = sha256_file(path)

        def save(self, target):
            target.write_bytes(b"half a file")
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(BEGAN, "save", save)

    with pytest.raises(OutputError, match="disk is full"):
        fit(model, tmp_path, callbacks=[Meanwhile(5, fill)])
    (path, expected), *others = hashes.items()
    assert not others
    assert sha256_file(path) == expected
    assert {p.name for p in path.parent.iterdir()} == {
        "step-00000004.keras",
        "step-00000004.json",
    }


def test_an_error_before_the_first_step_is_told(model, tmp_path):
    (tmp_path / "tensorboard").write_text("no folder")
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(OutputError, match="tensorboard can't be written"):
        fit(model, tmp_path)
    assert signal.getsignal(signal.SIGINT) is before


class Halving(StallSchedule):
    """Halves every time."""

    def update(self, step, m_global):
        self.learning_rate /= 2
        return self.learning_rate


@pytest.mark.slow
def test_both_optimizers_follow_the_schedule(model, tmp_path):
    fit(model, tmp_path, schedule=Halving(1e-3, 0.0, 1))
    expected = pytest.approx(1e-3 / 2**4)
    for optimizer in (model.generator_optimizer, model.discriminator_optimizer):
        assert float(optimizer.learning_rate) == expected
    text = (tmp_path / "stats.jsonl").read_text()
    rates = [json.loads(line)["learning_rate"] for line in text.splitlines()]
    assert rates == pytest.approx([5e-4, 2.5e-4, 1.25e-4, 6.25e-5])


def look_of(fake_spread, movement=None):
    pixels = np.zeros((64, 32, 32, 3), np.uint8)
    score = None if movement is None else AudioScore(movement, 0.5, 0.5)
    return Look(pixels, pixels, fake_spread, 0.5, score=score)


@pytest.mark.slow
def test_collapse_is_told_once_until_it_has_passed(
    model, tmp_path, monkeypatch, capfd
):
    spreads = iter([0.4, 0.1, 0.1, 0.4, 0.1, 0.4, 0.4, 0.4])
    monkeypatch.setattr(
        loop_module, "look_at", lambda *_: look_of(next(spreads))
    )
    fit(model, tmp_path, config=CONFIG.replace(picture_steps=1))
    told = capfd.readouterr().err
    assert told.count("Warning") == 2
    assert "faces of step 2 are" in told
    assert "faces of step 5 are" in told
    assert "spread 0.100, real 0.500" in told
    noted = read_notes(RunFolder(tmp_path))
    assert [(note.step, note.kind) for note in noted] == [
        (2, COLLAPSE),
        (5, COLLAPSE),
    ]
    assert noted[0].text in told


@pytest.mark.slow
def test_a_collapse_of_another_kind_is_told_as_well(
    model, tmp_path, monkeypatch
):
    looks = iter(
        [(0.1, 0.9), (0.4, 0.1), (0.4, 0.1), (0.1, 0.1), (0.4, 0.9)]
        + [(0.1, 0.1)] * 3
    )
    monkeypatch.setattr(
        loop_module, "look_at", lambda *_: look_of(*next(looks))
    )
    fit(model, tmp_path, config=CONFIG.replace(picture_steps=1))
    noted = read_notes(RunFolder(tmp_path))
    assert [(note.step, note.text.split()[2]) for note in noted] == [
        (1, "faces"),
        (2, "mouths"),
        (4, "faces"),
        (6, "faces"),
        (6, "mouths"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("asked", [False, True])
def test_histograms_are_shown_at_every_look_if_asked_for(
    model, tmp_path, asked
):
    config = CONFIG.replace(picture_steps=4, histograms=asked)
    fit(model, tmp_path, config=config)
    events = EventAccumulator(str(tmp_path / "tensorboard"), {"tensors": 0})
    events.Reload()
    assert ("codes/reals" in events.Tags()["tensors"]) == asked
    if asked:
        steps = [event.step for event in events.Tensors("codes/reals")]
        assert steps == [4, 8]


def heard_look(quality):
    """A look whose quality is known."""
    pixels = np.zeros((64, 32, 32, 3), np.uint8)
    return Look(
        pixels, pixels, 0.5, 0.5,
        score=AudioScore(1.0, quality, 1.0), sharpness=1.0,
    )  # fmt: skip


def saved_generators(model, folder, monkeypatch, qualities):
    """The steps at which the generator is saved, a look after every step."""
    steps = []
    looks = iter(qualities)
    monkeypatch.setattr(
        loop_module, "look_at", lambda *_: heard_look(next(looks))
    )
    monkeypatch.setattr(
        loop_module, "save_generator", lambda _, m: steps.append(int(m.step))
    )
    config = CONFIG.replace(picture_steps=1)
    fit(model, folder, config=config, sheet=object())
    return steps


@pytest.mark.slow
def test_a_generator_that_hears_is_kept_as_of_its_best_look(
    model, tmp_path, monkeypatch
):
    qualities = [0.2, 0.5, 0.4, 0.1, 0.5, 0.3, 0.0, 0.45]
    steps = saved_generators(model, tmp_path, monkeypatch, qualities)
    assert steps == [1, 2, 5]
    assert RunFolder(tmp_path).read_best() == Best(5, 0.5)
    assert saved_steps(tmp_path) == [4, 8]


@pytest.mark.slow
@pytest.mark.parametrize(("step", "kept"), [(0, True), (100, False)])
def test_the_best_of_before_counts_unless_it_is_of_a_lost_future(
    model, tmp_path, monkeypatch, step, kept
):
    """A run that went on from an older checkpoint has lost its best."""
    RunFolder(tmp_path).write_best(Best(step, 0.9))
    steps = saved_generators(model, tmp_path, monkeypatch, [0.2] + [0.1] * 7)
    assert steps == ([] if kept else [1])
    expected = Best(step, 0.9) if kept else Best(1, 0.2)
    assert RunFolder(tmp_path).read_best() == expected


@pytest.mark.slow
def test_a_signal_adds_no_look_but_leaves_a_generator(
    model, tmp_path, monkeypatch
):
    """Before the first look its weights; the first look replaces them."""
    folder = RunFolder(tmp_path)
    config = CONFIG.replace(picture_steps=4, checkpoint_steps=4)
    looks = []

    def look_at(looked_at, *_):
        looks.append(int(looked_at.step))
        return heard_look(0.5 / looks[-1])

    def go_on(until):
        """A signal comes within that step, unless it is the last."""

        def interrupt(batch, logs):
            if done + batch + 1 == until < config.steps:
                os.kill(os.getpid(), signal.SIGINT)

        done = model.steps_done
        fit(
            model,
            tmp_path,
            batches(steps=config.steps - done),
            config=config,
            sheet=object(),
            callbacks=[
                keras.callbacks.LambdaCallback(on_train_batch_begin=interrupt)
            ],
        )
        assert model.steps_done == until

    def delivered():
        generator = keras.models.load_model(folder.generator_file)
        return generator.get_weights()

    monkeypatch.setattr(loop_module, "look_at", look_at)
    for step in (2, 3):
        go_on(step)
        assert looks == []
        assert folder.read_best() is None
        assert not folder.looks_file.exists()
        average = model.ema_generator.get_weights()
        for expected, received in zip(average, delivered(), strict=True):
            np.testing.assert_array_equal(expected, received)
    go_on(7)
    assert looks == [4]
    kept = sha256_file(folder.generator_file)
    assert folder.read_best() == Best(4, 0.125)
    go_on(8)
    assert looks == [4, 8]
    assert sha256_file(folder.generator_file) == kept
    assert [row["step"] for row in read_rows(folder.looks_file)] == [4, 8]


@pytest.mark.slow
def test_a_step_that_a_signal_ended_is_not_the_best(model, tmp_path):
    config = CONFIG.replace(log_steps=1)
    interrupt = Meanwhile(5, lambda: os.kill(os.getpid(), signal.SIGINT))
    fit(model, tmp_path, config=config, callbacks=[interrupt])
    merits = {
        path.stem: json.loads(path.read_text())["merit"] is None
        for path in tmp_path.glob("checkpoints/*.json")
    }
    assert merits.pop("step-00000004") is False
    assert list(merits.values()) == [True]
