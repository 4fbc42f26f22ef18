"""Every field of the settings as an option, told by its own docstring."""

import argparse
import dataclasses
import inspect
import re
from typing import Any

from tfbegan.config import Config, ModelConfig, ObjectiveConfig, TrainingConfig

GROUPS: dict[str, type[Config]] = {
    "architecture": ModelConfig,
    "objective": ObjectiveConfig,
    "training": TrainingConfig,
}
_HEADER = re.compile(r"^ {4}(\w+): (.*)$")


def add_setting_options(parser: argparse.ArgumentParser) -> None:
    """Adds `--image-size`, `--gamma`, `--steps` and all the others.

    They have no defaults here: what is not given comes from the preset.
    """
    for group, kind in GROUPS.items():
        options = parser.add_argument_group(group)
        help_texts = _attribute_help(kind)
        for field in dataclasses.fields(kind):
            arguments: dict[str, Any] = {
                "dest": f"{group}.{field.name}",
                "default": argparse.SUPPRESS,
                "help": help_texts[field.name].replace("%", "%%"),
            }
            if field.type is bool:
                arguments["action"] = argparse.BooleanOptionalAction
            else:
                arguments["type"] = field.type
                arguments["metavar"] = getattr(
                    field.type, "__name__", "value"
                ).upper()
            options.add_argument(
                f"--{field.name.replace('_', '-')}", **arguments
            )


def given_settings(parsed: argparse.Namespace, group: str) -> dict[str, Any]:
    """The settings of a group that were given on the command line."""
    prefix = f"{group}."
    return {
        name.removeprefix(prefix): value
        for name, value in vars(parsed).items()
        if name.startswith(prefix)
    }


def _attribute_help(kind: type[Config]) -> dict[str, str]:
    """From the "Attributes" of a class's docstring: name to text."""
    texts: dict[str, str] = {}
    name = ""
    documentation = inspect.getdoc(kind) or ""
    _, _, attributes = documentation.partition("Attributes:\n")
    for line in attributes.splitlines():
        header = _HEADER.match(line)
        if header:
            name = header[1]
            texts[name] = header[2]
        elif name and line.strip():
            texts[name] += " " + line.strip()
    return texts
