"""Where the looks of a finished generator are: its flow learns it at the end.

During training the flow follows codes that move, from the few of every step.
What is learnt once the encoder stands still is closer by far to the codes'
distribution, and takes half a minute. How looks move within clips, which a
natural pose walks along, is found on the same occasion.

Reference:
    Ghosh, Sajjadi, Vergari, Black, Schölkopf, "From Variational to
    Deterministic Autoencoders", arXiv 1903.12436, section 4: ex-post density
    estimation.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from keras import ops

from tfbegan.config import ModelConfig, TrainingConfig
from tfbegan.data.dataset import FaceDataset
from tfbegan.errors import DatasetError
from tfbegan.evaluation.fitting import Fit, fit_network, in_batches
from tfbegan.evaluation.instruments import spread_frames
from tfbegan.evaluation.speech_clips import load_clips
from tfbegan.files import atomic_path, read_json, sha256_file, write_json
from tfbegan.generation.loading import load_generator
from tfbegan.models.pairing import FLOW_JITTER
from tfbegan.training.run_folder import RunFolder

_MOST_FACES = 8_192
_MOST_STEPS = 4_000
_BATCH = 64
_CODES_AT_ONCE = 64

_POSE_CLIPS, _POSE_FRAMES = 64, 12
_POSE_AXES = 8
"""Puppets turn and nod along two; of the footage the eighth is a quarter as
long as the first."""


class _StoppedError(Exception):
    """Whoever asked for the fit no longer wants it."""


def lacks_a_fit(folder: RunFolder, architecture: ModelConfig) -> bool:
    """Whether the generator has a flow that was not fitted yet."""
    has_flow = architecture.conditioning == "audio+noise"
    if not has_flow or not architecture.look_flow:
        return False
    path = folder.generator_file
    return path.is_file() and _fitted_generator(folder) != sha256_file(path)


def fit_flow(
    folder: RunFolder,
    dataset: FaceDataset,
    training: TrainingConfig,
    stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Fits the flow of a run's generator to the looks of its training split.

    Of the generator's file nothing changes but the flow, and that only if the
    looks are likelier by it, and the pose; checkpoints are left alone, so that
    a longer run is the same whether or not it ended before.

    Args:
        folder: Of a run that has ended, which `lacks_a_fit`.
        dataset: What it learnt from.
        training: Of the run: its seed, and no more steps than it had.
        stopped: Whether to leave everything as it is, asked now and then.

    Raises:
        DatasetError: The data set is damaged.
        ModelFileError: The generator's file is damaged.
        OutputError: It can't be written; it is as it was.
    """
    path = folder.generator_file
    generator = load_generator(path).model
    codes = _codes(generator, dataset, training.seed)
    weights, before = generator.flow.get_weights(), _nats(generator, codes)
    try:
        fit_network(
            generator.flow,
            lambda batch: generator.flow.negative_log_likelihood(
                batch["codes"]
            ),
            _batches(codes, training.seed, stopped),
            Fit(steps=min(_MOST_STEPS, training.steps)),
        )
    except _StoppedError:
        return
    after = _nats(generator, codes)
    if not after < before:  # not a number is no progress either
        generator.flow.set_weights(weights)
        after = before
    generator.pose = pose_axes(generator, dataset)
    with atomic_path(path) as temporary:
        generator.save(temporary)
        # Before the file takes its place: a crash between the two leaves a
        # hash that does not fit, and the fit is done again.
        write_json(
            folder.flow_file,
            {
                "generator_sha256": sha256_file(temporary),
                "faces": len(codes),
                "nats_before": before,
                "nats": after,
            },
        )


def pose_axes(generator: Any, dataset: FaceDataset) -> np.ndarray | None:
    """How look codes move within the clips of the training split.

    A face that speaks stays who it is, in its light, and moves its head and
    eyes: what its codes do then is a small and flat part of what codes do.

    Args:
        generator: With a look encoder.
        dataset: What it learnt from.

    Returns:
        float32 [<= 8, h], principal axes, the longest first, each of the
        length of its standard deviation; None where no clip is long enough to
        tell.
    """
    try:
        clips = load_clips(dataset, ("train",), _POSE_CLIPS)
    except DatasetError:
        return None
    apart = []
    for clip in clips:
        faces = clip.images(spread_frames(len(clip), _POSE_FRAMES))
        codes = in_batches(generator.encode, faces, _CODES_AT_ONCE)
        apart.append(codes - codes.mean(axis=0))
    moved = np.concatenate(apart).astype(np.float64)
    variances, axes = np.linalg.eigh(moved.T @ moved / len(moved))
    lengths = np.sqrt(np.maximum(variances, 0))
    longest = np.argsort(lengths)[::-1][:_POSE_AXES]
    return (axes * lengths).T[longest].astype(np.float32)


def _fitted_generator(folder: RunFolder) -> str | None:
    """The hash of the generator that was fitted; None where none is known."""
    try:
        return str(read_json(folder.flow_file)["generator_sha256"])
    except (DatasetError, KeyError, TypeError):
        return None


def _codes(generator: Any, dataset: FaceDataset, seed: int) -> np.ndarray:
    """Look codes of training faces, float32 [<= 8,192, h]."""
    images, _ = dataset.pairs("train", _MOST_FACES, seed)

    def encode(part: Any) -> Any:
        return generator.encode(ops.cast(part, "float32") / 127.5 - 1.0)

    return in_batches(encode, images, _CODES_AT_ONCE)


def _batches(
    codes: np.ndarray, seed: int, stopped: Callable[[], bool]
) -> Iterator[dict[str, np.ndarray]]:
    generator = np.random.default_rng(seed)
    while True:
        if stopped():
            raise _StoppedError
        some = codes[generator.integers(0, len(codes), _BATCH)]
        noise = generator.normal(0, FLOW_JITTER, some.shape)
        yield {"codes": (some + noise).astype(np.float32)}


def _nats(generator: Any, codes: np.ndarray) -> float:
    """How little the flow expects codes, for each number of one."""
    return float(generator.flow.negative_log_likelihood(codes))
