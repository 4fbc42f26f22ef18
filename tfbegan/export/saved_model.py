"""A SavedModel for TF Serving, which needs nothing of ours to run."""

import shutil
from pathlib import Path
from typing import Any

from tfbegan._version import __version__
from tfbegan.errors import ConfigError, OutputError
from tfbegan.export.signatures import make_signatures
from tfbegan.files import write_json
from tfbegan.generation.provenance import DIGITAL_SOURCE_TYPE, Provenance

CARD_NAME = "model_card.json"


def export_saved_model(
    model: Any, folder: Path, version: int | None = None
) -> Path:
    """Writes DIR/<version>/, as TF Serving looks for it.

    The signature "serving_default" takes "z", float32 [None, latent_dim] in
    [-1, 1], and gives "images", float32 [None, S, S, 3] in [0, 1]. Of a model
    that takes sound it takes "mfcc" as well, raw windows float32
    [None, window_frames, n_mfcc] ("audio": alone), and there is a second
    signature, "speak": "waveform", float32 [samples] in [-1, 1] at the front
    end's sample rate, "fps", float32 [], and "z", float32 [latent_dim], to
    the "images" of round(seconds * fps) frames. Where z is the look of a face
    ("audio+noise", "audio+face") there is a third, "look": "images", float32
    [None, S, S, 3] in [0, 1], cropped as the training data, to their "z".

    Args:
        model: A `Generator` in float32.
        folder: Of all versions.
        version: Its number, at least 1; None is one more than the highest.

    Returns:
        The folder of the version. It appears whole or not at all, so that a
        server that watches never loads a part.

    Raises:
        ConfigError: The version is no number of one.
        OutputError: It is there already, or can't be written.
    """
    target = version_folder(folder, version)
    staged = target.with_name(f".incomplete-{target.name}")
    shutil.rmtree(staged, ignore_errors=True)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _save(model, staged)
        write_json(staged / "assets.extra" / CARD_NAME, _card(model))
        staged.rename(target)
    except OSError as error:
        raise OutputError(
            f"{target} can't be written ({error.strerror or error})."
        ) from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return target


def version_folder(folder: Path, version: int | None = None) -> Path:
    """The folder, not there yet, of a version.

    Args:
        folder: Of all versions.
        version: As in `export_saved_model`.

    Raises:
        ConfigError, OutputError: As `export_saved_model`, before any work.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise OutputError(
            f"{folder} is no folder, so no version can be written into it."
            " Name another one."
        )
    number = _next_version(folder) if version is None else version
    if number < 1:
        raise ConfigError(f"A version must be 1 or more. Received: {number}")
    target = folder / str(number)
    if target.exists():
        raise OutputError(
            f"{target} is there already. Name another --version, or none."
        )
    return target


def _save(model: Any, folder: Path) -> None:
    import tensorflow as tf

    module = tf.Module()
    module.variables_of_model = [weight.value for weight in model.weights]
    try:
        tf.saved_model.save(
            module, str(folder), signatures=make_signatures(model)
        )
    except tf.errors.OpError as error:  # a full disk; "PATH; reason"
        raise OSError(error.message.rpartition("; ")[2]) from error


def _card(model: Any) -> dict[str, Any]:
    inputs = {"z": f"float32 [batch, latent_dim], {_origin_of_z(model)}"}
    if model.conditioning == "audio":
        inputs = {}
    front_end = {}
    if model.speech is not None:
        inputs["mfcc"] = "raw windows, float32 [batch, window_frames, n_mfcc]"
        front_end = {
            "articulation": model.articulation,
            "front_end": model.speech.audio.to_dict(),
            "speak": "waveform: float32 [samples] in [-1, 1] at the front"
            " end's sample_rate; fps: float32 []; z: float32 [latent_dim]",
        }
    return {
        "generator": f"tfbegan {__version__}",
        "model_hash": Provenance.of_model(model).model_hash,
        "digital_source_type": DIGITAL_SOURCE_TYPE,
        "image_size": model.image_size,
        "latent_dim": model.latent_dim,
        "conditioning": model.conditioning,
        "inputs": inputs,
        **front_end,
        "output": "images: float32 [batch, size, size, 3], RGB in [0, 1]",
        "consent": (
            "Faces of a person may be generated only with that person's"
            " consent, and must be shown as generated."
        ),
    }


def _origin_of_z(model: Any) -> str:
    if model.conditioning == "audio+face":
        return 'in [-1, 1], of a face by the signature "look"'
    return "uniform in [-1, 1]"


def _next_version(folder: Path) -> int:
    if not folder.is_dir():
        return 1
    numbers = [int(p.name) for p in folder.iterdir() if p.name.isdecimal()]
    return 1 + max(numbers, default=0)
