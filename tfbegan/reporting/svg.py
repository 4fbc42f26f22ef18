"""Line charts as SVG text, for a page that needs nothing from outside."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

import numpy as np

_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 8, 22, 24
_TICKS = 3
_KEY_WIDTH = 6.2
"""Pixels of a letter of a label, about."""

_KEY_GAP = 12
_WIDE_RANGE = 100.0
"""High over middle beyond which a linear axis would hide the middle."""

_LARGEST_POWER = 308
"""Of ten, that a float can hold."""

_NAMESPACE = "http://www.w3.org/2000/svg"

LIGHT = """--ink: #1d2329; --soft: #66707a; --line: #d9dde1;
  --page: #ffffff; --real: #8a929a; --made: #1668c4; --third: #b8660b;
  --fourth: #7a3fb0;"""
"""The colours that `CHART_STYLE` takes, as CSS variables."""

CHART_STYLE = """
.chart .title { font: 12px system-ui, sans-serif; fill: var(--ink); }
.chart .tick { font: 10px system-ui, sans-serif; fill: var(--soft); }
.chart .grid { stroke: var(--line); stroke-width: 1; }
.chart .label { font: 11px system-ui, sans-serif; }
.chart .label.real { fill: var(--real); }
.chart .label.made { fill: var(--made); }
.chart .label.third { fill: var(--third); }
.chart .label.fourth { fill: var(--fourth); }
polyline { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
polyline.real { stroke: var(--real); stroke-width: 2.6; }
polyline.made { stroke: var(--made); }
polyline.third { stroke: var(--third); }
polyline.fourth { stroke: var(--fourth); }
"""


@dataclass(frozen=True)
class Line:
    """One curve.

    Attributes:
        label: For the title that a pointer shows, and for the key.
        style: The CSS class of its stroke: "real", "made", "third", "fourth".
        values: float [T]; the curve is broken where one is not finite.
    """

    label: str
    style: str
    values: np.ndarray


@dataclass(frozen=True)
class Chart:
    """Curves in one frame.

    Attributes:
        title: Above the frame.
        lines: The first is drawn undermost.
        positions: float [T], of each value on the horizontal axis, rising.
        bounds: Of the vertical axis; equal ones make charts comparable.
        unit: After the numbers of the horizontal axis.
        logarithmic: Whether the vertical axis is; bounds are above 0 then.
        keyed: Whether the labels of the lines are written above the frame.
        width: In pixels.
        height: In pixels.
    """

    title: str
    lines: Sequence[Line]
    positions: np.ndarray
    bounds: tuple[float, float]
    unit: str = ""
    logarithmic: bool = False
    keyed: bool = False
    width: int = 430
    height: int = 170


def fit_chart(
    title: str, lines: Sequence[Line], positions: np.ndarray
) -> Chart:
    """A chart whose vertical axis is chosen by what is drawn.

    It begins at 0, or is logarithmic where the values are far apart.

    Args:
        title: Above the frame.
        lines: At least one.
        positions: float [T], rising.
    """
    values = np.concatenate([line.values for line in lines])
    values = values[np.isfinite(values)]
    high = float(values.max(initial=0.0))
    low = float(values.min(initial=high))
    positive = values[values > 0]
    middle = float(np.median(positive)) if len(positive) else 1.0
    logarithmic = low > 0 and high > _WIDE_RANGE * middle
    if logarithmic:
        bounds = (
            10.0 ** math.floor(math.log10(low)),
            10.0 ** min(math.ceil(math.log10(high)), _LARGEST_POWER),
        )
    else:
        bounds = (-_round_up(-low) if low < 0 else 0.0, _round_up(high))
    keyed = len(lines) > 1
    return Chart(
        title, lines, positions, bounds, logarithmic=logarithmic, keyed=keyed
    )


def draw_chart(chart: Chart) -> str:
    """The chart as an <svg> element, coloured by the page's CSS."""
    return "\n".join(_parts(chart))


def draw_file(charts: Sequence[Chart]) -> str:
    """Charts side by side, as the text of an SVG file.

    Args:
        charts: At least one, all of one size.
    """
    width, height = charts[0].width, charts[0].height
    style = (
        f"<style>svg {{ {LIGHT} background: var(--page); }}{CHART_STYLE}"
        "</style>"
    )
    parts = [
        f'<svg xmlns="{_NAMESPACE}" width="{width * len(charts)}"'
        f' height="{height}">',
        style,
    ]
    for index, chart in enumerate(charts):
        place = f'x="{index * width}" width="{width}" height="{height}" '
        parts += _parts(chart, place)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _parts(chart: Chart, place: str = "") -> list[str]:
    """The element, from its opening tag to its closing one."""
    return [
        f'<svg {place}class="chart" role="img"'
        f' viewBox="0 0 {chart.width} {chart.height}"'
        f" aria-label={quoteattr(chart.title)}>",
        f'<text class="title" x="{_LEFT}" y="14">{escape(chart.title)}</text>',
        *_value_ticks(chart),
        *_position_ticks(chart),
        *(part for line in chart.lines for part in _polylines(chart, line)),
        *(_key(chart) if chart.keyed else ()),
        "</svg>",
    ]


def _value_ticks(chart: Chart) -> list[str]:
    low, high = chart.bounds
    spaced = np.geomspace if chart.logarithmic else np.linspace
    form = ".0e" if chart.logarithmic else ".3g"
    parts = []
    for value in spaced(low, high, _TICKS):
        y = _y(chart, value)
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{chart.width - _RIGHT}"'
            f' y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        parts.append(
            f'<text class="tick" x="{_LEFT - 5}" y="{y + 3.5:.1f}"'
            f' text-anchor="end">{value:{form}}</text>'
        )
    return parts


def _position_ticks(chart: Chart) -> list[str]:
    base = chart.height - _BOTTOM + 14
    first, last = float(chart.positions[0]), float(chart.positions[-1])
    step = _whole_step(last - first)
    start = math.ceil(first / step) * step
    return [
        f'<text class="tick" x="{_x(chart, tick):.1f}" y="{base}"'
        f' text-anchor="{_anchor(tick, first, last)}">{tick:,.0f}'
        f"{chart.unit}</text>"
        for tick in np.arange(start, last + 0.01 * step, step)
    ]


def _anchor(tick: float, first: float, last: float) -> str:
    """A number at the edge is written inside of it."""
    share = (tick - first) / max(last - first, 1e-9)
    return "end" if share > 0.95 else "middle"


def _key(chart: Chart) -> list[str]:
    """The labels of the lines, from the right, in the line of the title."""
    right = float(chart.width - _RIGHT)
    parts = []
    for line in reversed(chart.lines):
        parts.append(
            f'<text class="label {line.style}" x="{right:.0f}" y="14"'
            f' text-anchor="end">{escape(line.label)}</text>'
        )
        right -= _KEY_WIDTH * len(line.label) + _KEY_GAP
    return parts


def _polylines(chart: Chart, line: Line) -> list[str]:
    """One for each stretch without a gap."""
    finite = np.isfinite(line.values)
    starts = np.flatnonzero(np.diff(finite, prepend=False) & finite)
    ends = np.flatnonzero(np.diff(finite, append=False) & finite) + 1
    return [
        _polyline(chart, line, slice(start, end))
        for start, end in zip(starts, ends, strict=True)
    ]


def _polyline(chart: Chart, line: Line, stretch: slice) -> str:
    values = np.clip(line.values[stretch], *chart.bounds)
    points = " ".join(
        f"{_x(chart, position):.1f},{_y(chart, value):.1f}"
        for position, value in zip(
            chart.positions[stretch], values, strict=True
        )
    )
    return (
        f'<polyline class="{line.style}" points="{points}">'
        f"<title>{escape(line.label)}</title></polyline>"
    )


def _x(chart: Chart, position: float) -> float:
    first, last = float(chart.positions[0]), float(chart.positions[-1])
    share = (position - first) / max(last - first, 1e-9)
    return _LEFT + share * (chart.width - _LEFT - _RIGHT)


def _y(chart: Chart, value: float) -> float:
    low, high = chart.bounds
    if chart.logarithmic:
        low, high, value = math.log(low), math.log(high), math.log(value)
    share = (value - low) / max(high - low, 1e-12)
    return _TOP + (1 - share) * (chart.height - _TOP - _BOTTOM)


def _whole_step(span: float) -> float:
    """1, 2 or 5 times a power of ten, at least 1, for six ticks at most."""
    rough = max(span / 6, 1.0)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= rough - 1e-9)


def _round_up(value: float) -> float:
    """The next number with one digit, or one and a half; 1 for 0."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    steps = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
    return next(m * power for m in steps if m * power >= value * (1 - 1e-9))
