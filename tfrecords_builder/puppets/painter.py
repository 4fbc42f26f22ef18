"""Anti-aliased painting in head coordinates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Points = Sequence[tuple[float, float]] | np.ndarray
_SUBPIXEL_BITS = 4


@dataclass(frozen=True)
class View:
    """Where a canvas looks: which pixel shows which point of the head.

    Attributes:
        width, height: Of the canvas in pixels.
        x, y: The pixel coordinates of the point between the eyes, where the
            canvas's top left corner is (0, 0).
        scale: Pixels from eye to eye.
    """

    width: int
    height: int
    x: float
    y: float
    scale: float

    def to_pixels(self, points: Points) -> np.ndarray:
        """Head coordinates [N, 2] to pixel coordinates."""
        return np.asarray(points, float) * self.scale + (self.x, self.y)

    def grid(self) -> tuple[np.ndarray, np.ndarray]:
        """x and y in head coordinates of every pixel's centre, float32."""
        columns = (np.arange(self.width) + 0.5 - self.x) / self.scale
        rows = (np.arange(self.height) + 0.5 - self.y) / self.scale
        x, y = np.meshgrid(columns.astype(np.float32), rows.astype(np.float32))
        return x, y


class Canvas:
    """Pixels that shapes are blended onto.

    Args:
        view: What it shows.
        transparent: With a fourth channel, alpha; the colours are then
            premultiplied with it.

    Attributes:
        pixels: float32 [height, width, 3 or 4], 0 to 255; alpha 0 to 1.
    """

    def __init__(self, view: View, transparent: bool = False) -> None:
        self.view = view
        shape = (view.height, view.width, 4 if transparent else 3)
        self.pixels = np.zeros(shape, np.float32)

    def fill(
        self,
        points: Points,
        colour: Sequence[float] | np.ndarray,
        *,
        soft: float = 0.0,
        alpha: float = 1.0,
        inside: "Stencil | None" = None,
        atop: bool = False,
    ) -> None:
        """Fills a polygon.

        Args:
            points: Its corners in head coordinates.
            colour: One colour, or a picture as large as the canvas.
            soft: Width of the blur of its edge, in head coordinates.
            alpha: How opaque it is, 0 to 1.
            inside: Paints only there.
            atop: Paints only on what is painted already.
        """
        stencil = self.stencil(points, soft)
        if inside is not None:
            stencil = stencil.within(inside)
        self.paint(stencil, colour, alpha=alpha, atop=atop)

    def stencil(self, points: Points, soft: float = 0.0) -> "Stencil":
        """A polygon as a mask of the part of the canvas that it covers."""
        import cv2

        pixels = self.view.to_pixels(points)
        sigma = soft * self.view.scale
        margin = 2 + int(2.5 * sigma)
        left, top = (np.floor(pixels.min(0)).astype(int) - margin).clip(0)
        right, bottom = np.ceil(pixels.max(0)).astype(int) + margin
        rows = slice(top, min(bottom, self.view.height))
        columns = slice(left, min(right, self.view.width))
        if rows.stop <= rows.start or columns.stop <= columns.start:
            return Stencil(slice(0), slice(0), np.zeros((0, 0), np.float32))
        mask = np.zeros(
            (rows.stop - rows.start, columns.stop - columns.start), np.uint8
        )
        # OpenCV's integer coordinates are pixel centres, hence the half.
        corners = (pixels - (left + 0.5, top + 0.5)) * (1 << _SUBPIXEL_BITS)
        cv2.fillPoly(
            mask,
            [corners.round().astype(np.int32)],
            255,
            cv2.LINE_AA,
            _SUBPIXEL_BITS,
        )
        opacity: np.ndarray = mask.astype(np.float32) / 255
        if sigma > 0.3:
            opacity = np.asarray(cv2.GaussianBlur(opacity, (0, 0), sigma))
        return Stencil(rows, columns, opacity)

    def paint(
        self,
        stencil: "Stencil",
        colour: Sequence[float] | np.ndarray,
        *,
        alpha: float = 1.0,
        atop: bool = False,
    ) -> None:
        """Blends a colour, or a picture, through a mask."""
        if not stencil.opacity.size:
            return
        region = self.pixels[stencil.rows, stencil.columns]
        new = np.asarray(colour, np.float32)
        if new.ndim == 3:
            new = new[stencil.rows, stencil.columns]
        opacity = stencil.opacity[..., None] * np.float32(alpha)
        if region.shape[2] == 3:
            region += (new - region) * opacity
            return
        share = region[..., 3:] if atop else 1.0
        region[..., :3] += (new * share - region[..., :3]) * opacity
        region[..., 3:] += (share - region[..., 3:]) * opacity


@dataclass(frozen=True)
class Stencil:
    """A mask: float32 [rows, columns] in [0, 1] of a part of a canvas."""

    rows: slice
    columns: slice
    opacity: np.ndarray

    def within(self, other: "Stencil") -> "Stencil":
        """What both cover."""
        rows = _overlap(self.rows, other.rows)
        columns = _overlap(self.columns, other.columns)
        opacity = self._part(rows, columns) * other._part(rows, columns)
        return Stencil(rows, columns, opacity)

    def _part(self, rows: slice, columns: slice) -> np.ndarray:
        return self.opacity[
            rows.start - self.rows.start : rows.stop - self.rows.start,
            columns.start - self.columns.start : columns.stop
            - self.columns.start,
        ]


def _overlap(one: slice, other: slice) -> slice:
    start = max(one.start or 0, other.start or 0)
    return slice(start, max(start, min(one.stop, other.stop)))


def curve(points: Points, steps: int = 8) -> np.ndarray:
    """A closed smooth curve (Catmull-Rom) through points, [N * steps, 2]."""
    corners = np.asarray(points, float)
    return _spline(
        np.roll(corners, 1, 0),
        corners,
        np.roll(corners, -1, 0),
        np.roll(corners, -2, 0),
        steps,
    )


def path(points: Points, steps: int = 8) -> np.ndarray:
    """An open smooth curve through points, with both ends."""
    corners = np.asarray(points, float)
    first, last = corners[:1], corners[-1:]
    padded = np.concatenate([first, corners, last, last])
    line = _spline(
        padded[:-3][: len(corners) - 1],
        padded[1:-2][: len(corners) - 1],
        padded[2:-1][: len(corners) - 1],
        padded[3:][: len(corners) - 1],
        steps,
    )
    return np.concatenate([line, last])


def mirrored(points: Points) -> np.ndarray:
    """Points of the right half, top to bottom, closed over the left half."""
    right = np.asarray(points, float)
    left = right[::-1] * (-1, 1)
    # A point on the axis is its own mirror image.
    return np.concatenate([right, left[np.abs(left[:, 0]) > 1e-9]])


def ellipse(
    x: float, y: float, width: float, height: float, steps: int = 28
) -> np.ndarray:
    """The outline of an ellipse by its half axes, [steps, 2]."""
    angle = np.linspace(0, 2 * np.pi, steps, endpoint=False)
    return np.stack(
        [x + width * np.cos(angle), y + height * np.sin(angle)], axis=1
    )


def ribbon(line: Points, widths: Sequence[float] | np.ndarray) -> np.ndarray:
    """A line of varying thickness as a polygon.

    Args:
        line: Its points, [N, 2].
        widths: Its half thickness at N points spread over the line, or fewer
            that are interpolated.
    """
    points = np.asarray(line, float)
    along = np.gradient(points, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
    across = along[:, ::-1] * (-1, 1)
    half = np.interp(
        np.linspace(0, 1, len(points)),
        np.linspace(0, 1, len(widths)),
        np.asarray(widths, float),
    )[:, None]
    return np.concatenate(
        [points + across * half, (points - across * half)[::-1]]
    )


def _spline(
    before: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    after: np.ndarray,
    steps: int,
) -> np.ndarray:
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    a, b, c, d = (p[:, None] for p in (before, start, end, after))
    points = 0.5 * (
        2 * b
        + (c - a) * t
        + (2 * a - 5 * b + 4 * c - d) * t**2
        + (3 * b - a - 3 * c + d) * t**3
    )
    return points.reshape(-1, 2)
