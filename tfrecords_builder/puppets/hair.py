"""Hair, beards and headscarves."""

import numpy as np

from tfrecords_builder.puppets.character import Character
from tfrecords_builder.puppets.painter import (
    Canvas,
    View,
    curve,
    ellipse,
    mirrored,
    ribbon,
)

_CROWN_Y = -1.2


def strands(character: Character, view: View, fine: float) -> np.ndarray:
    """Hair, combed from the crown, as a picture [height, width, 3].

    Args:
        character: Whose colour and light it has.
        view: What the picture shows.
        fine: Strands in half a turn.
    """
    x, y = view.grid()
    angle = np.arctan2(x, y - _CROWN_Y + 0.15)
    rng = np.random.default_rng(character.look)
    count = int(fine) * 2
    knots = np.linspace(-np.pi, np.pi, count)
    streak = np.interp(angle, knots, rng.normal(0, 1, count))
    coarse = np.interp(angle, knots[::5], rng.normal(0, 1, len(knots[::5])))
    radius = np.hypot(x, y - _CROWN_Y)
    sheen = np.exp(-(((radius - 0.75) / 0.22) ** 2))
    side = (1 + 0.35 * character.light[0] * np.tanh(x)).clip(0.6, 1.4)
    brightness = side * (0.92 + 0.13 * streak + 0.1 * coarse)
    brightness = (brightness + 0.3 * sheen).clip(0.35, 1.9)[..., None]
    base = np.array(character.hair, np.float32) + 6
    return (base * brightness).clip(0, 255).astype(np.float32)


def paint_back(canvas: Canvas, character: Character) -> None:
    """What hangs behind head and neck."""
    wide = character.face_width
    picture = strands(character, canvas.view, 70)
    outlines = {
        "long": [
            (0, -1.75),
            (wide * 0.9, -1.4),
            (wide + 0.28, -0.4),
            (wide + 0.34, 0.9),
            (wide + 0.3, 2.2),
            (wide - 0.2, 2.9),
            (0, 2.7),
        ],
        "fringe": [
            (0, -1.75),
            (wide * 0.9, -1.4),
            (wide + 0.24, -0.4),
            (wide + 0.26, 0.9),
            (wide + 0.18, 2.0),
            (0.6, 2.2),
            (0, 2.2),
        ],
        "bob": [
            (0, -1.75),
            (wide * 0.9, -1.4),
            (wide + 0.3, -0.4),
            (wide + 0.36, 0.7),
            (wide + 0.16, 1.45),
            (0.5, 1.5),
            (0, 1.5),
        ],
    }
    if character.cut in outlines:
        shape = curve(mirrored(outlines[character.cut]))
        canvas.fill(shape, picture * 0.72, soft=0.015)
    if character.cut == "curls":
        _paint_curls(canvas, character, picture * 0.75, lower=1.5)
    if character.cut == "bun":
        canvas.fill(ellipse(0, -1.85, 0.42, 0.36), picture)
    if character.cut == "scarf":
        drape = [
            (0, -1.85),
            (wide * 0.95, -1.4),
            (wide + 0.22, -0.2),
            (wide + 0.2, 1.0),
            (wide + 0.3, 2.0),
            (wide + 0.7, 2.8),
            (0, 3.2),
        ]
        canvas.fill(curve(mirrored(drape)), _cloth(character, canvas.view))


def paint_front(canvas: Canvas, character: Character) -> None:
    """What lies on the head, over forehead, temples and ears."""
    if character.cut == "scarf":
        _paint_scarf(canvas, character)
        return
    wide = character.face_width
    picture = strands(character, canvas.view, 110)
    # The outer border of the hair and the hairline, right half.
    bulk = {"buzz": 0.02, "receding": 0.05, "bun": 0.05, "short": 0.09}.get(
        character.cut, 0.14
    )
    outer = [
        (0, -1.68 - bulk),
        (wide * 0.62, -1.52 - bulk),
        (wide * 0.98 + bulk * 0.5, -0.95),
        (wide + 0.02 + bulk * 0.5, -0.35),
        (wide + 0.01, 0.05),
    ]
    right, left = _hairlines(character)
    outline = [*outer, *right, *left, *(_flip(outer)[:-1])]
    shape = curve(outline, 6)
    canvas.fill(
        np.add(shape, (0, 0.05)), (40, 26, 20), soft=0.05, alpha=0.35, atop=True
    )
    if character.cut == "buzz":
        canvas.fill(shape, picture, soft=0.05, alpha=0.78)
        return
    canvas.fill(shape, picture, soft=0.012)
    if character.cut in ("curly", "curls"):
        _paint_curls(canvas, character, picture, lower=-0.35)
    if character.cut in ("long", "bob", "fringe"):
        _paint_locks(canvas, character, picture)
    if character.cut == "quiff":
        tuft = [
            (-0.72, -1.0),
            (-0.3, -1.06),
            (0.3, -1.1),
            (0.75, -0.98),
            (0.85, -1.5),
            (0.2, -1.9),
            (-0.7, -1.7),
        ]
        canvas.fill(curve(tuft), picture * 1.08, soft=0.02)


def _hairlines(
    character: Character,
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """The hairline from the right temple to the middle, and on to the left."""
    wide = character.face_width
    temple = [(wide - 0.06, 0.12), (wide - 0.12, -0.25), (wide - 0.17, -0.55)]
    middle = {
        "side": [(0.62, -0.86), (0.1, -0.92)],
        "receding": [(0.8, -0.95), (0.55, -1.3), (0.2, -1.12)],
        "fringe": [(0.85, -0.5), (0.4, -0.44), (0.1, -0.42)],
        "long": [(0.66, -0.8), (0.25, -1.12), (0.05, -1.25)],
        "bob": [(0.7, -0.72), (0.3, -0.72), (-0.1, -0.88)],
        "curly": [(0.7, -0.78), (0.3, -0.9)],
        "curls": [(0.7, -0.75), (0.3, -0.86)],
    }.get(character.cut, [(0.68, -0.86), (0.3, -0.97)])
    right = temple + middle
    if character.cut == "side":
        return right, [(-0.45, -1.0), (-0.62, -1.08), *_flip(temple)]
    if character.cut == "bob":
        return right, [(-0.35, -1.0), (-0.7, -0.8), *_flip(temple)]
    return right, _flip(right)


def _flip(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(-x, y) for x, y in reversed(points)]


def _paint_locks(
    canvas: Canvas, character: Character, picture: np.ndarray
) -> None:
    """Hair that falls over the temples and ears."""
    wide = character.face_width
    bottom = {"long": 2.5, "bob": 1.35, "fringe": 1.9}[character.cut]
    lock = [
        (wide - 0.3, -1.0),
        (wide - 0.15, -0.45),
        (wide - 0.1, 0.2),
        (wide - 0.05, 0.9),
        (wide - 0.02, bottom * 0.8),
        (wide + 0.1, bottom),
        (wide + 0.3, bottom * 0.85),
        (wide + 0.3, 0.6),
        (wide + 0.22, -0.4),
        (wide - 0.05, -1.25),
    ]
    for side in (-1, 1):
        shape = curve(np.array(lock) * (side, 1))
        canvas.fill(
            np.add(shape, (-0.03 * side, 0.03)),
            (40, 26, 20),
            soft=0.05,
            alpha=0.3,
            atop=True,
        )
        canvas.fill(shape, picture, soft=0.012)


def _paint_curls(
    canvas: Canvas, character: Character, picture: np.ndarray, lower: float
) -> None:
    rng = np.random.default_rng(character.look + 1)
    wide = character.face_width
    span = np.arccos(-np.clip((lower + 0.45) / 1.9, -1, 1))
    for angle in np.linspace(-span, span, int(14 * span)):
        reach = rng.uniform(0.98, 1.1)
        x = np.sin(angle) * (wide + 0.16) * reach
        y = -0.45 - np.cos(angle) * 1.15 * reach
        if y > -0.45:
            y = -0.45 + (y + 0.45) * 1.7
        size = rng.uniform(0.2, 0.3)
        canvas.fill(
            ellipse(x, y, size, size),
            picture * rng.uniform(0.85, 1.1),
            soft=0.02,
        )
        for _ in range(3):
            dx, dy = rng.uniform(-0.14, 0.14, 2)
            canvas.fill(
                ellipse(x + dx, y + dy, 0.07, 0.06),
                np.array(character.hair) * rng.choice((0.6, 1.5)) + 4,
                soft=0.03,
                alpha=0.5,
            )


def _cloth(character: Character, view: View) -> np.ndarray:
    """The headscarf's folds."""
    x, y = view.grid()
    fold = np.sin(3.2 * np.hypot(x, y - 0.6) + 2.5 * np.arctan2(x, y - 0.5))
    side = 1 + 0.25 * character.light[0] * np.tanh(x)
    base = 0.55 * np.array(character.clothes, np.float32) + 80
    return (base * (side * (0.92 + 0.08 * fold))[..., None]).clip(0, 255)


def _paint_scarf(canvas: Canvas, character: Character) -> None:
    wide = character.face_width
    outside = mirrored(
        [
            (0, -1.8),
            (wide * 0.7, -1.6),
            (wide + 0.12, -0.9),
            (wide + 0.2, 0.0),
            (wide + 0.16, 0.9),
            (wide - 0.1, 1.7),
            (0.4, 2.2),
            (0, 2.3),
        ]
    )
    inside = mirrored(
        [
            (0, -0.78),
            (0.55, -0.68),
            (wide - 0.16, -0.2),
            (wide - 0.12, 0.5),
            (wide * 0.8, 1.2),
            (0.42, character.chin - 0.04),
            (0, character.chin + 0.06),
        ]
    )
    cloth = _cloth(character, canvas.view)
    ring = canvas.stencil(curve(outside))
    hole = canvas.stencil(curve(inside), soft=0.012)
    shade = canvas.stencil(curve(inside * 0.985), soft=0.06)
    for part, colour, alpha in (
        (shade, (50, 34, 28), 0.4),
        (hole, cloth, 1.0),
    ):
        opacity = ring.opacity.copy()
        rows = slice(
            part.rows.start - ring.rows.start, part.rows.stop - ring.rows.start
        )
        columns = slice(
            part.columns.start - ring.columns.start,
            part.columns.stop - ring.columns.start,
        )
        opacity[rows, columns] *= 1 - part.opacity
        canvas.paint(
            type(ring)(ring.rows, ring.columns, opacity),
            colour,
            alpha=alpha,
            atop=part is shade,
        )


def paint_beard(canvas: Canvas, character: Character) -> None:
    """Beard and moustache, on the skin."""
    if character.beard == "none":
        return
    colour = np.array(character.hair) * 0.9 + 6
    alpha = 0.3 if character.beard == "stubble" else 0.82
    mouth, chin = character.mouth_height, character.chin
    jaw = character.jaw_width
    lip = mouth - 0.13
    if character.beard in ("stubble", "full"):
        beard = mirrored(
            [
                (0, mouth - 0.02),
                (0.42, mouth - 0.06),
                (0.66, mouth - 0.12),
                (jaw - 0.02, 0.62),
                (character.face_width - 0.06, 0.3),
                (character.face_width + 0.02, 0.5),
                (jaw + 0.05, 1.25),
                (0.5, chin - 0.02),
                (0, chin + 0.08),
            ]
        )
        canvas.fill(curve(beard), colour, soft=0.06, alpha=alpha, atop=True)
    if character.beard == "goatee":
        tuft = mirrored(
            [
                (0, mouth + 0.22),
                (0.36, mouth + 0.06),
                (0.4, mouth + 0.3),
                (0.26, chin - 0.05),
                (0, chin + 0.03),
            ]
        )
        canvas.fill(curve(tuft), colour, soft=0.04, alpha=alpha, atop=True)
    if character.beard != "none":
        line = [
            (-0.44, mouth - 0.02),
            (-0.28, lip + 0.0),
            (0, lip - 0.06),
            (0.28, lip + 0.0),
            (0.44, mouth - 0.02),
        ]
        shape = ribbon(np.array(line), [0.03, 0.075, 0.06, 0.075, 0.03])
        canvas.fill(shape, colour, soft=0.03, alpha=alpha, atop=True)
