"""tfbegan: boundary equilibrium GANs in Keras 3.

The public names are imported on first use (PEP 562), so that importing the
package takes no TensorFlow with it.
"""

import importlib
from typing import Any

from tfbegan._version import __version__
from tfbegan.errors import TFBeganError

_LAZY = {
    "BEGAN": "tfbegan.models.began",
    "Autoencoder": "tfbegan.models.autoencoder",
    "Generator": "tfbegan.models.generator",
    "AudioEncoder": "tfbegan.layers.audio_encoder",
    "MFCC": "tfbegan.layers.mfcc",
    "AudioConfig": "tfbegan.config",
    "FaceConfig": "tfbegan.config",
    "ModelConfig": "tfbegan.config",
    "ObjectiveConfig": "tfbegan.config",
    "TrainingConfig": "tfbegan.config",
    "open_dataset": "tfbegan.data.dataset",
    "load_generator": "tfbegan.generation.loading",
    "export_saved_model": "tfbegan.export.saved_model",
    "train": "tfbegan.training.run",
}

__all__ = ["TFBeganError", "__version__", *sorted(_LAZY)]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'tfbegan' has no attribute {name!r}")
    value = getattr(importlib.import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
