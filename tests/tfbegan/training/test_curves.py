"""Which curves there are, and what they show."""

import numpy as np
import pytest

from tfbegan.config import ObjectiveConfig
from tfbegan.training.curves import run_curves


def row(step, **figures):
    return {
        "step": step,
        "real_error": 0.2,
        "fake_error": 0.1,
        "k": 0.0,
        "m_global": 0.25,
        "learning_rate": 1e-3,
        "images_per_second": 100.0,
        **figures,
    }


def curves(rows, looks=()):
    charts = run_curves(rows, looks, ObjectiveConfig(gamma=0.25))
    return {chart.title: chart for chart in charts}


def test_a_run_without_sound_has_what_is_asked_for():
    looks = [{"step": 100, "spread/ratio": 0.5}]
    charts = curves([row(50), row(100)], looks)
    assert list(charts) == [
        "reconstruction error",
        "k",
        "convergence, M",
        "spread of the faces, of reals'",
        "learning rate",
        "images a second",
    ]
    errors = charts["reconstruction error"]
    assert [line.label for line in errors.lines] == [
        "L(x)", "L(G(z))", "0.25 L(x)",
    ]  # fmt: skip
    assert errors.lines[2].values == pytest.approx([0.05, 0.05])
    assert errors.positions.tolist() == [50, 100]
    assert charts["spread of the faces, of reals'"].positions.tolist() == [100]


def test_sound_has_its_measures():
    look = {"step": 1, "sound/spread": 0.8, "sound/opening_r": 0.7,
            "sound/amplitude": 1.1, "sound/retrieval": 0.4,
            "sound/quality": 0.5}  # fmt: skip
    labels = {
        line.label
        for chart in curves([row(1, sync=2.0)], [look]).values()
        for line in chart.lines
    }
    assert {"A1 movement", "A2 opening, r", "A3 amplitude", "A4 found",
            "score"} <= labels  # fmt: skip
    assert "A9 sharpness" not in labels
    assert "G" in labels


@pytest.mark.parametrize(
    "figures",
    [
        {"code_constraint": 0.5},
        {"code_cycle": 0.5},
        {"code_constraint": 0.5, "code_cycle": 0.5},
    ],
)
def test_the_code_distance_is_shown_whoever_is_held_to_it(figures):
    chart = curves([row(1, **figures)])["code distance |Enc(G(z)) - z|"]
    (line,) = chart.lines
    assert line.values.tolist() == [0.5]


def test_many_rows_become_means_over_neighbours():
    rows = [row(step, k=step / 10_000) for step in range(1, 4_001)]
    chart = curves(rows)["k"]
    (line,) = chart.lines
    assert len(line.values) == len(chart.positions) == 400
    assert line.values[0] == pytest.approx(5.5 / 10_000)
    np.testing.assert_allclose(chart.positions, line.values * 10_000)


def test_rows_of_other_versions_and_of_damage_do_no_harm():
    rows = [{"step": 1}, row(2, real_error="?", k=None), row(3)]
    charts = curves(rows)
    assert np.isnan(charts["k"].lines[0].values[:2]).all()
    assert np.isnan(charts["reconstruction error"].lines[0].values[1])
    assert curves([]) == {}
    assert curves([{"step": 1}]) == {}
