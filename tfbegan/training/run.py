"""A training run from its first step to its last, or on from where it was."""

import dataclasses
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfbegan.config import TrainingConfig
from tfbegan.data.augmentation import SoundAugmentation
from tfbegan.data.dataset import FaceDataset, open_dataset
from tfbegan.data.pipeline import Share
from tfbegan.errors import ConfigError, DatasetError, RunError
from tfbegan.files import (
    atomic_path,
    canonical_json,
    folder_lock,
    remove_temporaries,
    sha256_bytes,
)
from tfbegan.generation.loading import to_uint8
from tfbegan.generation.pictures import make_grid
from tfbegan.models.began import BEGAN
from tfbegan.training.acceleration import (
    choose_jit,
    choose_precision,
    keep_freed_memory,
)
from tfbegan.training.checkpoints import (
    Checkpoint,
    last_good_step,
    load_checkpoint,
    tell_last_good,
)
from tfbegan.training.chronicle import chronicled
from tfbegan.training.finish import finish_generator, lacks_finish
from tfbegan.training.interval import Interval
from tfbegan.training.loop import TrainingLoop
from tfbegan.training.pictures import Exhibits, choose_exhibits
from tfbegan.training.profiling import Profiler
from tfbegan.training.resumption import changed_config, check_own_model
from tfbegan.training.run_folder import (
    RunConfig,
    RunFolder,
    create_run_folder,
    data_fingerprint,
)
from tfbegan.training.schedule import StallSchedule
from tfbegan.training.team import ALONE, Team
from tfbegan.training.team_loops import FollowerLoop, TeamLoop

_OF_DATA = (
    tf.errors.DataLossError,
    tf.errors.InvalidArgumentError,
    tf.errors.NotFoundError,
)
"""What TensorFlow raises where a shard is damaged or gone."""


@dataclass(frozen=True)
class RunResult:
    """How a run ended.

    Attributes:
        folder: Of the run.
        step: Steps done.
        received_signal: SIGINT or SIGTERM, if one ended it; else None.
        notes: Sentences for whoever started it, such as a checkpoint that
            was damaged.
    """

    folder: RunFolder
    step: int
    received_signal: int | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Job:
    """What is done, for whom, and with whom."""

    config: RunConfig
    dataset: FaceDataset
    team: Team
    folder: RunFolder


def train(config: RunConfig, runs: Path, team: Team = ALONE) -> RunResult:
    """Trains a new model.

    Args:
        config: All that decides the run.
        runs: Folder in which the run folder is made.
        team: The devices and machines to train on.

    Returns:
        How it ended.

    Raises:
        ConfigError: Data set, networks and team do not fit.
        DatasetError: The data set is damaged.
        DivergedError: A loss stopped being finite.
        OutputError: The disk is full.
        RunError: Another worker failed or was lost.
    """
    team.check_batch(config.training.batch_size)
    with team.watched(lambda: "Start all workers again."), ExitStack() as held:
        dataset = team.together(lambda: open_fitting(config, team))
        team.check_same("settings or data", lambda: _fingerprint(config))
        path = team.chief_says(
            lambda: str(create_run_folder(Path(runs), config).path)
        )
        job = _Job(config, dataset, team, RunFolder(Path(path)))
        _hold(job, held)
        schedule = _schedule(config.training)
        with team.scope():
            model = new_model(config, dataset)
        return _run(job, model, schedule, Interval())


def resume(
    folder: RunFolder,
    steps: int | None = None,
    data: Path | None = None,
    team: Team = ALONE,
    learning_rate: float | None = None,
) -> RunResult:
    """Goes on with a run as if it had never stopped.

    Args:
        folder: Of the run.
        steps: New length of the whole run; None keeps it. A run with a decay
            of the rate is then another one than if it had been as long from
            the start: its decay was at another place.
        data: Where the data set is now; None where it was.
        team: The devices and machines to go on with; it need not be the one
            that the run was begun with.
        learning_rate: To go on with, where the run has diverged; None keeps
            what it has come to.

    Raises:
        ConfigError: The learning rate is out of range.
        RunError: This is no run folder, its data set has changed, it has done
            more steps than it is to have, its checkpoint is of another run,
            or another worker failed or was lost.
        LockedError: The run is going on.
        ModelFileError: No checkpoint can be used.
    """
    with team.watched(lambda: "Start all workers again."), ExitStack() as held:
        changes = {"steps": steps, "learning_rate": learning_rate}
        changes = {n: v for n, v in changes.items() if v is not None}
        job = team.together(lambda: _reopened(folder, changes, data, team))
        team.check_same(
            "settings or data",
            lambda: _fingerprint(job.config, folder.path.name),
        )
        team.check_same(
            "the last checkpoint that they see",
            lambda: last_good_step(folder.checkpoints) or 0,
        )
        _hold(job, held)
        schedule, interval = _schedule(job.config.training), Interval()
        with team.scope():
            checkpoint = load_checkpoint(folder.checkpoints)
            if checkpoint is None:
                model = new_model(job.config, job.dataset)
        if checkpoint is not None:
            check_own_model(folder, job.config, checkpoint.model)
        if team.is_chief:
            # From now on nothing need be told again.
            folder.write_config(job.config)
        if checkpoint is None:
            return _run(job, model, schedule, interval)
        schedule.restore(checkpoint.state.schedule)
        if learning_rate is not None:
            schedule.learning_rate = learning_rate
        interval.restore(checkpoint.state.interval)
        with team.scope():
            # With other --steps than before the decay is at another place.
            last_update = checkpoint.step - interval.steps
            checkpoint.model.learning_rate = schedule.rate(last_update)
        # The run may have been begun on another kind of device.
        jit_compile = choose_jit(job.config.training.jit_compile)
        checkpoint.model.jit_compile = jit_compile
        notes = _notes(checkpoint)
        return _run(job, checkpoint.model, schedule, interval, notes)


def _reopened(
    folder: RunFolder,
    changes: Mapping[str, Any],
    data: Path | None,
    team: Team,
) -> _Job:
    config = changed_config(folder, changes)
    if data is not None:
        config = dataclasses.replace(config, data=str(data))
    team.check_batch(config.training.batch_size)
    path = Path(config.data)
    if not path.is_dir():
        raise RunError(
            f"The data set {path} that {folder.path} was trained on is gone."
            f" Say where it is: python train.py --resume {folder.path} --data"
            " FOLDER"
        )
    dataset = open_fitting(config, team)
    if data_fingerprint(path) != config.data_sha256:
        raise RunError(
            f"The data set {path} is not the one that {folder.path}"
            " was trained on. Put that one back, or start a new run."
        )
    return _Job(config, dataset, team, folder)


def _fingerprint(config: RunConfig, run: str = "") -> int:
    """Of all but the path of the data set: machines may mount it anywhere."""
    settings = {**config.to_dict(), "data": run}
    return int(sha256_bytes(canonical_json(settings).encode())[:12], 16)


def _hold(job: _Job, held: ExitStack) -> None:
    """Locks the run folder until `held` is closed; the chief does."""

    def lock() -> None:
        if job.team.is_chief:
            path = job.folder.path
            held.enter_context(folder_lock(path, "training"))
            # What a kill in the middle of a writing left.
            for folder in (path, *filter(Path.is_dir, path.iterdir())):
                remove_temporaries(folder)

    job.team.together(lock)


def _notes(checkpoint: Checkpoint) -> tuple[str, ...]:
    return tuple(
        f"A checkpoint was damaged, so training went on from step"
        f" {checkpoint.step}. {reason}"
        for reason in checkpoint.damaged
    )


def _run(
    job: _Job,
    model: BEGAN,
    schedule: StallSchedule,
    interval: Interval,
    notes: tuple[str, ...] = (),
) -> RunResult:
    keep_freed_memory()
    loop = _loop(job, schedule, interval)
    loop.step = done = model.steps_done
    if done < job.config.training.steps or _lacks_finish(job):
        with ExitStack() as chief:
            told: list[str] = []
            if job.team.is_chief:
                told = chief.enter_context(chronicled(loop, done, notes))
            _work(job, model, loop)
        notes = (*notes, *told)
    return RunResult(job.folder, model.steps_done, loop.received_signal, notes)


def _lacks_finish(job: _Job) -> bool:
    architecture = job.config.architecture
    return bool(
        job.team.chief_says(
            lambda: "yes" if lacks_finish(job.folder, architecture) else ""
        )
    )


def _work(job: _Job, model: BEGAN, loop: TrainingLoop) -> None:
    """The steps that are left to do, and what comes after the last one."""
    profiler = Profiler(loop.folder.tensorboard, loop.config.profiled_steps)
    try:
        with job.team.watched(lambda: _how_to_resume(job)):
            if loop.step < loop.config.steps:
                _fit(job, model, loop, profiler)
            # The others wait: the chief may still be writing.
            job.team.together(lambda: _complete(job, loop))
            _share_signal(job.team, loop)
    except _OF_DATA as e:
        raise _unreadable(job, e) from e
    finally:
        loop.finish()
        profiler.finish()


def _fit(
    job: _Job, model: BEGAN, loop: TrainingLoop, profiler: Profiler
) -> None:
    done = loop.step
    if job.team.replicas > 1:
        model.jit_compile = False  # XLA has no all-reduce on a CPU
    model.fit(
        job.team.distribute(
            lambda share: training_batches(job.config, job.dataset, done, share)
        ),
        epochs=1,
        steps_per_epoch=loop.config.steps - done,
        shuffle=False,
        verbose=0,
        callbacks=[profiler, loop] if job.team.is_chief else [loop],
    )


def _share_signal(team: Team, loop: TrainingLoop) -> None:
    """All workers end with one exit code, so that a job that is started again
    is so as a whole."""
    number = team.chief_says(lambda: str(loop.received_signal or ""))
    if number and loop.received_signal is None:
        loop.received_signal = int(number)


def _complete(job: _Job, loop: TrainingLoop) -> None:
    """What is left to do when all steps are done."""
    training, folder = job.config.training, job.folder
    if not job.team.is_chief or loop.step < training.steps:
        return
    if lacks_finish(folder, job.config.architecture):
        finish_generator(
            folder,
            job.dataset,
            training,
            stopped=lambda: loop.pending_signal() is not None,
        )
        loop.received_signal = loop.pending_signal()


def _loop(
    job: _Job, schedule: StallSchedule, interval: Interval
) -> TrainingLoop:
    training = job.config.training
    if not job.team.is_chief:
        nothing = Exhibits(np.zeros((0, 1, 1, 3), np.float32))
        return FollowerLoop(job.folder, training, schedule, nothing, interval)
    with_audio = job.config.architecture.takes_sound
    exhibits = choose_exhibits(job.dataset, training.seed, with_audio)
    _save_reals(job.folder, exhibits.reals)
    kind = TrainingLoop if job.team.replicas == 1 else TeamLoop
    return kind(job.folder, training, schedule, exhibits, interval)


def training_batches(
    config: RunConfig,
    dataset: FaceDataset,
    start_step: int = 0,
    share: Share | None = None,
) -> tf.data.Dataset:
    """What a run, or one worker of it, learns from, from one step on."""
    training = config.training
    return dataset.stream(
        "train",
        batch_size=training.batch_size,
        seed=training.seed,
        start_step=start_step,
        clips_per_batch=training.clips_per_batch,
        flip=training.flip,
        with_audio=config.architecture.takes_sound,
        augmentation=SoundAugmentation(
            training.gain_db, training.silence_share
        ),
        share=share or Share(),
    )


def _how_to_resume(job: _Job) -> str:
    return (
        f"{tell_last_good(job.folder.checkpoints)}: start all workers again"
        f" with: python train.py --resume {job.folder.path}"
    )


def _unreadable(job: _Job, error: Exception) -> Exception:
    """What a record that can't be decoded means; else the error itself."""
    text, dataset = str(error), job.dataset
    if not dataset.folder.is_dir():
        return DatasetError(
            f"The data set {dataset.folder} is gone. Put it back, and go on"
            f" with: python train.py --resume {job.folder.path}"
        )
    if "IteratorGetNext" not in text and "data loss" not in text.lower():
        return error
    return DatasetError(
        f"A record of {dataset.folder} can't be read. Find it with:"
        f" tfrecords-builder verify {dataset.folder}"
    )


def new_model(config: RunConfig, dataset: FaceDataset) -> BEGAN:
    """A model that is ready to be trained."""
    training = config.training
    model = BEGAN(
        config.architecture,
        config.objective,
        speech=dataset.speech if config.architecture.takes_sound else None,
        ema_decay=training.ema_decay,
        seed=training.seed,
        dtype=choose_precision(training.precision),
    )
    model.compile(
        learning_rate=training.learning_rate,
        beta_1=training.beta_1,
        clip_norm=training.clip_norm,
        jit_compile=choose_jit(training.jit_compile),
    )
    return model


def _schedule(training: TrainingConfig) -> StallSchedule:
    return StallSchedule(
        training.learning_rate,
        training.min_learning_rate,
        training.stall_steps,
        training.decay,
    )


def open_fitting(config: RunConfig, team: Team = ALONE) -> FaceDataset:
    """The data set of a run.

    Raises:
        ConfigError: Data set, networks and team do not fit.
        DatasetError: The data set is damaged.
    """
    dataset = open_dataset(config.data)
    team.check_clips(dataset.info.clips("train"))
    size = dataset.info.face.image_size
    if size != config.architecture.image_size:
        raise ConfigError(
            f"The data set {config.data} has faces of {size} px, the networks"
            f" were to have {config.architecture.image_size}. Train with"
            f" --image-size {size}, or build the data set again with --size"
            f" {config.architecture.image_size}."
        )
    if config.architecture.takes_sound and not dataset.info.has_audio:
        raise ConfigError(
            f"The data set {config.data} has no sound for every face, so"
            f" --conditioning {config.architecture.conditioning} can't learn"
            " from it. Train with --conditioning noise, or build it from"
            " footage with sound."
        )
    return dataset


def _save_reals(folder: RunFolder, reals: Any) -> None:
    """A grid of reals; not marked as generated, because it is not."""
    from PIL import Image

    with atomic_path(folder.path / "reals.png") as temporary:
        grid = make_grid(to_uint8(reals), columns=16)
        Image.fromarray(grid).save(temporary)
