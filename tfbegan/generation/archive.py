"""Looks into a `.keras` file before Keras does.

A model file may come from anywhere. Keras' own safe mode stays on; beyond it,
only our classes and Keras' ordinary ones may be named in the configuration, and
the archive may hold nothing but what Keras puts there.
"""

import dataclasses
import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfbegan.config import ModelConfig, SpeechConfig
from tfbegan.errors import ConfigError, ModelFileError

_MEMBERS = frozenset({"config.json", "metadata.json", "model.weights.h5"})
_LARGEST_BYTES = 4 << 30
_LARGEST_RATIO = 200
_LARGEST_CONFIG_BYTES = 10 << 20
_OUR_CLASSES = frozenset(
    {
        "AudioEncoder",
        "Autoencoder",
        "BEGAN",
        "Decoder",
        "Encoder",
        "FiLM",
        "Generator",
        "SyncCritic",
    }
)
_KERAS_CLASSES = frozenset({"DTypePolicy"})

DAMAGE_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,
    AttributeError,
    KeyError,
    TypeError,
    ValueError,
)
"""What zipfile, json, h5py and Keras raise on a file that is not whole."""


def check_archive(path: Path) -> str:
    """Refuses what is no harmless model of ours.

    Args:
        path: Of the `.keras` file.

    Returns:
        The name of the model's class, "BEGAN" or "Generator".

    Raises:
        ModelFileError: The file is missing, damaged, oversized, or names
            something that is not ours.
    """
    if not path.is_file():
        raise ModelFileError(f"There is no model file {path}.")
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(path, archive)
            config = json.loads(archive.read("config.json"))
        _check_classes(path, config)
    except DAMAGE_ERRORS as error:
        raise ModelFileError(
            f"{path} is no .keras file, or a damaged one ({error})."
            " Restore it from a copy."
        ) from error
    _check_sizes(path, config.get("config"))
    return str(config["class_name"])


def hears(path: Path) -> bool:
    """Whether a file holds a generator that takes sound, if anything."""
    try:
        with zipfile.ZipFile(path) as archive:
            settings = json.loads(archive.read("config.json"))["config"]
        return settings.get("conditioning", "noise") != "noise"
    except DAMAGE_ERRORS:
        return False


def _check_members(path: Path, archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    names = [member.filename for member in members]
    foreign = sorted(set(names) - _MEMBERS)
    if foreign or len(names) != len(_MEMBERS):
        raise ModelFileError(
            f"{path} is no model of tfbegan: it holds"
            f" {foreign[0] if foreign else names!r}. Use a file that"
            " train.py wrote."
        )
    for member in members:
        limit = _LARGEST_BYTES
        if member.filename.endswith(".json"):
            limit = _LARGEST_CONFIG_BYTES
        ratio = member.file_size / max(member.compress_size, 1)
        if member.file_size > limit or ratio > _LARGEST_RATIO:
            raise ModelFileError(
                f"{path} is refused: {member.filename} unpacks to"
                f" {member.file_size} bytes."
            )


def _check_classes(path: Path, config: Any) -> None:
    if not isinstance(config, dict) or config.get("class_name") not in (
        "BEGAN",
        "Generator",
    ):
        raise ModelFileError(
            f"{path} holds no generator of tfbegan. Use a file that train.py"
            " wrote."
        )
    for node in _named_objects(config):
        name, module = node["class_name"], node.get("module")
        if not isinstance(name, str):
            raise ModelFileError(f"{path} is refused: it names {name!r}.")
        ours = name in _OUR_CLASSES and str(module).startswith("tfbegan.")
        # Keras looks for the registered name first.
        ours &= node.get("registered_name") in (None, f"tfbegan>{name}")
        keras = name in _KERAS_CLASSES and module == "keras"
        if not (ours or keras):
            raise ModelFileError(
                f"{path} is refused: it names {module}.{name}, which a model"
                " of tfbegan doesn't need."
            )


def _check_sizes(path: Path, settings: Any) -> None:
    """Before Keras makes weights of such sizes."""
    if not isinstance(settings, dict):
        raise ModelFileError(f"{path} is refused: it has no settings.")
    known = {field.name for field in dataclasses.fields(ModelConfig)}
    given = {name: settings[name] for name in known & settings.keys()}
    try:
        ModelConfig.from_dict(given)
        if settings.get("speech") is not None:
            SpeechConfig.from_dict(settings["speech"])
    except ConfigError as error:
        raise ModelFileError(f"{path} is refused: {error}") from error


def _named_objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "class_name" in node:
            yield node
        for value in node.values():
            yield from _named_objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from _named_objects(value)
