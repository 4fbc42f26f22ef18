"""Every field of the settings as an option, told by its own docstring."""

import argparse
import dataclasses
import inspect
import re
from typing import Any

from tfbegan.config import (
    CONDITIONINGS,
    CONDITIONINGS_WITH_LOOK,
    Config,
    ModelConfig,
    ObjectiveConfig,
    TrainingConfig,
)
from tfbegan.errors import UsageError
from tfbegan.training.presets import default_preset, find_preset

GROUPS: dict[str, type[Config]] = {
    "architecture": ModelConfig,
    "objective": ObjectiveConfig,
    "training": TrainingConfig,
}
_WITH_SOUND = tuple(kind for kind in CONDITIONINGS if kind != "noise")
_WITH_A_CODE = tuple(kind for kind in CONDITIONINGS if kind != "audio")
ONLY_WITH: dict[str, tuple[str, ...]] = {
    "audio_encoder": _WITH_SOUND,
    "film": _WITH_SOUND,
    "look_flow": ("audio+noise",),
    "code_constraint": ("noise",),
    "code_cycle": _WITH_A_CODE,
    "code_prior": _WITH_A_CODE,
    "code_flow": ("audio+noise",),
    "mouth_weight": _WITH_SOUND,
    "eye_weight": CONDITIONINGS_WITH_LOOK,
    "mate_share": CONDITIONINGS_WITH_LOOK,
    "sync": _WITH_SOUND,
    "motion": _WITH_SOUND,
    "detail": _WITH_SOUND,
    "detail_norm": _WITH_SOUND,
    "fixed_pattern": _WITH_SOUND,
    "sound_ramp_steps": _WITH_SOUND,
    "gain_db": _WITH_SOUND,
    "silence_share": _WITH_SOUND,
}
"""The conditionings with which a setting does anything, where not with all."""

_NO_PRESETS_OWN = {
    "conditioning": "noise, or the named preset's",
    "image_size": "that of the data set's faces",
}
"""Defaults that come from elsewhere."""

_HEADER = re.compile(r"^ {4}(\w+): (.*)$")


def add_setting_options(parser: argparse.ArgumentParser) -> None:
    """Adds `--image-size`, `--gamma`, `--steps` and all the others.

    They have no defaults here: what is not given comes from the preset.
    """
    for group, kind in GROUPS.items():
        options = parser.add_argument_group(group)
        help_texts = _attribute_help(kind)
        for field in dataclasses.fields(kind):
            told = f"{help_texts[field.name]} {_default(group, field.name)}"
            arguments: dict[str, Any] = {
                "dest": f"{group}.{field.name}",
                "default": argparse.SUPPRESS,
                "help": told.replace("%", "%%"),
            }
            if field.type is bool:
                arguments["action"] = argparse.BooleanOptionalAction
            else:
                arguments["type"] = field.type
                arguments["metavar"] = getattr(
                    field.type, "__name__", "value"
                ).upper()
            options.add_argument(_option(field.name), **arguments)


def given_settings(parsed: argparse.Namespace, group: str) -> dict[str, Any]:
    """The settings of a group that were given on the command line."""
    prefix = f"{group}."
    return {
        name.removeprefix(prefix): value
        for name, value in vars(parsed).items()
        if name.startswith(prefix)
    }


def check_effective(parsed: argparse.Namespace, conditioning: str) -> None:
    """Options that are given are to do something.

    Args:
        parsed: Of a parser with these options.
        conditioning: What the model will make a face from.

    Raises:
        UsageError: One has no effect with that conditioning; one that switches
            off what is off with it anyway is let through.
    """
    for group, kind in GROUPS.items():
        given = given_settings(parsed, group)
        for field in dataclasses.fields(kind):
            useful = ONLY_WITH.get(field.name, CONDITIONINGS)
            value = given.get(field.name, field.default)
            switches_on = value and value != field.default
            if conditioning not in useful and switches_on:
                raise UsageError(
                    f"{_option(field.name)} does nothing with --conditioning"
                    f" {conditioning}, but only with {' or '.join(useful)}."
                )


def _default(group: str, name: str) -> str:
    """What is taken where an option is not given, as the help says it."""
    values: list[str] = []
    for conditioning in ONLY_WITH.get(name, CONDITIONINGS):
        preset = find_preset(default_preset(conditioning))
        value = _as_text(getattr(getattr(preset, group), name))
        if value not in values:
            values.append(value)
    told = _NO_PRESETS_OWN.get(name) or "; with sound ".join(values)
    return f"(default: {told})"


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


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
