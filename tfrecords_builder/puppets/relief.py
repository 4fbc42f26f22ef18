"""A face as a relief under a light: depth, shading, and how it moves."""

from dataclasses import dataclass

import numpy as np

from tfrecords_builder.puppets.character import Character
from tfrecords_builder.puppets.painter import View

_SKULL_HEIGHT = 1.75
_SKULL_DEPTH = 1.15
_EDGE = 0.06
_AMBIENT = 0.62
_BRIGHTEST = 1.06
_DIFFUSE = 0.62


@dataclass(frozen=True)
class Relief:
    """Maps over the canvas of a view, float32 [height, width].

    Attributes:
        depth: Towards the viewer, 0 at the eyes, in eye distances.
        light: Brightness of a matt white surface, about 0.4 to 1.1.
        gloss: Of the light's reflection on it, 0 to 1.
        jaw: How far each point follows the jaw, 0 to 1.
        brow: How far each point follows the eyebrows, 0 to 1.
    """

    depth: np.ndarray
    light: np.ndarray
    gloss: np.ndarray
    jaw: np.ndarray
    brow: np.ndarray


def make_relief(character: Character, view: View) -> Relief:
    """The relief of a character's head as a view shows it."""
    x, y = view.grid()
    skull = _skull(character, x, y)
    depth = skull + _features(character, x, y)
    light, gloss = _illuminate(character, depth, view.scale)
    mouth = character.mouth_height
    return Relief(
        depth=(depth - _at_eyes(character)).astype(np.float32),
        light=light,
        gloss=gloss,
        jaw=_ramp(y, mouth - 0.12, mouth + 0.3),
        brow=_bump(x, y, 0, -character.brow_height - 0.08, 0.9, 0.16),
    )


def _skull(character: Character, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    across = x / (character.face_width * 1.12)
    along = (y - 0.2) / _SKULL_HEIGHT
    round_part = 1 - across**2 - along**2
    return _SKULL_DEPTH * np.sqrt(np.maximum(round_part, _EDGE))


def _at_eyes(character: Character) -> float:
    """The skull's depth where the eyes are."""
    x, y = np.array([0.5], np.float32), np.array([0.0], np.float32)
    return float(_skull(character, x, y)[0]) - 0.05


def _features(character: Character, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    side = np.abs(x)
    mouth = character.mouth_height
    # The nose: a ridge that rises from between the eyes and ends at the tip.
    length = character.nose_length
    along = ((y + 0.08) / (length - 0.02)).clip(0, 1.4)
    rise = character.nose_depth * (0.22 + 0.78 * along**1.4)
    rise = (
        rise
        * _ramp(y, -0.3, 0.05)
        * (1 - _ramp(y, length - 0.1, length + 0.09))
    )
    half = 0.10 + 0.07 * along
    nose = rise * np.exp(-((x / half) ** 2) / 2)
    wings = 0.13 * _bump(
        side, y, character.nose_width * 0.72, length - 0.05, 0.07, 0.08
    )
    return (
        nose
        + wings
        - 0.13 * _bump(side, y, 0.5, -0.02, 0.26, 0.15)
        + 0.07 * _bump(side, y, 0.45, -0.33, 0.32, 0.1)
        + 0.12 * _bump(side, y, 0.6, 0.52, 0.26, 0.26)
        + 0.12 * _bump(x, y, 0, mouth, 0.38, 0.26)
        + 0.13 * _bump(x, y, 0, character.chin - 0.22, 0.26, 0.15)
        - 0.05 * _bump(x, y, 0, mouth + 0.3, 0.24, 0.07)
        - (0.02 + 0.05 * character.age) * _crease(character, side, y)
    )


def _crease(
    character: Character, side: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """The fold from the wing of the nose to beside the mouth."""
    top, bottom = character.nose_length - 0.05, character.mouth_height + 0.05
    share = (y - top) / (bottom - top)
    line = character.nose_width + 0.06 + 0.22 * share.clip(0, 1) ** 0.9
    near = np.exp(-(((side - line) / 0.06) ** 2) / 2)
    return near * _ramp(share, -0.1, 0.2) * (1 - _ramp(share, 0.7, 1.2))


def _illuminate(
    character: Character, depth: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    down, right = np.gradient(depth, 1 / scale)
    length = np.sqrt(down**2 + right**2 + 1)
    light = np.array(character.light)
    light = light / np.linalg.norm(light)
    towards = (light[2] - right * light[0] - down * light[1]) / length
    half = np.add(light, (0, 0, 1))
    half = half / np.linalg.norm(half)
    mirror = (half[2] - right * half[0] - down * half[1]) / length
    front = light[2]
    contrast = character.light_contrast
    brightness = 1 + contrast * _DIFFUSE * (towards.clip(0) / front - 1)
    # Skin that faces away still gets a little light from all around.
    brightness = brightness.clip(_AMBIENT - 0.25 * contrast, _BRIGHTEST)
    return (
        brightness.astype(np.float32),
        (mirror.clip(0) ** 24).astype(np.float32),
    )


def _bump(
    x: np.ndarray,
    y: np.ndarray,
    centre_x: float,
    centre_y: float,
    width: float,
    height: float,
) -> np.ndarray:
    across = (x - centre_x) / width
    along = (y - centre_y) / height
    return np.exp(-(across**2 + along**2) / 2)


def _ramp(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 below `low`, 1 above `high`, smooth between."""
    share = ((values - low) / (high - low)).clip(0, 1)
    return share * share * (3 - 2 * share)
