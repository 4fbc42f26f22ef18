import numpy as np
import pytest

from tfrecords_builder.puppets.painter import (
    Canvas,
    View,
    curve,
    ellipse,
    mirrored,
    path,
    ribbon,
)

_VIEW = View(width=80, height=60, x=40, y=30, scale=20)
_SQUARE = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]


def test_a_square_covers_its_area():
    stencil = Canvas(_VIEW).stencil(_SQUARE)
    # OpenCV's polygons contain their border's pixels.
    assert 20**2 <= stencil.opacity.sum() <= 21.5**2
    assert stencil.opacity.max() == 1


def test_blur_keeps_the_area():
    canvas = Canvas(_VIEW)
    hard, soft = canvas.stencil(_SQUARE), canvas.stencil(_SQUARE, soft=0.1)
    assert soft.opacity.sum() == pytest.approx(hard.opacity.sum(), rel=0.02)
    assert ((soft.opacity > 0.1) & (soft.opacity < 0.9)).any()


def test_fill_paints_inside_only():
    canvas = Canvas(_VIEW)
    canvas.fill(_SQUARE, (10, 200, 30))
    assert canvas.pixels[30, 40] == pytest.approx((10, 200, 30))
    assert canvas.pixels[5, 5] == pytest.approx((0, 0, 0))


def test_outside_of_the_canvas_nothing_happens():
    canvas = Canvas(_VIEW)
    for centre in ((50, 0), (-50, 0), (0, 50), (0, -50)):
        canvas.fill(np.add(_SQUARE, centre), (255, 255, 255))
    assert not canvas.pixels.any()


def test_atop_paints_only_on_what_is_there():
    canvas = Canvas(_VIEW, transparent=True)
    canvas.fill(_SQUARE, (100, 100, 100))
    canvas.fill(ellipse(0, 0, 1.4, 1.4), (200, 0, 0), atop=True)
    assert canvas.pixels[30, 40] == pytest.approx((200, 0, 0, 1))
    assert canvas.pixels[30, 64] == pytest.approx((0, 0, 0, 0))


def test_inside_is_the_overlap():
    canvas = Canvas(_VIEW)
    right = canvas.stencil(np.add(_SQUARE, (0.5, 0)))
    canvas.fill(_SQUARE, (255, 0, 0), inside=right)
    assert canvas.pixels[30, 45, 0] == pytest.approx(255)
    assert canvas.pixels[30, 34, 0] == pytest.approx(0, abs=1)
    apart = canvas.stencil(np.add(_SQUARE, (1.6, 0)))
    before = canvas.pixels.copy()
    canvas.fill(_SQUARE, (0, 255, 0), inside=apart)
    assert np.array_equal(canvas.pixels, before)


def test_curves_go_through_their_points():
    points = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float)
    for line in (curve(points, 5), path(points, 5)):
        for point in points:
            assert np.linalg.norm(line - point, axis=1).min() < 1e-9
    assert path(points)[0] == pytest.approx(points[0])
    assert path(points)[-1] == pytest.approx(points[-1])


def test_mirrored_is_symmetric_and_counts_the_axis_once():
    shape = mirrored([(0, -1), (1, 0), (0, 1)])
    assert len(shape) == 4
    assert shape.sum(axis=0) == pytest.approx((0, 0))


def test_ribbon_has_its_thickness():
    band = ribbon([(0, 0), (1, 0), (2, 0)], [0.1, 0.1])
    assert band[:, 1].max() == pytest.approx(0.1)
    assert band[:, 1].min() == pytest.approx(-0.1)


def test_grid_is_the_inverse_of_to_pixels():
    x, y = _VIEW.grid()
    pixels = _VIEW.to_pixels(np.stack([x[7, 9], y[7, 9]])[None])
    assert pixels[0] == pytest.approx((9.5, 7.5), abs=1e-4)
