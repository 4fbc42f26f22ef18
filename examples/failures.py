"""Makes every failure of docs/troubleshooting.md on purpose.

    python examples/failures.py
    python examples/failures.py --only one-face k-at-0 --out out/failures

Each is trained for a minute or two, at 32 px on the puppets, and leaves the
faces it ends with (NAME.png), its curves (NAME.svg) and its whole run folder,
with report.html, under runs/. "healthy" is what they are to be held against.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tfbegan.cli.default_data import drawn_puppets
from tfbegan.config import ModelConfig, ObjectiveConfig, TrainingConfig
from tfbegan.data.dataset import open_dataset
from tfbegan.errors import DivergedError, TFBeganError
from tfbegan.files import atomic_write_bytes, atomic_write_text
from tfbegan.reporting.png import encode_png
from tfbegan.reporting.svg import draw_file
from tfbegan.training.curves import run_curves
from tfbegan.training.presets import find_preset
from tfbegan.training.run import train
from tfbegan.training.run_folder import (
    RunConfig,
    RunFolder,
    data_fingerprint,
    newest_run,
)
from tfbegan.training.statistics import read_rows
from tfbegan.training.stills import newest_picture

_SIZE = 32
_FACES = 12
_ROWS = 2
_CURVES = ("reconstruction error", "k", "spread of the faces, of reals'")

_NETWORKS = ModelConfig(image_size=_SIZE, filters=8, latent_dim=32)
_HEALTHY = find_preset("small-data").objective
_TRAINING = TrainingConfig(
    steps=1_500,
    learning_rate=1e-3,
    beta_1=0.9,
    clip_norm=1.0,
    stall_steps=0,
    log_steps=25,
    picture_steps=250,
    checkpoint_steps=500,
)


@dataclass(frozen=True)
class Failure:
    """Settings that fail, or, as "healthy", do not.

    Attributes:
        objective: The losses.
        training: How.
        architecture: The networks.
    """

    objective: ObjectiveConfig
    training: TrainingConfig = _TRAINING
    architecture: ModelConfig = _NETWORKS


FAILURES = {
    "healthy": Failure(_HEALTHY),
    # The paper's settings, a tiny D, and far too few steps for them.
    "grey-faces": Failure(
        ObjectiveConfig(gamma=0.5, lambda_k=0.001),
        _TRAINING.replace(learning_rate=1e-4, beta_1=0.5, clip_norm=0.0),
        _NETWORKS.replace(filters=4, latent_dim=16),
    ),
    # Fast enough for faces; nothing asks that z be of use.
    "one-face": Failure(
        ObjectiveConfig(gamma=0.8, lambda_k=0.01, code_constraint=0.1)
    ),
    # L(G) is never below a tenth of L(x), so that k has no reason to rise.
    "k-at-0": Failure(ObjectiveConfig(gamma=0.1, lambda_k=0.01)),
    # The cheapest way to show a z is to write it into single pixels.
    "checkerboard": Failure(_HEALTHY.replace(code_cycle=3.0)),
    "explosion": Failure(
        _HEALTHY,
        _TRAINING.replace(
            steps=300,
            learning_rate=0.02,
            clip_norm=0.0,
            precision="float32",
            log_steps=1,
            picture_steps=50,
            checkpoint_steps=50,
        ),
    ),
}
"""By name."""


def reproduce(name: str, data: Path, out: Path, steps: int | None) -> str:
    """Trains one failure and draws it.

    Args:
        name: In `FAILURES`.
        data: Data set of 32 px faces.
        out: Folder of the pictures.
        steps: Of the training; None is what the failure takes.

    Returns:
        A sentence on what came of it.
    """
    failure = FAILURES[name]
    training = failure.training.replace(steps=steps or failure.training.steps)
    config = RunConfig(
        failure.architecture,
        failure.objective,
        training,
        str(data),
        data_fingerprint(data),
    )
    runs = out / "runs" / name
    told = "trained to its end"
    try:
        result = train(config, runs)
        if result.received_signal is not None:
            raise SystemExit(128 + result.received_signal)
    except DivergedError as error:
        told = str(error).rstrip(".")
    folder = newest_run(runs)
    draw(folder, out / name)
    return f"{name}: {told}. Look at {out / name}.png and .svg"


def draw(folder: RunFolder, target: Path) -> None:
    """The newest faces of a run as a PNG file, its curves as an SVG file."""
    for newest in newest_picture(folder, "samples"):
        if newest.pixels is not None:
            pitch = _SIZE + 2
            few = newest.pixels[: _ROWS * pitch - 2, : _FACES * pitch - 2]
            content = encode_png(few, newest.mark)
            atomic_write_bytes(target.with_suffix(".png"), content)
    charts = run_curves(
        read_rows(folder.stats_file),
        read_rows(folder.looks_file),
        folder.read_config().objective,
    )
    chosen = [chart for chart in charts if chart.title in _CURVES]
    if chosen:
        atomic_write_text(target.with_suffix(".svg"), draw_file(chosen))


def main(arguments: Sequence[str] | None = None) -> int:
    """Reproduces what is asked for; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, default=Path("out/failures"))
    parser.add_argument(
        "--only", nargs="+", choices=FAILURES, default=list(FAILURES)
    )
    parser.add_argument(
        "--data", type=Path, help="32 px data set (default: the puppets)"
    )
    parser.add_argument("--steps", type=int, help="of each training")
    parsed = parser.parse_args(arguments)
    try:
        data = parsed.data or drawn_puppets(_SIZE)
        open_dataset(data)
        for name in parsed.only:
            print(reproduce(name, data, parsed.out, parsed.steps))
    except TFBeganError as error:
        print(f"failures.py: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
