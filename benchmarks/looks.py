"""Prints how much of the training faces a generator's z reach, and why.

    python benchmarks/looks.py RUN --data DIR

Coverage and kid_ae are those of A8 by codes alone, which tell looks and not
how fine they are painted; coverage is over what other training faces cover,
with the sound of the validation split; held-out data are not looked at. Where
the look codes of other training frames cover and z of the prior does not, it
is the prior that does not fit; where not even they do, the faces themselves.
Of a generator without a flow a flow is fitted to the codes, to tell what one
would give. The last column but one is kid_ae of the same faces once the mean
error of training frames is taken off them: what is wrong in the same place on
every face.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from tfbegan.data.dataset import open_dataset
from tfbegan.evaluation.arms import windows_at
from tfbegan.evaluation.feature_distances import (
    FeatureSet,
    covered,
    kernel_distance,
)
from tfbegan.evaluation.fitting import in_batches
from tfbegan.evaluation.held_out import HeldOut
from tfbegan.evaluation.instruments import prepare_instruments, spread_frames
from tfbegan.evaluation.speech_clips import load_clips
from tfbegan.generation.latents import draw_latents
from tfbegan.generation.loading import load_generator
from tfbegan.quiet import import_tensorflow

_SHOWN = (0, 1, 3, 7, 15, 31)
_FRAMES_PER_CLIP = 24
_FRAMES_OF_ERROR = 12
_FLOW_STEPS = 4_000
_FLOW_BATCH = 16


def codes_of(model: Any, clips: Sequence[Any], frames: int) -> np.ndarray:
    """Look codes of some frames of every clip, float32 [N, h]."""
    faces = [clip.images(spread_frames(len(clip), frames)) for clip in clips]
    return np.concatenate([in_batches(model.encode, part) for part in faces])


def mean_error(model: Any, clips: Sequence[Any], frames: int) -> np.ndarray:
    """x - G(look(x), a) in the mean over training frames: [S, S, 3]."""
    errors = []
    for clip in clips:
        chosen = spread_frames(len(clip), frames)
        images, windows = clip.images(chosen), clip.windows(chosen)
        painted = model.paint(model.encode(images), model.hear(windows))
        errors.append(images - np.clip(painted, -1, 1))
    return np.concatenate(errors).mean(axis=0)


def fitted_flow(codes: np.ndarray) -> Any:
    """A flow that has learnt codes as it would beside a training."""
    import keras
    import tensorflow as tf

    from tfbegan.layers.flow import Flow

    flow = Flow(seed=0)
    flow.build((None, codes.shape[1]))
    weights = flow.trainable_variables
    optimizer = keras.optimizers.Adam(1e-3, global_clipnorm=1.0)

    @tf.function
    def learn(batch: Any) -> None:
        with tf.GradientTape() as tape:
            loss = flow.negative_log_likelihood(batch)
        optimizer.apply(tape.gradient(loss, weights), weights)

    generator = np.random.default_rng(0)
    for _ in range(_FLOW_STEPS):
        batch = codes[generator.integers(0, len(codes), _FLOW_BATCH)]
        batch = batch + generator.normal(0, 0.05, batch.shape)
        learn(tf.constant(batch, tf.float32))
    return flow


def kinds_of_codes(
    model: Any, held_out: HeldOut, count: int
) -> Iterator[tuple[str, np.ndarray]]:
    """What to paint faces of, float32 [count, h] each."""
    generator = np.random.default_rng(0)
    noise = draw_latents(count, model.latent_dim, seed=0)
    few = generator.permutation(np.arange(count) % 64)
    clips = held_out.instruments.training_clips
    codes = codes_of(model, clips, _FRAMES_PER_CLIP)
    unseen = codes_of(model, held_out.clips, _FRAMES_PER_CLIP)

    def some(of: np.ndarray) -> np.ndarray:
        return of[generator.choice(len(of), count, replace=len(of) < count)]

    yield "64 z of the prior for all", np.array(model.code_of(noise[few]))
    yield "a z of the prior for each", np.array(model.code_of(noise))
    yield (
        "normal, of the codes' covariance",
        generator.multivariate_normal(codes.mean(0), np.cov(codes.T), count),
    )
    if model.flow is None:
        flow = fitted_flow(codes)
        yield "a flow fitted to the codes", np.array(flow(noise))
    yield "codes of validation frames", some(unseen)
    yield "codes of training frames", some(codes)
    yield "64 codes of training frames for all", some(codes)[few]


def spread_of(codes: np.ndarray) -> str:
    """Standard deviations along some of the principal axes."""
    variances = np.linalg.eigvalsh(np.cov(codes.T))[::-1]
    deviations = np.sqrt(np.maximum(variances, 0))
    return ", ".join(f"{deviations[i]:.2f}" for i in _SHOWN if i < len(codes.T))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", help="run folder or .keras file")
    parser.add_argument("--data", type=Path, required=True)
    parsed = parser.parse_args()
    import_tensorflow()
    model = load_generator(parsed.run).model
    dataset = open_dataset(parsed.data)
    clips = load_clips(dataset, ("validation",), 40)
    held_out = HeldOut(clips, prepare_instruments(dataset))
    features = held_out.instruments.features
    reference = held_out.codes_of(held_out.reference_features)
    real = held_out.codes_of(held_out.real_features)

    def coded(some: np.ndarray) -> np.ndarray:
        return features.code_alone(features(np.clip(some, -1, 1)))

    count = len(real.features)
    of_real = covered(reference, real.features).mean()
    sound = in_batches(
        model.hear, windows_at(clips, held_out.feature_moments(count))
    )
    wrong = mean_error(
        model, held_out.instruments.training_clips, _FRAMES_OF_ERROR
    )
    table = Table(
        "codes",
        "coverage, over training faces'",
        "kid_ae",
        "kid_ae without the mean error",
        "deviation along axes " + ", ".join(str(i + 1) for i in _SHOWN),
        title=f"{parsed.run}: {count} faces",
    )
    for name, codes in kinds_of_codes(model, held_out, count):
        codes = codes.astype(np.float32)
        faces = np.concatenate(
            [
                np.array(model.paint(codes[i : i + 64], sound[i : i + 64]))
                for i in range(0, count, 64)
            ]
        )
        own, mended = coded(faces), coded(faces + wrong)
        share = covered(reference, own).mean() / of_real
        distances = [
            kernel_distance(FeatureSet.independent(some), reference)
            for some in (own, mended)
        ]
        table.add_row(
            name,
            f"{share:.2f}",
            *(f"{distance:.4f}" for distance in distances),
            spread_of(codes),
        )
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
