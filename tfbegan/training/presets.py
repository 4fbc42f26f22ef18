"""Presets: settings that go together, each with what it is to give."""

import math
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

_TALKING = Preset(
    claim=(
        "python train.py --conditioning audio+noise --data DIR: a face that"
        " speaks in time with any sound, from minutes of a speaker's footage"
        " or from the puppets, within an hour on two cores"
        " (docs/results/audio.md)."
    ),
    architecture=ModelConfig(
        conditioning="audio+noise",
        filters=16,
        latent_dim=32,
        look_flow=6,
        untied_bias=True,
    ),
    objective=ObjectiveConfig(
        gamma=1.0,
        lambda_k=0.01,
        code_cycle=0.2,
        code_anchor=4.0,
        code_prior=1.0,
        code_flow=0.1,
        mouth_weight=4.0,
        eye_weight=10.0,
        mate_share=0.3,
        sync=0.05,
        motion=2.0,
        detail=2.0,
        fixed_pattern=4.0,
        sound_ramp_steps=500,
    ),
    training=TrainingConfig(
        learning_rate=1e-3,
        beta_1=0.9,
        clip_norm=1.0,
        steps=8_000,
        stall_steps=1_500,
        decay_share=0.25,
        clips_per_batch=8,
        gain_db=6.0,
        silence_share=0.15,
    ),
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
    "talking": _TALKING,
    "regressor": Preset(
        claim=(
            "python train.py --preset regressor --data DIR: talking with the"
            " GAN taken away, the control of docs/results/audio.md: the sound"
            " works, and the faces are blurred."
        ),
        architecture=_TALKING.architecture,
        objective=_TALKING.objective.replace(
            adversarial=0.0,
            sync=0.0,
            motion=0.0,
            detail=0.0,
            fixed_pattern=0.0,
        ),
        training=_TALKING.training,
    ),
    "seed": Preset(
        claim=(
            "python train.py --preset seed --conditioning audio --data DIR:"
            " BEGAN with the sound in place of z, or beside it"
            " (audio+noise), and nothing else: every face comes out the same"
            " (tfbegan reproduce-collapse)."
        ),
        architecture=ModelConfig(
            conditioning="audio",
            filters=16,
            latent_dim=32,
            audio_encoder="full",
            film=False,
        ),
        objective=ObjectiveConfig(gamma=0.5, lambda_k=0.001),
        training=TrainingConfig(
            learning_rate=1e-4, beta_1=0.5, steps=8_000, stall_steps=0
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
"""By name."""


_MANY_FACES = 100_000
_LEAST_PASSES = 2


def default_preset(conditioning: str, faces: int = 0) -> str:
    """The name of the preset where none is asked for.

    Args:
        conditioning: See `ModelConfig`.
        faces: In the training split; 0 where that is not known. The paper's
            settings are for what the paper had: hundreds of thousands.
    """
    if conditioning != "noise":
        return "talking"
    return "paper" if faces >= _MANY_FACES else "small-data"


def fitting_steps(training: TrainingConfig, faces: int) -> int:
    """The preset's steps, or as many as show every face twice.

    Args:
        training: Of the preset.
        faces: In the training split.
    """
    enough = math.ceil(_LEAST_PASSES * faces / training.batch_size)
    return max(training.steps, enough)


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
