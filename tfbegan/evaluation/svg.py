"""Line charts as SVG text, for a page that needs nothing from outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np

_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 8, 22, 24
_TICKS = 3


@dataclass(frozen=True)
class Line:
    """One curve.

    Attributes:
        label: For the title that a pointer shows.
        style: The CSS class of its stroke.
        values: float [T].
    """

    label: str
    style: str
    values: np.ndarray


@dataclass(frozen=True)
class Chart:
    """Curves over time in one frame.

    Attributes:
        title: Above the frame.
        lines: The first is drawn undermost.
        seconds: float [T], of each value.
        bounds: Of the vertical axis; equal ones make charts comparable.
        width: In pixels.
        height: In pixels.
    """

    title: str
    lines: Sequence[Line]
    seconds: np.ndarray
    bounds: tuple[float, float]
    width: int = 430
    height: int = 170


def draw_chart(chart: Chart) -> str:
    """The chart as an <svg> element, coloured by the page's CSS."""
    parts = [
        f'<svg class="chart" viewBox="0 0 {chart.width} {chart.height}"'
        f' role="img" aria-label="{escape(chart.title)}">',
        f'<text class="title" x="{_LEFT}" y="14">{escape(chart.title)}</text>',
        *_value_ticks(chart),
        *_time_ticks(chart),
        *(_polyline(chart, line) for line in chart.lines),
        "</svg>",
    ]
    return "\n".join(parts)


def _value_ticks(chart: Chart) -> list[str]:
    parts = []
    for value in np.linspace(*chart.bounds, _TICKS):
        y = _y(chart, value)
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{chart.width - _RIGHT}"'
            f' y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        parts.append(
            f'<text class="tick" x="{_LEFT - 5}" y="{y + 3.5:.1f}"'
            f' text-anchor="end">{value:g}</text>'
        )
    return parts


def _time_ticks(chart: Chart) -> list[str]:
    base = chart.height - _BOTTOM + 14
    last = int(chart.seconds[-1])
    return [
        f'<text class="tick" x="{_x(chart, second):.1f}" y="{base}"'
        f' text-anchor="middle">{second} s</text>'
        for second in range(last + 1)
    ]


def _polyline(chart: Chart, line: Line) -> str:
    values = np.clip(line.values, *chart.bounds)
    points = " ".join(
        f"{_x(chart, second):.1f},{_y(chart, value):.1f}"
        for second, value in zip(chart.seconds, values, strict=True)
    )
    return (
        f'<polyline class="{line.style}" points="{points}">'
        f"<title>{escape(line.label)}</title></polyline>"
    )


def _x(chart: Chart, second: float) -> float:
    span = max(float(chart.seconds[-1]), 1e-9)
    return _LEFT + second / span * (chart.width - _LEFT - _RIGHT)


def _y(chart: Chart, value: float) -> float:
    low, high = chart.bounds
    share = (value - low) / (high - low)
    return _TOP + (1 - share) * (chart.height - _TOP - _BOTTOM)
