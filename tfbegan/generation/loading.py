"""From a run, or a file, to something that makes faces."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfbegan.errors import ConfigError, ModelFileError, RunError
from tfbegan.generation.archive import DAMAGE_ERRORS, check_archive
from tfbegan.generation.latents import draw_latents

_RUNS = Path("runs")
_GENERATOR_NAME = "generator.keras"
_BATCH = 64


@dataclass(frozen=True)
class LoadedGenerator:
    """A generator to use.

    Attributes:
        model: The Keras model: float32 [B, latent_dim] to float32
            [B, S, S, 3] in [-1, 1], but for overshoot.
        path: Of the file that it was loaded from.
    """

    model: Any
    path: Path

    @property
    def image_size(self) -> int:
        """Side of the faces, in pixels."""
        return self.model.image_size

    @property
    def latent_dim(self) -> int:
        """Length of z."""
        return self.model.latent_dim

    def generate(self, n: int, seed: int = 0) -> np.ndarray:
        """Faces from noise.

        Args:
            n: How many, at least 1.
            seed: Equal seeds give equal faces; face i does not depend on n.

        Returns:
            uint8 [n, S, S, 3].

        Raises:
            ConfigError: n or the seed makes no sense.
        """
        return to_uint8(self.decode(draw_latents(n, self.latent_dim, seed)))

    def decode(self, latents: np.ndarray) -> np.ndarray:
        """The faces of given z.

        Args:
            latents: float [B, latent_dim], in [-1, 1].

        Returns:
            float32 [B, S, S, 3], clipped to [-1, 1].
        """
        latents = np.asarray(latents, np.float32)
        if latents.ndim != 2 or latents.shape[1] != self.latent_dim:
            raise ConfigError(
                f"Latents must have the shape [B, {self.latent_dim}]."
                f" Received: {latents.shape}"
            )
        batches = [
            np.array(self.model(latents[start : start + _BATCH]))
            for start in range(0, len(latents), _BATCH)
        ]
        return np.clip(np.concatenate(batches), -1.0, 1.0)


def load_generator(source: str | Path | None = None) -> LoadedGenerator:
    """Loads a generator.

    Args:
        source: A run folder, or a `.keras` file of a generator or of a whole
            BEGAN. None takes the newest run in ./runs.

    Returns:
        It, in float32 whatever it was trained in.

    Raises:
        RunError: There is no such run, or nothing in it yet.
        ModelFileError: The file is missing, damaged or not ours.

    Example:
        >>> generator = load_generator()
        >>> generator.generate(16, seed=0).shape
        (16, 64, 64, 3)
    """
    path = _find(source)
    kind = check_archive(path)
    import keras

    from tfbegan.models.began import BEGAN  # registers the classes
    from tfbegan.models.generator import Generator, in_float32

    try:
        model = keras.models.load_model(path, compile=False)
    except DAMAGE_ERRORS as error:
        raise ModelFileError(
            f"{path} can't be loaded ({str(error).partition(chr(10))[0]})."
            " Restore it from a copy."
        ) from error
    generator = model.ema_generator if isinstance(model, BEGAN) else model
    if not isinstance(generator, Generator):
        raise ModelFileError(f"{path} holds a {kind}, which is no generator.")
    return LoadedGenerator(in_float32(generator), path)


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Float images in [-1, 1] to uint8 in [0, 255], rounded."""
    return np.rint((np.clip(images, -1, 1) + 1) * 127.5).astype(np.uint8)


def _find(source: str | Path | None) -> Path:
    if source is None:
        return _newest_generator(_RUNS)
    path = Path(source)
    if path.is_dir():
        generator = path / _GENERATOR_NAME
        if generator.is_file():
            return generator
        if any((child / _GENERATOR_NAME).is_file() for child in path.iterdir()):
            return _newest_generator(path)
        raise RunError(
            f"There is no {_GENERATOR_NAME} in {path}: it is no run folder, or"
            " the run has not come to its first checkpoint yet."
        )
    if path.suffix == ".keras":
        return path
    raise RunError(
        f"{source} is neither a run folder nor a .keras file, and there is no"
        " preset of that name (none is bundled yet). Train one with:"
        " python train.py --conditioning noise"
    )


def _newest_generator(runs: Path) -> Path:
    found = sorted(runs.glob(f"*/{_GENERATOR_NAME}")) if runs.is_dir() else []
    if not found:
        raise RunError(
            f"There is no trained run in {runs}. Name one, or train one with:"
            " python train.py --conditioning noise"
        )
    return found[-1]
