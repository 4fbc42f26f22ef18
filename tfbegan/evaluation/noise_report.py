"""Is noise mode healthy? Generated faces against real ones, with a control."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tfbegan.errors import ConfigError
from tfbegan.evaluation.diversity import mean_ms_ssim, spread
from tfbegan.evaluation.faces import FaceDetector

IMAGES = 256
"""Images of each kind in which faces are looked for."""

DIVERSITY_IMAGES = 64
"""Of them, those whose diversity is measured."""


@dataclass(frozen=True)
class SetMeasures:
    """What is measured of one set of images.

    Attributes:
        detection_rate: Share of images in which MTCNN finds a face.
        spread: Mean per-pixel standard deviation across 64 images.
        ms_ssim: Mean multi-scale structural similarity of all their pairs.
    """

    detection_rate: float
    spread: float
    ms_ssim: float


@dataclass(frozen=True)
class NoiseReport:
    """Generated faces, real ones, and other real ones as the control."""

    generated: SetMeasures
    real: SetMeasures
    control: SetMeasures

    @property
    def detection_ratio(self) -> float:
        """Faces found, generated over real; 0.9 or more is healthy."""
        return self.generated.detection_rate / max(
            self.real.detection_rate, 1e-9
        )

    @property
    def spread_ratio(self) -> float:
        """Spread, generated over real; 0.6 or more is healthy."""
        return self.generated.spread / max(self.real.spread, 1e-9)

    @property
    def ms_ssim_excess(self) -> float:
        """MS-SSIM, generated minus real; 0.15 or less is healthy."""
        return self.generated.ms_ssim - self.real.ms_ssim

    @property
    def healthy(self) -> bool:
        """All three hold."""
        return (
            self.detection_ratio >= 0.9
            and self.spread_ratio >= 0.6
            and self.ms_ssim_excess <= 0.15
        )


def measure_noise_mode(
    generated: np.ndarray, real: np.ndarray, control: np.ndarray
) -> NoiseReport:
    """Compares generated faces with real ones.

    Args:
        generated: float [256, S, S, 3] in [-1, 1].
        real: float [256, S, S, 3] in [-1, 1].
        control: Other real faces, the same shape: what two honest sets
            differ by.

    Raises:
        ConfigError: A set is too small or the sizes differ.
    """
    if not generated.shape[1:] == real.shape[1:] == control.shape[1:]:
        raise ConfigError(
            "Generated and real faces must have one size. Received:"
            f" {generated.shape[1:]}, {real.shape[1:]}, {control.shape[1:]}"
        )
    detector = FaceDetector()
    return NoiseReport(
        *(_measure(images, detector) for images in (generated, real, control))
    )


def _measure(images: np.ndarray, detector: Any) -> SetMeasures:
    if len(images) < DIVERSITY_IMAGES:
        raise ConfigError(
            f"At least {DIVERSITY_IMAGES} images are needed to measure"
            f" diversity. Received: {len(images)}"
        )
    few = images[:DIVERSITY_IMAGES]
    return SetMeasures(
        detection_rate=detector.detection_rate(images),
        spread=spread(few),
        ms_ssim=mean_ms_ssim(few),
    )
