"""What moves in a face: eyes, mouth, and glasses before the eyes."""

from dataclasses import dataclass

import numpy as np

from tfrecords_builder.puppets.character import Character
from tfrecords_builder.puppets.painter import (
    Canvas,
    ellipse,
    mirrored,
    path,
    ribbon,
)

_MOUTH_GAP = 0.44


@dataclass(frozen=True)
class Expression:
    """What moves: one frame of a performance.

    Attributes:
        opening, width: Of the mouth, in [0, 1].
        blink: 0 open to 1 shut.
        gaze: Right and down, each in [-1, 1].
        brow: 0 at rest to 1 raised.
        yaw, pitch: Of the head in radians: to the viewer's right, down.
    """

    opening: float = 0.0
    width: float = 0.5
    blink: float = 0.0
    gaze: tuple[float, float] = (0.0, 0.0)
    brow: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0


def draw_eye(
    canvas: Canvas,
    character: Character,
    expression: Expression,
    side: int,
    light: np.ndarray,
) -> None:
    """Draws an eye, over the skin of its closed lid.

    Args:
        canvas: Where.
        character: Whose eye.
        expression: Blink and gaze.
        side: -1 for the viewer's left one, 1 for the right one.
        light: The tint of the light, [3].
    """
    upper, lower = _shape_lids(character, expression.blink, side)
    outline = np.concatenate([upper, lower[1:-1]])
    skin = np.array(character.skin)
    if expression.blink < 0.88:
        _draw_eyeball(canvas, character, expression, outline, side, light)
    lash = ribbon(upper, [0.016, 0.03, 0.036, 0.036, 0.024])
    canvas.fill(lash, skin * 0.12 + 8, soft=0.008, alpha=0.9)
    rim = ribbon(lower, [0.008, 0.014, 0.008])
    canvas.fill(rim, skin * (0.45, 0.3, 0.28), soft=0.012, alpha=0.6)
    fold = np.add(upper, (0, -0.095 + 0.02 * expression.blink))
    crease = ribbon(fold, [0.004, 0.014, 0.016, 0.01])
    canvas.fill(crease, skin * (0.5, 0.36, 0.33), soft=0.012, alpha=0.65)


def _shape_lids(
    character: Character, blink: float, side: int
) -> tuple[np.ndarray, np.ndarray]:
    """The upper lid from the nose outwards, the lower one back."""
    half, tilt = character.eye_size, character.eye_tilt
    low = half * character.eye_roundness * 0.72
    # The upper lid does most of the way when the eye shuts.
    up = half * character.eye_roundness * 1.05 * (1.45 * blink - 1)
    up = min(up, low - 0.012)
    inner, outer = (-half, 0.03), (half, -0.01 - tilt)
    upper = [
        inner,
        (-half * 0.55, 0.72 * up),
        (0.0, up),
        (half * 0.55, 0.82 * up - tilt * 0.5),
        outer,
    ]
    lower = [
        outer,
        (half * 0.5, 0.85 * low - tilt * 0.3),
        (0.0, low),
        (-half * 0.5, 0.72 * low),
        inner,
    ]
    place = (0.5, 0.0)
    return (
        np.add(path(upper, 6), place) * (side, 1),
        np.add(path(lower, 6), place) * (side, 1),
    )


def _draw_eyeball(
    canvas: Canvas,
    character: Character,
    expression: Expression,
    outline: np.ndarray,
    side: int,
    light: np.ndarray,
) -> None:
    inside = canvas.stencil(outline)
    white = np.array((238, 234, 230)) * light * 0.97
    canvas.paint(inside, white)
    radius = 0.102
    x = side * 0.5 + 0.07 * expression.gaze[0]
    y = -0.012 + 0.03 * expression.gaze[1]
    iris = np.array(character.iris, float)
    canvas.fill(
        ellipse(x, y, radius, radius), iris * 0.42, soft=0.008, inside=inside
    )
    canvas.fill(
        ellipse(x, y + 0.012, radius * 0.78, radius * 0.74),
        iris * 1.2,
        soft=0.018,
        inside=inside,
    )
    canvas.fill(
        ellipse(x, y, 0.046, 0.046), (12, 9, 9), soft=0.006, inside=inside
    )
    # The upper lid's shadow, then the window in the cornea.
    shadow = np.add(outline, (0, -0.11))
    canvas.fill(shadow, (52, 38, 36), soft=0.03, alpha=0.45, inside=inside)
    glint = (x + 0.035 * np.sign(character.light[0]), y - 0.04)
    canvas.fill(
        ellipse(*glint, 0.024, 0.024),
        (255, 255, 255),
        soft=0.006,
        alpha=0.95,
        inside=inside,
    )


@dataclass(frozen=True)
class _Lips:
    """The lips' borders, from the left corner to the right, [N, 2] each.

    Attributes:
        upper_out, upper_in, lower_in, lower_out: From top to bottom.
        half: Half of the mouth's width.
        up, down: The y of the gap's borders in the middle.
        bottom: The lower lip's height.
    """

    upper_out: np.ndarray
    upper_in: np.ndarray
    lower_in: np.ndarray
    lower_out: np.ndarray
    half: float
    up: float
    down: float
    bottom: float


def _shape_lips(character: Character, opening: float, width: float) -> _Lips:
    half = character.mouth_width * (0.56 + 0.6 * width - 0.06 * opening)
    full = character.lip_fullness * (1.2 - 0.35 * width)
    gap = _MOUTH_GAP * opening * (0.62 + 0.38 * min(1.0, 2 * width))
    # The upper lip hardly moves; the lower one goes with the jaw.
    up, down = -0.16 * gap, 0.84 * gap
    corner = 0.3 * gap - character.smile * (0.5 + 0.8 * width)
    bend = 0.3 * corner
    top, bottom = 0.105 * full, 0.15 * full

    def line(*right: tuple[float, float]) -> np.ndarray:
        """Mirrors points from the middle to the right corner."""
        left = [(-x, y) for x, y in reversed(right) if x > 0]
        return path([*left, *right], 6)

    return _Lips(
        upper_out=line(
            (0.0, up - top * 0.88),
            (0.16 * half, up - top * 1.05),
            (0.55 * half, up - top * 0.72),
            (half + 0.02, corner),
        ),
        upper_in=line(
            (0.0, up + 0.012), (0.5 * half, up * 0.85 + bend), (half, corner)
        ),
        lower_in=line(
            (0.0, down + 0.012),
            (0.5 * half, down * 0.85 + bend),
            (half, corner),
        ),
        lower_out=line(
            (0.0, down + bottom),
            (0.55 * half, down * 0.93 + bottom * 0.78),
            (half + 0.02, corner),
        ),
        half=half,
        up=up,
        down=down,
        bottom=bottom,
    )


def draw_mouth(
    canvas: Canvas,
    character: Character,
    expression: Expression,
    place: tuple[float, float],
    light: np.ndarray,
) -> None:
    """Draws lips and what is between them, over the skin.

    Args:
        canvas: Where.
        character: Whose mouth.
        expression: How open and how wide it is.
        place: Its middle, in head coordinates.
        light: The tint of the light, [3].
    """
    lips = _shape_lips(character, expression.opening, expression.width)
    x, y = place
    skin = np.array(character.skin) * light
    red = character.lip_colour
    lip = skin * (0.88 - 0.08 * red, 0.66 - 0.2 * red, 0.64 - 0.14 * red)
    # A shadow below the lower lip gives it its body.
    below = y + lips.down + lips.bottom + 0.07
    canvas.fill(
        ellipse(x, below, lips.half * 0.6, 0.035),
        skin * (0.62, 0.48, 0.44),
        soft=0.045,
        alpha=0.5,
    )
    both = np.concatenate([lips.upper_out, lips.lower_out[::-1]])
    canvas.fill(both + place, lip, soft=0.014)
    upper = np.concatenate([lips.upper_out, lips.upper_in[::-1]])
    canvas.fill(upper + place, lip * 0.84, soft=0.014)
    canvas.fill(
        ellipse(
            x + 0.06 * np.sign(character.light[0]),
            y + lips.down + lips.bottom * 0.5,
            lips.half * 0.4,
            lips.bottom * 0.2,
        ),
        lip * 0.5 + 120,
        soft=0.03,
        alpha=0.45,
    )
    if lips.down - lips.up > 0.02:
        _draw_cavity(canvas, lips, place)
    border = ribbon(lips.upper_in, [0.006, 0.014, 0.014, 0.014, 0.006])
    canvas.fill(border + place, lip * (0.36, 0.24, 0.24), soft=0.01, alpha=0.85)


def _draw_cavity(
    canvas: Canvas, lips: _Lips, place: tuple[float, float]
) -> None:
    """The dark between the lips, with tongue and upper teeth."""
    x, y = place
    inner = np.concatenate([lips.upper_in, lips.lower_in[::-1]]) + place
    inside = canvas.stencil(inner)
    canvas.paint(inside, (52, 16, 16))
    gap = lips.down - lips.up
    tongue = ellipse(x, y + lips.down + 0.02, lips.half * 0.62, gap * 0.42)
    canvas.fill(tongue, (164, 76, 74), soft=0.03, inside=inside, alpha=0.9)
    teeth, wide = min(0.1, 0.42 * gap), lips.half * 0.82
    row = mirrored(
        [
            (wide, lips.up - 0.1),
            (wide, lips.up + teeth * 0.5),
            (wide * 0.6, lips.up + teeth),
        ]
    )
    canvas.fill(
        np.add(row, place),
        (232, 226, 214),
        soft=0.012,
        inside=inside,
        alpha=min(1.0, max(0.0, (gap - 0.05) / 0.06)),
    )
    # The upper lip's shadow on the teeth.
    band = np.add(inner, (0, -max(0.0, gap - 0.045)))
    canvas.fill(band, (70, 30, 28), soft=0.025, alpha=0.35, inside=inside)


def draw_glasses(
    canvas: Canvas, character: Character, place: tuple[float, float]
) -> None:
    """Draws glasses, if there are any.

    Args:
        canvas: Where.
        character: Whose glasses.
        place: The middle of the bridge, in head coordinates.
    """
    if character.glasses == "none":
        return
    thin = {"round": 0.024, "square": 0.034, "rimless": 0.012}[
        character.glasses
    ]
    dark = np.array((44, 34, 32) if character.look % 3 else (120, 78, 44))
    power = 2.0 if character.glasses == "round" else 3.6
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    cos, sin = np.cos(angle), np.sin(angle)
    rim = np.stack(
        [
            0.36 * np.sign(cos) * np.abs(cos) ** (2 / power),
            0.29 * np.sign(sin) * np.abs(sin) ** (2 / power),
        ],
        axis=1,
    )
    grow = 1 + thin / 0.3
    for side in (-1, 1):
        centre = (place[0] + side * 0.5, place[1])
        lens = rim + centre
        canvas.fill(lens, (235, 245, 255), alpha=0.06)
        # Outer and inner border in one polygon: what is between them.
        ring = np.concatenate([rim * grow, rim[:1] * grow, rim[:1], rim[::-1]])
        canvas.fill(ring + centre, dark, alpha=0.92)
        temple = [(side * 0.86, -0.08), (side * (character.face_width), -0.05)]
        canvas.fill(
            ribbon(np.array(temple) + place, [thin, thin]), dark, alpha=0.85
        )
    bridge = path([(-0.15, -0.02), (0, -0.07), (0.15, -0.02)])
    canvas.fill(ribbon(bridge + place, [thin, thin]), dark, alpha=0.92)
