"""The curves of a run, from its rows of figures."""

from collections.abc import Mapping, Sequence

import numpy as np

from tfbegan.config import ObjectiveConfig
from tfbegan.reporting.svg import Chart, Line, fit_chart
from tfbegan.training.statistics import Row

_POINTS = 400
"""Of a curve: more can't be told apart."""

_STYLES = ("real", "made", "third", "fourth")

_OF_STATS: dict[str, dict[str, str]] = {
    "reconstruction error": {"L(x)": "real_error", "L(G(z))": "fake_error"},
    "k": {"k": "k"},
    "convergence, M": {"M": "m_global"},
    "learning rate": {"rate": "learning_rate"},
    "images a second": {"images": "images_per_second"},
    "code anchor": {"anchor": "code_anchor"},
    "code distance |Enc(G(z)) - z|": {"distance": "code_cycle"},
    "code prior": {"prior": "code_prior"},
    "sync": {"G": "sync", "critic": "critic_loss"},
    "motion": {"motion": "motion"},
    "detail": {"detail": "detail"},
    "fixed pattern": {"pattern": "fixed_pattern"},
}
_OF_LOOKS: dict[str, dict[str, str]] = {
    "spread of the faces, of reals'": {"spread": "spread/ratio"},
    "mouths, of reals'": {
        "A1 movement": "sound/spread",
        "A3 amplitude": "sound/amplitude",
        "A9 sharpness": "sound/sharpness",
    },
    "mouths and sound": {
        "A2 opening, r": "sound/opening_r",
        "A4 found": "sound/retrieval",
    },
    "score": {"score": "sound/quality"},
}


def run_curves(
    rows: Sequence[Row], looks: Sequence[Row], objective: ObjectiveConfig
) -> list[Chart]:
    """A chart for every figure that the rows have.

    Args:
        rows: Of stats.jsonl.
        looks: Of looks.jsonl.
        objective: Of the run: gamma L(x) is drawn beside the errors.
    """
    rows = [_with_derived(row, objective) for row in rows]
    goal = {f"{objective.gamma:g} L(x)": "goal"}
    first, *others = _OF_STATS.items()
    charts = [_chart(rows, first[0], first[1] | goal)]
    charts += [_chart(rows, *item) for item in others]
    charts[3:3] = [_chart(looks, *item) for item in _OF_LOOKS.items()]
    return [chart for chart in charts if chart is not None]


def _with_derived(row: Row, objective: ObjectiveConfig) -> Row:
    """Also the goal, and the one code distance where D alone is held to it."""
    row = dict(row)
    if type(row.get("real_error")) in (int, float):
        row["goal"] = objective.gamma * row["real_error"]
    if "code_constraint" in row:
        row.setdefault("code_cycle", row["code_constraint"])
    return row


def _chart(
    rows: Sequence[Row], title: str, names: Mapping[str, str]
) -> Chart | None:
    """None where no row has any of the figures."""
    steps = np.array([row["step"] for row in rows], float)
    columns = {
        label: np.array([_number(row.get(name)) for row in rows])
        for label, name in names.items()
    }
    columns = {
        label: values
        for label, values in columns.items()
        if np.isfinite(values).any()
    }
    if not columns:
        return None
    lines = [
        Line(label, style, _thinned(values))
        for (label, values), style in zip(
            columns.items(), _styles(len(columns)), strict=True
        )
    ]
    return fit_chart(title, lines, _thinned(steps))


def _styles(count: int) -> tuple[str, ...]:
    """One curve alone has the colour of what is made."""
    return ("made",) if count == 1 else _STYLES[:count]


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else np.nan


def _thinned(values: np.ndarray) -> np.ndarray:
    """Means over neighbours, so that few enough are left."""
    if len(values) <= _POINTS:
        return values
    edges = np.linspace(0, len(values), _POINTS + 1).round().astype(int)
    return np.add.reduceat(values, edges[:-1]) / np.diff(edges)
