"""What a run shows: the pictures by which a person judges it."""

from dataclasses import dataclass

import numpy as np

from tfbegan.evaluation.diversity import spread
from tfbegan.generation.loading import to_uint8
from tfbegan.generation.pictures import make_grid, save_png
from tfbegan.generation.provenance import Provenance
from tfbegan.models.began import BEGAN
from tfbegan.training.run_folder import RunFolder

GRID_IMAGES = 64
_RECONSTRUCTED = 16
_COLUMNS = 16


@dataclass(frozen=True)
class Look:
    """One look at a model.

    Attributes:
        samples: uint8 [64, S, S, 3], from the same noise at every look.
        reconstructions: uint8 [64, S, S, 3]: 16 reals, D's reconstructions of
            them, 16 fakes, D's reconstructions of them; fewer of each where
            there are fewer reals.
        fake_spread: Spread across the samples; see `evaluation.diversity`.
        real_spread: Spread across as many reals.
    """

    samples: np.ndarray
    reconstructions: np.ndarray
    fake_spread: float
    real_spread: float

    @property
    def spread_ratio(self) -> float:
        """Of fakes over reals: 0 if every fake is the same."""
        return self.fake_spread / max(self.real_spread, 1e-9)


def look_at(model: BEGAN, reals: np.ndarray, seed: int) -> Look:
    """Draws samples and reconstructions.

    Args:
        model: The model.
        reals: float32 [64, S, S, 3] in [-1, 1]; fewer where there are fewer.
        seed: Of the noise.
    """
    fakes = model.generate(GRID_IMAGES, seed=seed)
    few = min(_RECONSTRUCTED, len(reals))
    few_reals, few_fakes = reals[:few], fakes[:few]
    rows = [
        few_reals,
        model.reconstruct(few_reals),
        few_fakes,
        model.reconstruct(few_fakes),
    ]
    return Look(
        samples=to_uint8(fakes),
        reconstructions=to_uint8(np.concatenate(rows)),
        fake_spread=spread(fakes),
        real_spread=spread(reals),
    )


def save_look(
    look: Look, folder: RunFolder, step: int, provenance: Provenance
) -> None:
    """Writes the two grids as PNG files."""
    for kind in ("samples", "reconstructions"):
        images = getattr(look, kind)
        columns = min(_COLUMNS, len(images) // 4)
        grid = make_grid(images, columns=columns)
        save_png(folder.picture(kind, step), grid, provenance)
