"""The measures of collapse, on sets whose answer is known."""

import numpy as np
import pytest

from tfbegan.evaluation.diversity import mean_ms_ssim, spread


def smooth_images(n, size, seed=0):
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(-1, 1, (n, 4, 4, 3))
    return coarse.repeat(size // 4, 1).repeat(size // 4, 2).astype("float32")


def test_spread_of_one_face_repeated_is_zero():
    images = smooth_images(1, 32).repeat(8, axis=0)
    assert spread(images) == pytest.approx(0, abs=1e-7)


def test_spread_is_in_the_unit_of_the_pixels():
    images = np.stack([np.full((32, 32, 3), v) for v in (-0.5, 0.5)])
    assert spread(images) == pytest.approx(0.5)


@pytest.mark.parametrize("size", [32, 64, 128])
def test_ms_ssim_of_one_face_repeated_is_one(size):
    images = smooth_images(1, size).repeat(3, axis=0)
    assert mean_ms_ssim(images) == pytest.approx(1, abs=1e-5)


def test_ms_ssim_falls_as_the_images_differ_more():
    base = smooth_images(1, 32)
    noise = np.random.default_rng(1).normal(size=(6, 32, 32, 3))
    received = [
        mean_ms_ssim(np.clip(base + level * noise, -1, 1))
        for level in (0.05, 0.2, 0.8)
    ]
    assert received == sorted(received, reverse=True)
    assert received[0] > 0.8 > 0.5 > received[2]
