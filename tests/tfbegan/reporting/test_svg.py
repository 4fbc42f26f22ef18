"""Charts: whole, readable and honest about what is not finite."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from tfbegan.reporting.svg import (
    Chart,
    Line,
    draw_chart,
    draw_file,
    fit_chart,
)

STEPS = np.arange(0, 1_001, 100.0)


def chart_of(values, **options):
    line = Line("one", "made", np.array(values, float))
    positions = np.arange(len(values), dtype=float)
    return Chart("a", [line], positions, (0.0, 1.0), **options)


def points(svg):
    """Of every polyline."""
    return [
        [tuple(map(float, pair.split(","))) for pair in text.split()]
        for text in re.findall(r'points="([^"]*)"', svg)
    ]


def ticks(svg):
    return re.findall(r'class="tick"[^>]*>([^<]*)<', svg)


def test_values_are_where_they_belong():
    chart = chart_of([0.0, 0.5, 1.0])
    ((left, middle, right),) = points(draw_chart(chart))
    assert left[0] < middle[0] < right[0]
    assert left[1] > middle[1] > right[1]  # downwards on the screen
    assert middle[1] == pytest.approx((left[1] + right[1]) / 2)
    assert 0 <= right[1] < left[1] <= chart.height


def test_what_lies_outside_of_the_bounds_is_drawn_on_their_edge():
    ((low, high),) = points(draw_chart(chart_of([-9.0, 9.0])))
    assert [low, high] == points(draw_chart(chart_of([0.0, 1.0])))[0]


def test_a_curve_is_broken_where_it_is_not_finite():
    svg = draw_chart(chart_of([np.nan, 0.1, 0.2, np.inf, 0.3, 0.4, 0.5]))
    assert [len(stretch) for stretch in points(svg)] == [2, 3]
    assert "nan" not in svg
    assert "inf" not in svg


def test_titles_and_labels_are_escaped():
    line = Line("<b>", "made", np.ones(2))
    chart = Chart('"<x>&', [line], np.arange(2.0), (0, 1), keyed=True)
    svg = draw_chart(chart)
    root = ET.fromstring(svg)
    assert root.get("aria-label") == '"<x>&'
    assert "<b>" not in svg
    assert "<x>" not in svg


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (3.0, ["0", "1", "2", "3"]),
        (1_000.0, ["0", "200", "400", "600", "800", "1,000"]),
        (200_000.0, ["0", "50,000", "100,000", "150,000", "200,000"]),
    ],
)
def test_the_numbers_below_are_round(last, expected):
    positions = np.linspace(0, last, 11)
    line = Line("one", "made", np.ones(11))
    svg = draw_chart(Chart("a", [line], positions, (0, 1)))
    assert ticks(svg)[3:] == expected


def test_a_run_that_was_resumed_late_begins_where_it_begins():
    positions = np.array([950.0, 1_000.0, 1_050.0])
    line = Line("one", "made", np.ones(3))
    svg = draw_chart(Chart("a", [line], positions, (0, 1), unit=" s"))
    assert ticks(svg)[3] == "960 s"
    assert points(svg)[0][0][0] < points(svg)[0][1][0]


def test_one_row_alone_is_drawn():
    svg = draw_chart(fit_chart("a", [Line("a", "made", np.ones(1))], STEPS[:1]))
    assert len(points(svg)[0]) == 1
    assert "nan" not in svg


def test_a_fitted_axis_begins_at_nought_and_holds_all():
    values = np.linspace(0.31, 0.44, 11)
    chart = fit_chart("a", [Line("a", "made", values)], STEPS)
    assert chart.bounds == (0.0, 0.5)
    assert not chart.logarithmic
    assert not chart.keyed


def test_below_nought_is_shown():
    values = np.linspace(-0.266, 0.9, 11)
    chart = fit_chart("a", [Line("a", "made", values)], STEPS)
    assert chart.bounds == pytest.approx((-0.3, 1.0))


def test_an_explosion_has_a_logarithmic_axis():
    values = np.array([0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1, 1e2, 1e5, 1e9, 1e18])
    chart = fit_chart("a", [Line("a", "made", values)], STEPS)
    assert chart.logarithmic
    ((first, *_, last),) = points(draw_chart(chart))
    assert first[1] != last[1]
    assert ticks(draw_chart(chart))[:3] == ["1e-01", "3e+08", "1e+18"]


def test_nothing_finite_is_an_empty_frame():
    lines = [Line("a", "made", np.full(11, np.nan)), Line("b", "real", STEPS)]
    assert len(points(draw_chart(fit_chart("a", lines, STEPS)))) == 1
    assert points(draw_chart(fit_chart("a", lines[:1], STEPS))) == []


def test_a_file_is_whole_and_has_colours_of_its_own():
    charts = [chart_of([0.0, 1.0]), chart_of([1.0, 0.5])]
    root = ET.fromstring(draw_file(charts))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    style, first, second = root
    assert "--made: #1668c4" in style.text
    assert "stroke: var(--made)" in style.text
    assert float(second.get("x")) == float(first.get("width"))
    assert float(root.get("width")) == 2 * float(first.get("width"))
