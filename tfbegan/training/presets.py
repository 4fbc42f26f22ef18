"""Presets: settings that go together, each with what it is to give."""

from dataclasses import dataclass

from tfbegan.config import ModelConfig, ObjectiveConfig, TrainingConfig
from tfbegan.errors import ConfigError


@dataclass(frozen=True)
class Preset:
    """Settings and the claim that comes with them.

    Attributes:
        claim: The command, and the result to expect of it.
        architecture: The networks.
        objective: The losses.
        training: How they are trained.
    """

    claim: str
    architecture: ModelConfig
    objective: ObjectiveConfig
    training: TrainingConfig


_SMALL_DATA_OBJECTIVE = ObjectiveConfig(
    gamma=0.8,
    lambda_k=0.01,
    code_constraint=0.1,
    code_cycle=0.03,
    code_anchor=4.0,
    code_prior=0.5,
)

PRESETS = {
    "small-data": Preset(
        claim=(
            "python train.py --conditioning noise --data DIR: a healthy"
            " generator from minutes of footage or some hundred portraits,"
            " within an hour on two cores (docs/results/foundation.md)."
        ),
        architecture=ModelConfig(filters=16, latent_dim=32),
        objective=_SMALL_DATA_OBJECTIVE,
        training=TrainingConfig(
            learning_rate=1e-3,
            beta_1=0.9,
            clip_norm=1.0,
            steps=5_000,
            stall_steps=1_000,
        ),
    ),
    "demo": Preset(
        claim=(
            "make demo: puppets' faces at 32 px in a few minutes, clearly"
            " faces and clearly different."
        ),
        architecture=ModelConfig(image_size=32, filters=16, latent_dim=32),
        objective=_SMALL_DATA_OBJECTIVE,
        training=TrainingConfig(
            learning_rate=1e-3,
            beta_1=0.9,
            clip_norm=1.0,
            steps=4_000,
        ),
    ),
    "paper": Preset(
        claim=(
            "python train.py --preset paper --data DIR: the paper's algorithm"
            " to the letter. It needs what the paper gave it, hundreds of"
            " thousands of steps on as many images; on minutes of footage it"
            " collapses."
        ),
        architecture=ModelConfig(
            filters=64, latent_dim=64, vanishing_residual_steps=16_000
        ),
        objective=ObjectiveConfig(gamma=0.5, lambda_k=0.001),
        training=TrainingConfig(learning_rate=1e-4, beta_1=0.5, steps=200_000),
    ),
}
"""By name. "small-data" is the default."""

DEFAULT_PRESET = "small-data"


def find_preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        ConfigError: There is none.
    """
    if name not in PRESETS:
        raise ConfigError(
            f"There is no preset {name!r}. There are: {', '.join(PRESETS)}"
        )
    return PRESETS[name]
