"""Draws a character: still layers once, what moves for every frame."""

import numpy as np

from tfrecords_builder.puppets import hair
from tfrecords_builder.puppets.character import Character
from tfrecords_builder.puppets.features import (
    Expression,
    draw_eye,
    draw_glasses,
    draw_mouth,
)
from tfrecords_builder.puppets.painter import (
    Canvas,
    View,
    curve,
    ellipse,
    mirrored,
    path,
    ribbon,
)
from tfrecords_builder.puppets.relief import Relief, make_relief

_NECK = 0.78
_JAW_DROP = 0.27
_BROW_RAISE = 0.09


class Portrait:
    """A character that can be drawn with any expression.

    Args:
        character: Who.
        view: The canvas, in pixels of the finer picture that is shrunk in
            the end.
    """

    def __init__(self, character: Character, view: View) -> None:
        self._character = character
        self._view = view
        self._relief = make_relief(character, view)
        self._plate = _paint_plate(character, view)
        self._head = _paint_head(character, view, self._relief)
        self._light = _mean_light(character)
        columns = np.arange(view.width, dtype=np.float32)
        rows = np.arange(view.height, dtype=np.float32)
        self._columns, self._rows = np.meshgrid(columns, rows)
        _, self._y = view.grid()

    def draw(self, expression: Expression) -> np.ndarray:
        """One picture, uint8 [height, width, 3], RGB."""
        import cv2

        canvas = Canvas(self._view)
        yaw, pitch = np.tan(expression.yaw), np.sin(expression.pitch)
        # The body is far behind the eyes, so it moves against the head.
        shift = self._view.scale * np.array((-0.6 * yaw, 0.6 * pitch))
        moved = np.array([[1, 0, shift[0]], [0, 1, shift[1]]])
        size = (self._view.width, self._view.height)
        plate = cv2.warpAffine(
            self._plate, moved, size, borderMode=cv2.BORDER_REPLICATE
        )
        head = self._turn_head(expression, yaw, pitch)
        opacity = head[..., 3:].astype(np.float32) * np.float32(1 / 255)
        canvas.pixels = plate * (1 - opacity) + head[..., :3]
        self._draw_eyes(canvas, expression)
        self._draw_mouth(canvas, expression, yaw, pitch)
        self._draw_glasses(canvas, yaw, pitch)
        return canvas.pixels.clip(0, 255).round().astype(np.uint8)

    def _turn_head(
        self, expression: Expression, yaw: float, pitch: float
    ) -> np.ndarray:
        """The head's layer, moved by its depth, its jaw and its brows."""
        import cv2

        scale = np.float32(self._view.scale)
        depth = self._relief.depth
        drop = np.float32(_JAW_DROP * expression.opening)
        raised = np.float32(_BROW_RAISE * expression.brow)
        down = drop * self._relief.jaw - raised * self._relief.brow
        down -= np.float32(pitch) * depth
        return cv2.remap(
            self._head,
            self._columns - scale * np.float32(yaw) * depth,
            self._rows - scale * down,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
        )

    def _draw_eyes(self, canvas: Canvas, expression: Expression) -> None:
        for side in (-1, 1):
            draw_eye(canvas, self._character, expression, side, self._light)

    def _draw_mouth(
        self, canvas: Canvas, expression: Expression, yaw: float, pitch: float
    ) -> None:
        depth = 0.3
        place = (depth * yaw, self._character.mouth_height - depth * pitch)
        draw_mouth(canvas, self._character, expression, place, self._light)

    def _draw_glasses(self, canvas: Canvas, yaw: float, pitch: float) -> None:
        place = (0.18 * yaw, 0.04 - 0.18 * pitch)
        draw_glasses(canvas, self._character, place)


def _mean_light(character: Character) -> np.ndarray:
    """The tint of the light, [3]."""
    warmth = character.warmth
    return np.array((1 + 0.05 * warmth, 1.0, 1 - 0.08 * warmth))


def _skin(character: Character, relief: Relief) -> np.ndarray:
    """The lit skin as a picture [height, width, 3]."""
    base = np.array(character.skin, np.float32)
    light = relief.light[..., None]
    # Shadows on skin are redder, because light goes through it.
    exponent = np.array((0.75, 1.1, 1.2), np.float32)
    lit = base * light**exponent * _mean_light(character).astype(np.float32)
    shine = 24 * relief.gloss[..., None] * character.light_contrast
    return (lit + shine).clip(0, 255)


def _paint_plate(character: Character, view: View) -> np.ndarray:
    """Background, hair behind the head, neck and body; uint8."""
    canvas = Canvas(view)
    x, y = view.grid()
    base = np.array(character.background, np.float32)
    glow = np.exp(-((x - 1.5 * character.light[0]) ** 2 + (y + 0.5) ** 2) / 9)
    canvas.pixels[:] = base * (0.8 + 0.28 * glow[..., None])
    behind = character.cut in ("long", "fringe", "scarf")
    if not behind:
        hair.paint_back(canvas, character)
    _paint_body(canvas, character)
    if behind:
        hair.paint_back(canvas, character)
        _paint_neck(canvas, character)
    return canvas.pixels.clip(0, 255).round().astype(np.uint8)


def _paint_neck(canvas: Canvas, character: Character) -> None:
    if character.cut == "scarf":
        return
    x, _ = canvas.view.grid()
    side = 1 + 0.2 * character.light_contrast * character.light[0] * x
    skin = np.array(character.skin, np.float32) * (0.93, 0.86, 0.83)
    skin = skin * side.clip(0.6, 1.3)[..., None]
    half = character.jaw_width * _NECK
    neck = mirrored(
        [
            (half - 0.02, 1.0),
            (half, 2.0),
            (half + 0.12, 2.4),
            (half + 0.3, 2.6),
            (0, 2.9),
        ]
    )
    canvas.fill(neck, skin)
    shadow = ellipse(0, character.chin + 0.02, character.jaw_width, 0.36)
    inside = canvas.stencil(neck)
    canvas.fill(shadow, skin * (0.66, 0.57, 0.54), soft=0.12, inside=inside)


def _paint_body(canvas: Canvas, character: Character) -> None:
    x, y = canvas.view.grid()
    fold = 0.94 + 0.05 * np.sin(5 * x + 2 * y)
    side = 1 + 0.25 * character.light[0] * np.tanh(0.6 * x)
    shade = (fold * side)[..., None]
    cloth = np.array(character.clothes, np.float32) * shade
    body = mirrored(
        [
            (0.55, 2.2),
            (0.95, 2.35),
            (1.7, 2.62),
            (2.35, 3.0),
            (2.75, 3.8),
            (2.95, 5.5),
            (3.0, 9.0),
        ]
    )
    canvas.fill(body, cloth)
    _paint_neck(canvas, character)
    half = character.jaw_width * _NECK
    if character.neckline == "vee":
        skin = np.array(character.skin) * (0.9, 0.85, 0.82)
        vee = mirrored([(half + 0.1, 2.36), (0, 3.4)])
        canvas.fill(vee, skin, soft=0.02)
    if character.neckline == "round":
        collar = mirrored(
            [
                (half + 0.05, 2.28),
                (half + 0.24, 2.44),
                (0.4, 2.85),
                (0, 2.92),
                (0, 2.72),
                (0.35, 2.66),
            ]
        )
        canvas.fill(collar, cloth * 0.8)
    if character.neckline in ("collar", "jacket"):
        flap = [
            (half + 0.02, 2.05),
            (half + 0.34, 2.35),
            (0.55, 2.95),
            (0.05, 2.62),
        ]
        bright = cloth * 0.5 + 120
        for side_sign in (-1, 1):
            canvas.fill(np.array(flap) * (side_sign, 1), bright, soft=0.01)
    if character.neckline == "jacket":
        lapel = [
            (half + 0.3, 2.3),
            (half + 0.62, 2.6),
            (0.5, 4.4),
            (0.12, 4.6),
            (0.5, 3.0),
        ]
        for side_sign in (-1, 1):
            canvas.fill(
                np.array(lapel) * (side_sign, 1), cloth * 0.78, soft=0.01
            )


def _face_outline(character: Character) -> np.ndarray:
    wide, jaw, chin = (
        character.face_width,
        character.jaw_width,
        character.chin,
    )
    return curve(
        mirrored(
            [
                (0, -1.62),
                (wide * 0.6, -1.46),
                (wide * 0.95, -0.85),
                (wide, -0.1),
                (wide * 0.975, 0.5),
                (jaw, 1.12),
                (jaw * 0.68, chin - 0.27),
                (0.3, chin - 0.03),
                (0, chin),
            ]
        )
    )


def _paint_head(character: Character, view: View, relief: Relief) -> np.ndarray:
    """Everything that moves with the head; uint8 RGBA, premultiplied."""
    canvas = Canvas(view, transparent=True)
    skin = _skin(character, relief)
    _paint_ears(canvas, character)
    canvas.fill(_face_outline(character), skin)
    _paint_complexion(canvas, character, skin)
    _paint_sockets(canvas, character)
    _paint_nose(canvas, character)
    hair.paint_beard(canvas, character)
    _paint_brows(canvas, character)
    hair.paint_front(canvas, character)
    layer = canvas.pixels
    layer[..., 3] *= 255
    return layer.clip(0, 255).round().astype(np.uint8)


def _paint_ears(canvas: Canvas, character: Character) -> None:
    skin = np.array(character.skin)
    for side in (-1, 1):
        bright = 0.86 + 0.16 * side * character.light[0]
        ear = np.array(
            [
                (0.0, -0.16),
                (0.12, -0.2),
                (0.19, -0.02),
                (0.14, 0.3),
                (0.05, 0.52),
                (-0.04, 0.5),
            ]
        )
        outline = curve(
            np.add(ear, (character.face_width - 0.04, 0.08)) * (side, 1)
        )
        canvas.fill(outline, skin * (bright, bright * 0.92, bright * 0.9))
        middle = (side * (character.face_width + 0.05), 0.2)
        canvas.fill(
            ellipse(*middle, 0.05, 0.16),
            skin * (0.62, 0.5, 0.47),
            soft=0.03,
            alpha=0.6,
            atop=True,
        )


def _paint_complexion(
    canvas: Canvas, character: Character, skin: np.ndarray
) -> None:
    base = np.array(character.skin)
    for side in (-1, 1):
        canvas.fill(
            ellipse(side * 0.63, 0.62, 0.2, 0.15),
            base * (0.98, 0.68, 0.64),
            soft=0.14,
            alpha=0.5 * character.blush,
            atop=True,
        )
    rng = np.random.default_rng(character.look + 7)
    for _ in range(int(90 * character.freckles)):
        x, y = rng.normal(0, 0.4), rng.normal(0.42, 0.1)
        canvas.fill(
            ellipse(x, y, 0.016, 0.016, 8),
            base * (0.74, 0.6, 0.5),
            soft=0.008,
            alpha=0.35,
            atop=True,
        )
    _paint_wrinkles(canvas, character)


def _paint_wrinkles(canvas: Canvas, character: Character) -> None:
    dark = np.array(character.skin) * (0.66, 0.55, 0.5)
    strength = max(0.0, character.age - 0.45)
    top = character.nose_length - 0.04
    for side in (-1, 1):
        fold = np.array(
            [
                (character.nose_width + 0.07, top),
                (character.nose_width + 0.22, top + 0.22),
                (character.mouth_width + 0.1, character.mouth_height),
            ]
        )
        canvas.fill(
            ribbon(path(fold * (side, 1)), [0.008, 0.02, 0.006]),
            dark,
            soft=0.025,
            alpha=0.2 + 0.6 * strength,
            atop=True,
        )
        bag = [(0.28, 0.16), (0.48, 0.24), (0.7, 0.17)]
        canvas.fill(
            ribbon(path(np.array(bag) * (side, 1)), [0.005, 0.02, 0.005]),
            dark,
            soft=0.025,
            alpha=0.18 + 0.5 * strength,
            atop=True,
        )
    for y in (-0.62, -0.76):
        line = [
            (-0.5, y + 0.02),
            (-0.2, y - 0.02),
            (0.2, y - 0.02),
            (0.5, y + 0.02),
        ]
        canvas.fill(
            ribbon(path(line), [0.004, 0.014, 0.004]),
            dark,
            soft=0.015,
            alpha=0.7 * strength,
            atop=True,
        )


def _paint_sockets(canvas: Canvas, character: Character) -> None:
    dark = np.array(character.skin) * (0.66, 0.54, 0.5)
    for side in (-1, 1):
        canvas.fill(
            ellipse(side * 0.48, -0.05, 0.3, 0.15),
            dark,
            soft=0.09,
            alpha=0.42,
            atop=True,
        )
        inner = ellipse(side * 0.2, -0.06, 0.06, 0.14)
        canvas.fill(inner, dark, soft=0.06, alpha=0.3, atop=True)


def _paint_nose(canvas: Canvas, character: Character) -> None:
    skin = np.array(character.skin)
    dark = skin * (0.56, 0.42, 0.38)
    length, half = character.nose_length, character.nose_width
    away = -0.05 * np.sign(character.light[0])
    under = ellipse(away, length + 0.1, half * 0.85, 0.07)
    canvas.fill(under, dark, soft=0.05, alpha=0.5, atop=True)
    for side in (-1, 1):
        edge = [
            (half * 0.72, length - 0.2),
            (half * 0.98, length - 0.09),
            (half * 0.98, length + 0.01),
            (half * 0.75, length + 0.06),
        ]
        canvas.fill(
            ribbon(
                path(np.array(edge) * (side, 1)), [0.004, 0.022, 0.02, 0.008]
            ),
            dark,
            soft=0.015,
            alpha=0.6,
            atop=True,
        )
        hole = [
            (0.05, length + 0.045),
            (0.1, length + 0.0),
            (half * 0.68, length + 0.012),
            (half * 0.62, length + 0.06),
            (0.1, length + 0.07),
        ]
        canvas.fill(
            curve(np.array(hole) * (side, 1)),
            skin * (0.3, 0.18, 0.15),
            soft=0.012,
            alpha=0.85,
            atop=True,
        )
    tip = ellipse(0.04 * np.sign(character.light[0]), length - 0.13, 0.07, 0.06)
    canvas.fill(tip, skin * 0.4 + 160, soft=0.05, alpha=0.3, atop=True)


def _paint_brows(canvas: Canvas, character: Character) -> None:
    colour = np.array(character.hair) * 0.8
    if sum(character.hair) > 420:  # fair hair still needs visible brows
        colour = np.array(character.hair) * (0.66, 0.6, 0.55)
    y, arch = -character.brow_height, character.brow_arch
    thick = character.brow_thickness
    for side in (-1, 1):
        line = [
            (0.21, y + 0.005),
            (0.36, y - 0.03),
            (0.58, y - 0.02 - arch),
            (0.8, y + 0.06 - 0.4 * arch),
        ]
        shape = ribbon(
            path(np.array(line) * (side, 1)),
            [thick * 0.6, thick * 0.95, thick * 0.8, thick * 0.2],
        )
        canvas.fill(shape, colour, soft=0.022, alpha=0.8, atop=True)
