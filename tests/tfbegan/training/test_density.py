"""A flow is fitted to where the looks of the training split are."""

import numpy as np
import pytest

from tfbegan.config import TrainingConfig
from tfbegan.data.dataset import open_dataset
from tfbegan.evaluation.fitting import StoppedError
from tfbegan.models.generator import Generator
from tfbegan.training import density
from tfbegan.training.density import fit_flow

pytestmark = pytest.mark.slow

TRAINING = TrainingConfig(steps=300)


@pytest.fixture(scope="module")
def dataset(puppet_dataset):
    return open_dataset(puppet_dataset)


@pytest.fixture
def generator(dataset):
    return Generator(
        32,
        filters=4,
        latent_dim=8,
        conditioning="audio+noise",
        speech=dataset.speech,
        look_flow=2,
        seed=0,
    )


def test_the_flow_expects_the_looks_more(generator, dataset):
    rest = [w.numpy() for w in generator.decoder.weights]
    fit = fit_flow(generator, dataset, TRAINING)
    assert fit.faces == dataset.frames("train")
    assert fit.nats < fit.nats_before - 0.1
    for before, after in zip(rest, generator.decoder.weights, strict=True):
        assert np.array_equal(before, after.numpy())


@pytest.mark.parametrize("loss", [np.nan, 1e6])
def test_what_makes_it_worse_is_not_taken(
    generator, dataset, monkeypatch, loss
):
    def spoil(flow, *_):
        for weight in flow.trainable_variables:
            weight.assign(np.full(weight.shape, loss))

    monkeypatch.setattr(density, "fit_network", spoil)
    before = generator.flow.get_weights()
    fit = fit_flow(generator, dataset, TRAINING)
    for old, new in zip(before, generator.flow.get_weights(), strict=True):
        assert np.array_equal(old, new)
    assert fit.nats == fit.nats_before


def test_it_takes_no_more_steps_than_the_run(generator, dataset, monkeypatch):
    taken = []
    monkeypatch.setattr(
        density, "fit_network", lambda *args: taken.append(args[3].steps)
    )
    fit_flow(generator, dataset, TRAINING)
    fit_flow(generator, dataset, TRAINING.replace(steps=100_000))
    assert taken == [300, density._MOST_STEPS]


def test_a_fit_that_is_stopped_has_no_result(generator, dataset):
    asked = iter([False, False, True])
    with pytest.raises(StoppedError):
        fit_flow(generator, dataset, TRAINING, lambda: next(asked))


def test_equal_seeds_give_equal_flows(generator, dataset):
    start = generator.flow.get_weights()
    fit_flow(generator, dataset, TRAINING)
    first = generator.flow.get_weights()
    generator.flow.set_weights(start)
    fit_flow(generator, dataset, TRAINING)
    for one, other in zip(first, generator.flow.get_weights(), strict=True):
        assert np.array_equal(one, other)
