"""What a generator that takes sound is given when its training has ended.

Its flow learns where looks are. How looks move within clips and how they blink
is found, for a natural pose, and the mean sound, from which an articulation is
measured. All of it needs encoders that stand still.
"""

import dataclasses
from collections.abc import Callable

from tfbegan.config import ModelConfig, TrainingConfig
from tfbegan.data.dataset import FaceDataset
from tfbegan.errors import DatasetError
from tfbegan.evaluation.fitting import StoppedError, while_wanted
from tfbegan.evaluation.speech_clips import clip_records
from tfbegan.files import atomic_path, read_json, sha256_file, write_json
from tfbegan.generation.loading import load_generator
from tfbegan.models.generator import Generator
from tfbegan.training.blinks import find_blinking
from tfbegan.training.density import DensityFit, fit_flow
from tfbegan.training.mean_sound import mean_sound
from tfbegan.training.pose_axes import pose_axes
from tfbegan.training.run_folder import RunFolder

_CLIPS = 64


def lacks_finish(folder: RunFolder, architecture: ModelConfig) -> bool:
    """Whether the generator of a run takes sound, and was not finished yet."""
    path = folder.generator_file
    return (
        architecture.takes_sound
        and path.is_file()
        and _finished_generator(folder) != sha256_file(path)
    )


def finish_generator(
    folder: RunFolder,
    dataset: FaceDataset,
    training: TrainingConfig,
    stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Gives the generator of a run its last fit, its pose and its mean sound.

    In its file nothing else changes; checkpoints are left alone, so that a
    longer run is the same whether or not it ended before. (But where its best
    step is one of before, the generator was finished then, and stays so.)

    Args:
        folder: Of a run that has ended, which `lacks_finish`.
        dataset: What it learnt from.
        training: Of the run.
        stopped: Whether to leave everything as it is, asked now and then.

    Raises:
        DatasetError: The data set is damaged.
        ModelFileError: The generator's file is damaged.
        OutputError: It can't be written; it is as it was.
    """
    path = folder.generator_file
    generator = load_generator(path).model
    density = _earlier_fit(folder)
    try:
        if generator.flow is not None and density is None:
            density = fit_flow(generator, dataset, training, stopped)
        _find_the_rest(generator, dataset, stopped)
    except StoppedError:
        return
    with atomic_path(path) as temporary:
        generator.save(temporary)
        # Before the file takes its place: a crash between the two leaves a
        # hash that does not fit, and all is done again.
        write_json(
            folder.finish_file,
            {
                "generator_sha256": sha256_file(temporary),
                "flow": density and dataclasses.asdict(density),
            },
        )


def _find_the_rest(
    generator: Generator, dataset: FaceDataset, stopped: Callable[[], bool]
) -> None:
    # Once for all: a large data set takes long to be read through.
    records = list(
        while_wanted(clip_records(dataset, ("train",), _CLIPS), stopped)
    )
    if generator.has_look:
        generator.blinking = find_blinking(
            generator, records, dataset.info, stopped
        )
        generator.pose = pose_axes(
            generator, while_wanted(records, stopped), generator.blinking
        )
    generator.mean_sound = mean_sound(
        generator, while_wanted(records, stopped), dataset.info
    )


def _earlier_fit(folder: RunFolder) -> DensityFit | None:
    """Of a run that ended when there was only that to do; None if it didn't.

    Its random faces are known by their seeds, so its flow stays as it is.
    """
    try:
        content = dict(read_json(folder.earlier_fit_file))
        fitted = content.pop("generator_sha256")
        fit = DensityFit(**content)
    except (DatasetError, KeyError, TypeError, ValueError):
        return None
    return fit if fitted == sha256_file(folder.generator_file) else None


def _finished_generator(folder: RunFolder) -> str | None:
    """The hash of the generator that was finished; None where none is known."""
    try:
        return str(read_json(folder.finish_file)["generator_sha256"])
    except (DatasetError, KeyError, TypeError):
        return None
