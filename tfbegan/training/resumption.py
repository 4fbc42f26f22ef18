"""What a run may go on with: other settings, and a checkpoint of its own."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from tfbegan.errors import RunError
from tfbegan.models.began import BEGAN
from tfbegan.training.checkpoints import last_good_step
from tfbegan.training.run_folder import RunConfig, RunFolder


def changed_config(folder: RunFolder, changes: Mapping[str, Any]) -> RunConfig:
    """The settings that a run goes on with.

    Args:
        folder: Of the run.
        changes: "steps" and "learning_rate", where they are to be others. The
            floor of the rate's halvings is never above a new rate.

    Raises:
        ConfigError: One is out of range.
        RunError: This is no run folder, or more steps are done than there are
            to be.
    """
    config = folder.read_config()
    training = config.training
    if "learning_rate" in changes:
        floor = min(training.min_learning_rate, changes["learning_rate"])
        changes = {"min_learning_rate": floor, **changes}
    training = training.replace(**changes)
    done = last_good_step(folder.checkpoints) or 0
    if training.steps < done:
        raise RunError(
            f"{folder.path} has done {done} steps, and is to have"
            f" {training.steps}. Go on with --steps of {done} or more."
        )
    return dataclasses.replace(config, training=training)


def check_own_model(folder: RunFolder, config: RunConfig, model: BEGAN) -> None:
    """A checkpoint that was copied here from another run is not gone on with.

    Args:
        folder: Of the run.
        config: Its settings.
        model: Of its last checkpoint.

    Raises:
        RunError: The model has other networks, losses or noise.
    """
    for name, own, found in (
        ("networks", config.architecture, model.architecture),
        ("losses", config.objective, model.objective),
        ("seed", config.training.seed, model.seed),
    ):
        if own != found:
            raise RunError(
                f"The last checkpoint in {folder.checkpoints} is of another"
                f" run: its {name} are not those of"
                f" {folder.config_file.name}. Put the run's own one back, or"
                " start a new run."
            )
