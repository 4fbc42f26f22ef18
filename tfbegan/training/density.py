"""Where the looks of a finished generator are: its flow learns it at the end.

During training the flow follows codes that move, from the few of every step.
What is learnt once the encoder stands still is closer by far to the codes'
distribution, and takes half a minute.

Reference:
    Ghosh, Sajjadi, Vergari, Black, Schölkopf, "From Variational to
    Deterministic Autoencoders", arXiv 1903.12436, section 4: ex-post density
    estimation.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from tfbegan.config import TrainingConfig
from tfbegan.data.dataset import FaceDataset
from tfbegan.evaluation.fitting import (
    Fit,
    StoppedError,
    fit_network,
    in_batches,
    while_wanted,
)
from tfbegan.models.pairing import FLOW_JITTER

_MOST_FACES = 8_192
_MOST_STEPS = 4_000
_BATCH = 64
_CODES_AT_ONCE = 64


@dataclass(frozen=True)
class DensityFit:
    """What a fit has come to.

    Attributes:
        faces: Whose codes were learnt.
        nats_before: How little the flow expected them, for each number of a
            code.
        nats: The same after the fit; never more.
    """

    faces: int
    nats_before: float
    nats: float


def fit_flow(
    generator: Any,
    dataset: FaceDataset,
    training: TrainingConfig,
    stopped: Callable[[], bool] = lambda: False,
) -> DensityFit:
    """Fits a generator's flow to the looks of the training split.

    Where that makes the looks no likelier, it keeps its weights.

    Args:
        generator: With a flow and a look encoder.
        dataset: What it learnt from.
        training: Of the run: its seed, and no more steps than it had.
        stopped: Whether to give up, asked now and then.

    Raises:
        StoppedError: `stopped` said so; what the flow is then is of no use.
        DatasetError: The data set is damaged.
    """
    codes = _codes(generator, dataset, training.seed, stopped)
    weights, before = generator.flow.get_weights(), _nats(generator, codes)
    fit_network(
        generator.flow,
        lambda batch: generator.flow.negative_log_likelihood(batch["codes"]),
        while_wanted(_batches(codes, training.seed), stopped),
        Fit(steps=min(_MOST_STEPS, training.steps)),
    )
    after = _nats(generator, codes)
    if not after < before:  # not a number is no progress either
        generator.flow.set_weights(weights)
        after = before
    return DensityFit(len(codes), before, after)


def _codes(
    generator: Any,
    dataset: FaceDataset,
    seed: int,
    stopped: Callable[[], bool],
) -> np.ndarray:
    """Look codes of training faces, float32 [<= 8,192, h]."""
    images, _ = dataset.pairs("train", _MOST_FACES, seed)

    def encode(part: Any) -> Any:
        if stopped():
            raise StoppedError
        return generator.encode(ops.cast(part, "float32") / 127.5 - 1.0)

    return in_batches(encode, images, _CODES_AT_ONCE)


def _batches(codes: np.ndarray, seed: int) -> Iterator[dict[str, np.ndarray]]:
    generator = np.random.default_rng(seed)
    while True:
        some = codes[generator.integers(0, len(codes), _BATCH)]
        noise = generator.normal(0, FLOW_JITTER, some.shape)
        yield {"codes": (some + noise).astype(np.float32)}


def _nats(generator: Any, codes: np.ndarray) -> float:
    """How little the flow expects codes, for each number of one."""
    return float(generator.flow.negative_log_likelihood(codes))
