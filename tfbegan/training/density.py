"""Where the looks of a finished generator are: its flow learns it at the end.

During training the flow follows codes that move, from the few of every step.
What is learnt once the encoder stands still is closer by far to the codes'
distribution, and takes half a minute.

Reference:
    Ghosh, Sajjadi, Vergari, Black, Schölkopf, "From Variational to
    Deterministic Autoencoders", arXiv 1903.12436, section 4: ex-post density
    estimation.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tfbegan.config import TrainingConfig
from tfbegan.data.dataset import FaceDataset
from tfbegan.evaluation.fitting import Fit, fit_network, in_batches
from tfbegan.files import atomic_path, read_json, sha256_file, write_json
from tfbegan.generation.loading import load_generator
from tfbegan.models.pairing import FLOW_JITTER
from tfbegan.training.run_folder import RunFolder

_MOST_FACES = 8_192
_MOST_STEPS = 4_000
_BATCH = 64
_CODES_AT_ONCE = 64


def fit_flow(
    folder: RunFolder, dataset: FaceDataset, training: TrainingConfig
) -> bool:
    """Fits the flow of a run's generator to the looks of its training split.

    Nothing but the flow in the generator's file changes; checkpoints are left
    alone, so that a longer run is the same whether or not it ended before.

    Args:
        folder: Of a run that has ended.
        dataset: What it learnt from.
        training: The `TrainingConfig` of the run: its seed, and no more steps
            than it had.

    Returns:
        Whether there was anything to do: the generator has a flow, which was
        not fitted yet.

    Raises:
        ModelFileError: The generator's file is damaged.
        OutputError: It can't be written; it is as it was.
    """
    path = folder.generator_file
    if not path.is_file() or _is_fitted(folder):
        return False
    generator = load_generator(path).model
    if generator.flow is None:
        return False
    codes = _codes(generator, dataset, training.seed)
    before = _surprise(generator.flow, codes)
    fit_network(
        generator.flow,
        lambda batch: generator.flow.negative_log_likelihood(batch["codes"]),
        _batches(codes, training.seed),
        Fit(steps=min(_MOST_STEPS, training.steps)),
    )
    with atomic_path(path) as temporary:
        generator.save(temporary)
    write_json(
        folder.flow_file,
        {
            "generator_sha256": sha256_file(path),
            "faces": len(codes),
            "nats_before": before,
            "nats": _surprise(generator.flow, codes),
        },
    )
    return True


def _is_fitted(folder: RunFolder) -> bool:
    if not folder.flow_file.is_file():
        return False
    content = read_json(folder.flow_file)
    return content["generator_sha256"] == sha256_file(folder.generator_file)


def _codes(generator: Any, dataset: FaceDataset, seed: int) -> np.ndarray:
    """Look codes of training faces, float32 [<= 8,192, h]."""
    images, _ = dataset.pairs("train", _MOST_FACES, seed)
    faces = images.astype(np.float32) / 127.5 - 1.0
    return in_batches(generator.encode, faces, _CODES_AT_ONCE)


def _batches(codes: np.ndarray, seed: int) -> Iterator[dict[str, np.ndarray]]:
    generator = np.random.default_rng(seed)
    while True:
        some = codes[generator.integers(0, len(codes), _BATCH)]
        noise = generator.normal(0, FLOW_JITTER, some.shape)
        yield {"codes": (some + noise).astype(np.float32)}


def _surprise(flow: Any, codes: np.ndarray) -> float:
    """In nats for each number of a code."""
    return float(flow.negative_log_likelihood(codes))
