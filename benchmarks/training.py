"""Prints how fast a training step is beside plain loops and the machine.

    pip install 'tfbegan[bench]'
    python benchmarks/training.py [--sizes 64x32 64x64 32x64] [--options]

In one run, in turns: our step in float32 and with our automatic choice; the
same network in plain PyTorch and in plain Keras (plain_*.py, which are first
shown to compute the same losses); and what the machine reaches in products of
matrices and in the network's own convolutions. `--options` measures instead
what each of our choices brings. Ratios within one run count.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

from tfbegan import BEGAN
from tfbegan.config import (
    AudioConfig,
    FaceConfig,
    ModelConfig,
    SpeechConfig,
)
from tfbegan.layers.conv3x3 import Conv3x3
from tfbegan.layers.decoder import Decoder
from tfbegan.layers.encoder import SMALLEST_MAP, Encoder, block_count
from tfbegan.training.acceleration import (
    choose_jit,
    choose_precision,
    keep_freed_memory,
)
from tfbegan.training.presets import PRESETS

_BATCH = 16
_OBJECTIVE = PRESETS["paper"].objective

Step = Callable[[], object]


@dataclass(frozen=True)
class Contestant:
    """A step to be timed.

    Attributes:
        name: In the table.
        step: Trains on one batch and waits for the result.
        gflop: What it computes in convolutions and products.
        precision: Of most of it.
    """

    name: str
    step: Step
    gflop: float
    precision: str


# Arithmetic


@dataclass(frozen=True)
class Cost:
    """Floating-point operations of a network's forward pass on a batch.

    Attributes:
        direct: A convolution after up-sampling counted as it is written down.
        executed: Counted as it is carried out.
    """

    direct: float
    executed: float

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.direct + other.direct, self.executed + other.executed)


def cost_of_decoder(decoder: Decoder) -> Cost:
    """Of a batch."""
    side = SMALLEST_MAP
    total = _of_dense(decoder.to_map)
    for block in decoder.blocks:
        for convolution in block.convolutions:
            side *= 2 if convolution.upsample else 1
            total += _of_convolution(convolution, side)
    return total + _of_convolution(decoder.to_rgb, side)


def cost_of_encoder(encoder: Encoder) -> Cost:
    """Of a batch."""
    side = encoder.image_size
    total = _of_convolution(encoder.stem, side)
    for index, block in enumerate(encoder.blocks):
        for convolution in block.convolutions:
            total += _of_convolution(convolution, side)
        if index < len(encoder.subsamplings):
            side //= 2
            total += _of_convolution(encoder.subsamplings[index], side)
    return total + _of_dense(encoder.to_code)


def cost_of_step(model: BEGAN, of_g: int, of_d: int) -> Cost:
    """What a step does to a batch.

    Args:
        model: The networks.
        of_g: Passes of G. A forward one is one, a backward one is another for
            the weights and another for the inputs.
        of_d: Passes of D.
    """
    d = model.discriminator
    g = cost_of_decoder(model.generator.decoder)
    both = cost_of_encoder(d.encoder) + cost_of_decoder(d.decoder)
    # Nothing asks for the gradient of real images.
    first = _of_convolution(d.encoder.stem, d.image_size)
    return Cost(
        of_g * g.direct + of_d * both.direct - first.direct,
        of_g * g.executed + of_d * both.executed - first.executed,
    )


def _of_dense(layer: object) -> Cost:
    flop = 2.0 * _BATCH * np.prod(layer.kernel.shape)
    return Cost(flop, flop)


def _of_convolution(layer: Conv3x3, side: int) -> Cost:
    flop = 2.0 * _BATCH * side * side * np.prod(layer.kernel.shape)
    return Cost(flop, flop * (4 / 9 if layer.upsample else 1))


# Ceilings


def ceilings(model: BEGAN, dtype: str) -> tuple[float, float]:
    """GFLOP/s of the best product of matrices and the best convolution."""
    matrix = tf.cast(tf.random.normal((2_048, 2_048)), dtype)
    of_product = _rate(tf.matmul, matrix, matrix, 2 * 2_048**3)
    rates = []
    side = model.architecture.image_size
    for block in model.discriminator.encoder.blocks:
        kernel = tf.cast(block.convolutions[0].kernel, dtype)
        maps = tf.random.normal((_BATCH, side, side, kernel.shape[2]))
        flop = _of_convolution(block.convolutions[0], side).direct
        rates.append(_rate(_convolve, tf.cast(maps, dtype), kernel, flop))
        side //= 2
    return of_product, max(rates)


def _convolve(maps: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    return tf.nn.conv2d(maps, kernel, 1, "SAME")


def _rate(function: Callable, a: tf.Tensor, b: tf.Tensor, flop: float) -> float:
    compiled = tf.function(function)
    best = min(_seconds(lambda: compiled(a, b)[0, 0].numpy()) for _ in range(9))
    return flop / best / 1e9


def _seconds(step: Step) -> float:
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


# Contestants


def ours(
    architecture: ModelConfig, precision: str, jit_compile: bool = False
) -> tuple[BEGAN, Step]:
    """Our model and its step."""
    model = BEGAN(architecture, _OBJECTIVE, dtype=precision)
    faces = random_faces(architecture.image_size)
    return model, _step_of(model, faces, jit_compile)


def _step_of(model: BEGAN, batch: object, jit_compile: bool) -> Step:
    """On one batch again and again."""
    model.compile(jit_compile=jit_compile)
    model.make_train_function()
    iterator = iter(tf.data.Dataset.from_tensors(batch).repeat())
    return lambda: float(model.train_function(iterator)["k"][0])


def hearing(
    architecture: ModelConfig, audio_encoder: str, precision: str
) -> Step:
    """The step of a model that takes sound, with all its additions."""
    audio = AudioConfig()
    speech = SpeechConfig(
        audio,
        (0.0,) * audio.n_mfcc,
        (1.0,) * audio.n_mfcc,
        FaceConfig().mouth_box,
    )
    talking = PRESETS["talking"]
    model = BEGAN(
        talking.architecture.replace(
            image_size=architecture.image_size,
            filters=architecture.filters,
            audio_encoder=audio_encoder,
        ),
        talking.objective,
        speech,
        dtype=precision,
    )
    windows = np.random.default_rng(0).normal(
        size=(_BATCH, audio.window_frames, audio.n_mfcc)
    )
    batch = {
        "image": random_faces(architecture.image_size),
        "mfcc": windows.astype(np.float32),
        "clip": np.arange(_BATCH) // 2,
    }
    return _step_of(model, batch, jit_compile=False)


def convolutions(architecture: ModelConfig, layout: str, dtype: str) -> Step:
    """One of each size that the encoder has, forward and backward."""
    cases = []
    for block in range(block_count(architecture.image_size)):
        side = architecture.image_size // 2**block
        channels = architecture.filters * (block + 1)
        shape = (_BATCH, side, side, channels)
        if layout == "NCHW":
            shape = (_BATCH, channels, side, side)
        maps = tf.cast(tf.random.normal(shape), dtype)
        kernel = tf.cast(tf.random.normal((3, 3, channels, channels)), dtype)
        cases.append((maps, kernel))

    @tf.function
    def step() -> tf.Tensor:
        total = tf.zeros((), dtype)
        for maps, kernel in cases:
            with tf.GradientTape() as tape:
                tape.watch((maps, kernel))
                result = tf.nn.conv2d(
                    maps, kernel, 1, "SAME", data_format=layout
                )
            for gradient in tape.gradient(result, (maps, kernel)):
                total += tf.reduce_max(gradient)
        return total

    return lambda: float(step())


def plain(kind: str, model: BEGAN) -> Step:
    """The same network in a plain loop, shown to be the same."""
    architecture = model.architecture
    shape = (
        architecture.image_size,
        architecture.filters,
        architecture.latent_dim,
    )
    faces = random_faces(architecture.image_size)
    if kind == "keras":
        from plain_keras import PlainKeras

        loop = PlainKeras(*shape)
        batch = tf.constant(faces)
    else:
        import torch
        from plain_pytorch import PlainPyTorch

        loop = PlainPyTorch(*shape)
        batch = torch.from_numpy(
            np.ascontiguousarray(faces.transpose(0, 3, 1, 2))
        ).to(loop.device)
    loop.load(_of_generator(model), _of_discriminator(model))
    noise = np.random.default_rng(1).uniform(-1, 1, (_BATCH, shape[2]))
    noise = noise.astype(np.float32)
    fakes = model.generator(noise)
    np.testing.assert_allclose(
        loop.errors(faces, noise),
        [
            float(tf.reduce_mean(tf.abs(x - model.discriminator(x))))
            for x in (faces, fakes)
        ],
        rtol=1e-4,
    )
    return lambda: float(loop.step(batch))


def random_faces(size: int) -> np.ndarray:
    """float32 [B, size, size, 3] in [-1, 1]."""
    faces = np.random.default_rng(0).uniform(-1, 1, (_BATCH, size, size, 3))
    return faces.astype(np.float32)


def _of_generator(model: BEGAN) -> list[np.ndarray]:
    return _of_decoder(model.generator.decoder)


def _of_discriminator(model: BEGAN) -> list[np.ndarray]:
    encoder = model.discriminator.encoder
    layers = [encoder.stem]
    for index, block in enumerate(encoder.blocks):
        layers += block.convolutions
        layers += encoder.subsamplings[index : index + 1]
    return [
        *_weights([*layers, encoder.to_code]),
        *_of_decoder(model.discriminator.decoder),
    ]


def _of_decoder(decoder: Decoder) -> list[np.ndarray]:
    blocks = [c for block in decoder.blocks for c in block.convolutions]
    return _weights([decoder.to_map, *blocks, decoder.to_rgb])


def _weights(layers: list) -> list[np.ndarray]:
    return [w for layer in layers for w in layer.get_weights()]


# Tables


def medians(contestants: list[Contestant], rounds: int) -> list[float]:
    """Seconds of a step, all of them in turns."""
    for contestant in contestants:
        for _ in range(3):
            contestant.step()
    spent: list[list[float]] = [[] for _ in contestants]
    for _ in range(rounds):
        for times, contestant in zip(spent, contestants, strict=True):
            contestant.step()  # threads of the one before come to rest
            times += [_seconds(contestant.step) for _ in range(2)]
    return [statistics.median(times) for times in spent]


def compare(architecture: ModelConfig, rounds: int) -> None:
    """Prints our step beside the plain ones and the ceilings."""
    model, in_float32 = ours(architecture, "float32")
    chosen = choose_precision("auto")
    jit = choose_jit("auto")
    _, by_choice = ours(architecture, chosen, jit)
    # D on reals and on fakes. The plain loops send the fakes through it once
    # more: PyTorch's with all of its gradients, Keras's without those by D's
    # weights, but with the fakes painted again.
    shared = cost_of_step(model, of_g=3, of_d=6)
    in_pytorch = cost_of_step(model, of_g=3, of_d=9)
    in_keras = cost_of_step(model, of_g=4, of_d=8)
    contestants = [
        Contestant(
            "plain PyTorch",
            plain("pytorch", model),
            in_pytorch.direct / 1e9,
            "float32",
        ),
        Contestant(
            "plain Keras",
            plain("keras", model),
            in_keras.direct / 1e9,
            "float32",
        ),
        Contestant(
            "tfbegan, float32", in_float32, shared.executed / 1e9, "float32"
        ),
        Contestant(
            f"tfbegan, auto: {chosen}{', XLA' if jit else ''}",
            by_choice,
            shared.executed / 1e9,
            "float32" if chosen == "float32" else "bfloat16",
        ),
    ]
    spent = medians(contestants, rounds)
    top = {dtype: ceilings(model, dtype) for dtype in ("float32", "bfloat16")}
    size, filters = architecture.image_size, architecture.filters
    table = Table(
        "step", "ms", "images/s", "x PyTorch", "x Keras", "GFLOP", "GFLOP/s",
        "of the ceiling",
        title=f"{size} px, n={filters}, batch {_BATCH}",
    )  # fmt: skip
    for contestant, seconds in zip(contestants, spent, strict=True):
        rate = contestant.gflop / seconds
        table.add_row(
            contestant.name,
            f"{1_000 * seconds:.0f}",
            f"{_BATCH / seconds:.1f}",
            f"{spent[0] / seconds:.2f}",
            f"{spent[1] / seconds:.2f}",
            f"{contestant.gflop:.0f}",
            f"{rate:.0f}",
            f"{100 * rate / top[contestant.precision][1]:.0f} %",
        )
    console = Console()
    console.print(table)
    for dtype, (of_product, of_convolution) in top.items():
        console.print(
            f"{dtype}: products of matrices {of_product:.0f} GFLOP/s,"
            f" convolutions {of_convolution:.0f} GFLOP/s"
        )
    console.print(
        f"A step as it is written down: {shared.direct / 1e9:.0f} GFLOP"
    )


def compare_options(architecture: ModelConfig, rounds: int) -> None:
    """Prints what each choice of ours brings."""
    contestants = [
        Contestant(
            f"{precision}{', XLA' if jit else ''}",
            ours(architecture, precision, jit)[1],
            0.0,
            precision,
        )
        for precision in ("float32", "mixed_bfloat16", "mixed_float16")
        for jit in (False, True)
        if not (precision == "mixed_float16" and jit)
    ]
    chosen = choose_precision("auto")
    contestants += [
        Contestant(
            f"with sound, {size} AudioEncoder",
            hearing(architecture, size, chosen),
            0.0,
            chosen,
        )
        for size in ("compact", "full")
    ]
    contestants += [
        Contestant(
            f"convolutions alone, channels {where}, {dtype}",
            convolutions(architecture, layout, dtype),
            0.0,
            dtype,
        )
        for where, layout in (("last", "NHWC"), ("first", "NCHW"))
        for dtype in ("float32", "bfloat16")
    ]
    spent = medians(contestants, rounds)
    size, filters = architecture.image_size, architecture.filters
    table = Table("step", "ms", "images/s", title=f"{size} px, n={filters}")
    for contestant, seconds in zip(contestants, spent, strict=True):
        table.add_row(
            contestant.name, f"{1_000 * seconds:.0f}", f"{_BATCH / seconds:.1f}"
        )
    Console().print(table)


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sizes", nargs="*", default=["64x32", "64x64", "32x64"]
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--options", action="store_true")
    parsed = parser.parse_args()
    keep_freed_memory()
    for text in parsed.sizes:
        size, filters = map(int, text.split("x"))
        architecture = ModelConfig(image_size=size, filters=filters)
        measure = compare_options if parsed.options else compare
        measure(architecture, parsed.rounds)


if __name__ == "__main__":
    main()
