"""The seed's failure on demand, beside what mends it, part by part.

Every arm is trained on the same data for the same steps and measured by the
same code. docs/results/audio.md has the table.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfbegan.config import ModelConfig, ObjectiveConfig, TrainingConfig
from tfbegan.data.dataset import FaceDataset, open_dataset
from tfbegan.errors import ConfigError, RunError, StoppedError
from tfbegan.generation.loading import to_uint8
from tfbegan.generation.pictures import make_grid
from tfbegan.generation.provenance import Provenance
from tfbegan.models.began import BEGAN
from tfbegan.training.checkpoints import load_checkpoint
from tfbegan.training.pictures import (
    Look,
    choose_exhibits,
    faces_of,
    look_at,
)
from tfbegan.training.presets import find_preset
from tfbegan.training.run import RunResult, resume, train
from tfbegan.training.run_folder import (
    RunConfig,
    data_fingerprint,
    find_run,
)

_ROWS = 4
"""Of the picture: the real frames, the seed's two ways, and ours."""

_ABLATIONS: dict[str, dict[str, Any]] = {
    "without sync": {"sync": 0.0},
    "without motion": {"motion": 0.0},
    "without detail": {"detail": 0.0},
    "without the fixed pattern": {"fixed_pattern": 0.0},
    "without mates": {"mate_share": 0.0},
    "without the mouth's weight": {"mouth_weight": 1.0},
    "without the eyes' weight": {"eye_weight": 1.0},
    "without the code cycle": {"code_cycle": 0.0},
    "without the code prior": {"code_prior": 0.0},
    "without the anchor": {"code_anchor": 0.0},
    "without the GAN": {"adversarial": 0.0},
    "without the ramp": {"sound_ramp_steps": 0},
}


@dataclass(frozen=True)
class Arm:
    """One training of the comparison.

    Attributes:
        name: In the table.
        architecture: The networks.
        objective: The losses.
        training: How; its steps are set by the comparison.
    """

    name: str
    architecture: ModelConfig
    objective: ObjectiveConfig
    training: TrainingConfig


@dataclass(frozen=True)
class Result:
    """What came of an arm.

    Attributes:
        name: Of the arm.
        spread: Across 64 faces of random z and sounds, over reals': 0 where
            every face is the same.
        movement: A1, of the mouth within a clip, over the real one's.
        opening_r: A2, of the opening over time.
        amplitude: A3, of the opening, over the real one's.
        sharpness: A9, of the mouth, over the reals'.
        quality: See `pictures.Look`.
    """

    name: str
    spread: float
    movement: float
    opening_r: float
    amplitude: float
    sharpness: float
    quality: float

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain JSON types."""
        return asdict(self)


@dataclass(frozen=True)
class Comparison:
    """All that there is to show.

    Attributes:
        results: Of every arm, in order.
        picture: uint8 [H, W, 3]: a row of real frames, then a row of the same
            sounds by each of the first three arms.
        provenance: Of the last row.
    """

    results: tuple[Result, ...]
    picture: np.ndarray
    provenance: Provenance


def choose_arms(ablate: bool) -> tuple[Arm, ...]:
    """The seed's two ways, ours, and, where asked for, ours less each part."""
    seed, talking = find_preset("seed"), find_preset("talking")
    arms = [
        Arm(
            f"the seed's method, {conditioning}",
            seed.architecture.replace(conditioning=conditioning),
            seed.objective,
            seed.training,
        )
        for conditioning in ("audio", "audio+noise")
    ]
    parts = (talking.architecture, talking.objective, talking.training)
    arms.append(Arm("talking", *parts))
    if not ablate:
        return tuple(arms)
    for name, changes in _ABLATIONS.items():
        objective = talking.objective.replace(**changes)
        arms.append(
            Arm(name, talking.architecture, objective, talking.training)
        )
    plain = ObjectiveConfig(
        gamma=talking.objective.gamma, lambda_k=talking.objective.lambda_k
    )
    without_flow = talking.architecture.replace(look_flow=0)
    arms.append(
        Arm("without all of these", without_flow, plain, talking.training)
    )
    arms.append(Arm("without the flow", without_flow, *parts[1:]))
    without_film = talking.architecture.replace(film=False)
    arms.append(Arm("without FiLM", without_film, *parts[1:]))
    tied = talking.architecture.replace(untied_bias=False)
    arms.append(Arm("without untied biases", tied, *parts[1:]))
    return tuple(arms)


def compare_arms(
    arms: Sequence[Arm],
    data: Path,
    steps: int,
    runs: Path,
    say: Callable[[str], None],
) -> Comparison:
    """Trains and measures every arm; one that was begun is gone on with.

    Args:
        arms: At least one.
        data: Data set with sound and a validation split.
        steps: Of each training.
        runs: Folder for the run folders.
        say: Is told what is being done.

    Raises:
        ConfigError: The data set has no sound, or no held-out clips.
        StoppedError: A signal came.
    """
    dataset = open_dataset(data)
    _check(dataset)
    exhibits = choose_exhibits(dataset, seed=0, with_audio=True)
    if not exhibits.strips:
        raise ConfigError(
            f"No held-out clip of {data} is two seconds long. Leave --data"
            " away to take the puppets."
        )
    results, rows, origins = [], [exhibits.strips[0].images], []
    for number, arm in enumerate(arms):
        config = _run_config(arm, dataset, data, steps)
        begun = find_run(runs, config)
        at = f", going on with {begun.path}" if begun else ""
        say(f"{number + 1}/{len(arms)}: {arm.name}{at}")
        result = resume(begun) if begun else train(config, runs)
        model = _last_model(result)
        results.append(_result(arm, look_at(model, exhibits, seed=0)))
        rows.append(faces_of(model, exhibits.strips[0]))
        origins.append(Provenance.of_model(model))
    shown = rows[:_ROWS]
    origin = origins[len(shown) - 2]  # the first row is real
    return Comparison(tuple(results), _picture(shown), origin)


def _check(dataset: FaceDataset) -> None:
    if not dataset.info.has_audio or not dataset.frames("validation"):
        raise ConfigError(
            f"The data set {dataset.folder} has no sound or no validation"
            " split, so nothing can be told of sounds that were not learnt."
            " Leave --data away to take the puppets."
        )


def _run_config(
    arm: Arm, dataset: FaceDataset, data: Path, steps: int
) -> RunConfig:
    size = dataset.info.face.image_size
    return RunConfig(
        arm.architecture.replace(image_size=size),
        arm.objective,
        arm.training.replace(
            steps=steps, picture_steps=steps, checkpoint_steps=steps
        ),
        str(data),
        data_fingerprint(data),
    )


def _last_model(result: RunResult) -> BEGAN:
    if result.received_signal is not None:
        raise StoppedError(result.received_signal)
    checkpoint = load_checkpoint(result.folder.checkpoints)
    if checkpoint is None:
        raise RunError(f"{result.folder.path} has lost its checkpoint.")
    return checkpoint.model


def _result(arm: Arm, look: Look) -> Result:
    score = look.score
    if score is None or look.sharpness is None or look.quality is None:
        raise ConfigError(f"{arm.name} takes no sound: it can't be compared.")
    return Result(
        arm.name,
        spread=look.spread_ratio,
        movement=score.spread,
        opening_r=score.opening_r,
        amplitude=score.amplitude,
        sharpness=look.sharpness,
        quality=look.quality,
    )


def _picture(rows: Sequence[np.ndarray]) -> np.ndarray:
    return make_grid(to_uint8(np.concatenate(rows)), columns=len(rows[0]))
