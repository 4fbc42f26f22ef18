"""A compact file is the same generator in half the space."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfbegan import Generator, load_generator
from tfbegan.errors import OutputError
from tfbegan.export.compact import _rounded, save_compact


@pytest.fixture(scope="module")
def generator():
    keras.utils.set_random_seed(0)
    return Generator(32, filters=16, latent_dim=32, seed=1)


def test_it_is_smaller_and_makes_the_same_faces(generator, tmp_path):
    plain, compact = tmp_path / "plain.keras", tmp_path / "compact.keras"
    generator.save(plain)
    size = save_compact(generator, compact)
    assert size == compact.stat().st_size
    assert size < 0.7 * plain.stat().st_size
    before = load_generator(plain).generate(4, seed=2).astype(int)
    after = load_generator(compact).generate(4, seed=2).astype(int)
    assert np.abs(before - after).max() <= 1


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_weight_keeps_eleven_bits_of_precision(value):
    kept = float(_rounded(np.array([value], np.float32))[0])
    assert abs(kept - value) <= abs(value) * 2.0**-11 + 1e-41


def test_what_is_not_finite_stays_so():
    weights = np.array([np.inf, -np.inf, np.nan, 3.4e38], np.float32)
    kept = _rounded(weights)
    np.testing.assert_array_equal(kept[:3], weights[:3])
    assert np.isfinite(kept[3])


def test_a_file_that_cannot_be_written_is_told(generator, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError):
        save_compact(generator, tmp_path / "file" / "compact.keras")
