"""Training what measures, and the cache."""

import itertools

import keras
import numpy as np
import pytest

from tfbegan.evaluation.fitting import (
    CACHE_VARIABLE,
    Fit,
    cache_folder,
    cached,
    fit_network,
)


def new_model():
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])


def batches():
    inputs = np.random.default_rng(0).normal(size=(32, 2)).astype(np.float32)
    target = inputs @ np.float32([[2.0], [-1.0]])
    return itertools.repeat({"inputs": inputs, "target": target})


def loss_of(model):
    return lambda batch: keras.ops.mean(
        (model(batch["inputs"]) - batch["target"]) ** 2
    )


def test_the_loss_falls():
    model = new_model()
    loss, batch = loss_of(model), next(batches())
    before = float(loss(batch))
    fit_network(model, loss, batches(), Fit(steps=200, learning_rate=0.05))
    assert float(loss(batch)) < 0.01 * before


def test_it_ends_where_it_stops_improving_with_the_best_weights():
    model, asked = new_model(), []
    qualities = iter([0.1, 0.5, 0.4, 0.3, 9.0])
    kept = []

    def quality():
        asked.append(1)
        value = next(qualities)
        if value == 0.5:
            kept.extend(model.get_weights())
        return value

    fit = Fit(steps=50, check_steps=10, patience=2)
    fit_network(model, loss_of(model), batches(), fit, quality)
    assert len(asked) == 4
    for received, expected in zip(model.get_weights(), kept, strict=True):
        np.testing.assert_array_equal(received, expected)


def test_what_is_in_the_cache_is_not_made_again(tmp_path):
    made = []

    def make():
        made.append(1)
        return new_model()

    path = tmp_path / "cache" / "model.keras"
    first = cached(path, make)
    second = cached(path, make)
    assert len(made) == 1
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    path.write_bytes(path.read_bytes()[:100])
    cached(path, make)
    assert len(made) == 2
    assert [p.name for p in path.parent.iterdir()] == ["model.keras"]


@pytest.mark.parametrize("variable", [CACHE_VARIABLE, "XDG_CACHE_HOME"])
def test_the_cache_is_named_by_the_data(
    puppet_dataset, tiny_dataset, tmp_path, monkeypatch, variable
):
    monkeypatch.delenv(CACHE_VARIABLE, raising=False)
    monkeypatch.setenv(variable, str(tmp_path))
    first, other = cache_folder(puppet_dataset), cache_folder(tiny_dataset)
    assert first != other
    assert first.parent == (
        tmp_path if variable == CACHE_VARIABLE else tmp_path / "tfbegan"
    )
