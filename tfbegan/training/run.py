"""A training run from its first step to its last, or on from where it was."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfbegan.config import TrainingConfig
from tfbegan.data.augmentation import SoundAugmentation
from tfbegan.data.dataset import FaceDataset, open_dataset
from tfbegan.errors import ConfigError, DatasetError, RunError
from tfbegan.files import atomic_path, folder_lock
from tfbegan.generation.loading import to_uint8
from tfbegan.generation.pictures import make_grid
from tfbegan.models.began import BEGAN
from tfbegan.training.acceleration import (
    choose_jit,
    choose_precision,
    keep_freed_memory,
)
from tfbegan.training.checkpoints import load_checkpoint
from tfbegan.training.chronicle import chronicled
from tfbegan.training.interval import Interval
from tfbegan.training.loop import TrainingLoop
from tfbegan.training.pictures import choose_exhibits
from tfbegan.training.profiling import Profiler
from tfbegan.training.run_folder import (
    RunConfig,
    RunFolder,
    create_run_folder,
    data_fingerprint,
)
from tfbegan.training.schedule import StallSchedule


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


def train(config: RunConfig, runs: Path) -> RunResult:
    """Trains a new model.

    Args:
        config: All that decides the run.
        runs: Folder in which the run folder is made.

    Returns:
        How it ended.

    Raises:
        ConfigError: Data set and networks do not fit.
        DatasetError: The data set is damaged.
        DivergedError: A loss stopped being finite.
        OutputError: The disk is full.
    """
    dataset = open_fitting(config)
    folder = create_run_folder(Path(runs), config)
    with folder_lock(folder.path, "training"):
        model = new_model(config, dataset)
        schedule = _schedule(config.training)
        return _run(config, folder, dataset, model, schedule, Interval())


def resume(
    folder: RunFolder, steps: int | None = None, data: Path | None = None
) -> RunResult:
    """Goes on with a run as if it had never stopped.

    Args:
        folder: Of the run.
        steps: New length of the whole run; None keeps it.
        data: Where the data set is now; None where it was.

    Raises:
        RunError: This is no run folder, or its data set has changed.
        LockedError: The run is going on.
        ModelFileError: No checkpoint can be used.
    """
    config = folder.read_config()
    if steps is not None:
        training = config.training.replace(steps=steps)
        config = replace(config, training=training)
    if data is not None:
        config = replace(config, data=str(data))
    dataset = _open_again(config, folder)
    with folder_lock(folder.path, "training"):
        # From now on nothing need be told again.
        folder.write_config(config)
        schedule, interval = _schedule(config.training), Interval()
        checkpoint = load_checkpoint(folder.checkpoints)
        if checkpoint is None:
            model = new_model(config, dataset)
            return _run(config, folder, dataset, model, schedule, interval)
        schedule.restore(checkpoint.state.schedule)
        interval.restore(checkpoint.state.interval)
        notes = tuple(
            f"A checkpoint was damaged, so training went on from step"
            f" {checkpoint.step}. {reason}"
            for reason in checkpoint.damaged
        )
        model = checkpoint.model
        return _run(config, folder, dataset, model, schedule, interval, notes)


def _open_again(config: RunConfig, folder: RunFolder) -> FaceDataset:
    """The run's data set, if it is still the same."""
    path = Path(config.data)
    if not path.is_dir():
        raise RunError(
            f"The data set {path} that {folder.path} was trained on is gone."
            f" Say where it is: python train.py --resume {folder.path} --data"
            " FOLDER"
        )
    dataset = open_fitting(config)
    if data_fingerprint(path) != config.data_sha256:
        raise RunError(
            f"The data set {path} is not the one that {folder.path}"
            " was trained on. Put that one back, or start a new run."
        )
    return dataset


def _run(
    config: RunConfig,
    folder: RunFolder,
    dataset: FaceDataset,
    model: BEGAN,
    schedule: StallSchedule,
    interval: Interval,
    notes: tuple[str, ...] = (),
) -> RunResult:
    keep_freed_memory()
    training = config.training
    done = int(model.step)
    with_audio = config.architecture.takes_sound
    exhibits = choose_exhibits(dataset, training.seed, with_audio)
    _save_reals(folder, exhibits.reals)
    loop = TrainingLoop(folder, training, schedule, exhibits, interval)
    if done < training.steps:
        batches = training_batches(config, dataset, start_step=done)
        with chronicled(loop, done, notes) as told:
            _fit(model, batches, loop, dataset)
        notes = (*notes, *told)
    return RunResult(folder, int(model.step), loop.received_signal, notes)


def _fit(
    model: BEGAN, batches: Any, loop: TrainingLoop, dataset: FaceDataset
) -> None:
    profiler = Profiler(loop.folder.tensorboard, loop.config.profiled_steps)
    try:
        model.fit(
            batches,
            epochs=1,
            steps_per_epoch=loop.config.steps - int(model.step),
            shuffle=False,
            verbose=0,
            callbacks=[profiler, loop],
        )
    except (tf.errors.DataLossError, tf.errors.InvalidArgumentError) as e:
        raise _unreadable(dataset, e) from e
    finally:
        loop.finish()
        profiler.finish()


def training_batches(
    config: RunConfig, dataset: FaceDataset, start_step: int = 0
) -> tf.data.Dataset:
    """What a run learns from, from one of its steps on."""
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
    )


def _unreadable(dataset: FaceDataset, error: Exception) -> Exception:
    """What a record that can't be decoded means; else the error itself."""
    text = str(error)
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
    )


def open_fitting(config: RunConfig) -> FaceDataset:
    """The data set of a run.

    Raises:
        ConfigError: Data set and networks do not fit.
        DatasetError: The data set is damaged.
    """
    dataset = open_dataset(config.data)
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
