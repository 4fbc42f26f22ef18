"""The rate is looked for in a run that nobody keeps."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfbegan.errors import DivergedError
from tfbegan.training.rate_finder import find_rate, search_of

RATES = np.geomspace(1e-5, 1.0, 51)


@given(st.integers(10, 50))
def test_the_suggestion_is_a_fifth_of_the_rate_of_the_least_error(best):
    errors = [1.0 + abs(step - best) for step in range(51)]
    search = search_of(RATES, errors, None)
    assert search.suggested == pytest.approx(RATES[best] / 5)
    assert search.diverged is None


def test_rates_that_were_not_tried_are_not_told():
    search = search_of(RATES, list(np.linspace(1, 0.5, 20)), 0.3)
    np.testing.assert_array_equal(search.rates, RATES[:20])
    assert search.diverged == 0.3


def test_there_must_be_something_to_see():
    with pytest.raises(DivergedError, match=r"after 3 steps.*2\.0e-01"):
        search_of(RATES, [1.0, 0.9, 0.8], 0.2)


@pytest.mark.slow
def test_small_rates_teach_and_large_ones_diverge(tiny_config):
    config = dataclasses.replace(
        tiny_config, training=tiny_config.training.replace(clip_norm=0.0)
    )
    search = find_rate(config, 120, 1e-5, 1e2)
    assert search.diverged is not None
    assert 1e-5 < search.suggested < search.diverged / 5
    assert search.errors.min() < 0.9 * search.errors[0]
    assert np.isfinite(search.errors).all()
    again = find_rate(config, 120, 1e-5, 1e2)
    np.testing.assert_array_equal(again.errors, search.errors)
