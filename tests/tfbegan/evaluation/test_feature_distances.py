"""KID and coverage, where the answer is known."""

import numpy as np
import pytest

from tfbegan.evaluation.feature_distances import (
    FeatureSet,
    KernelSums,
    covered,
    kernel_distance,
)


def sample(count, seed=0, dim=16):
    return np.random.default_rng(seed).normal(size=(count, dim))


def distance(first, second):
    return kernel_distance(
        FeatureSet.independent(first), FeatureSet.independent(second)
    )


def test_it_is_the_unbiased_estimate_of_the_paper():
    x, y = sample(7, 1, 4), sample(5, 2, 4)

    def kernel(a, b):
        return (a @ b / 4 + 1) ** 3

    def within(s):
        n = len(s)
        pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
        return np.mean([kernel(s[i], s[j]) for i, j in pairs])

    across = np.mean([kernel(a, b) for a in x for b in y])
    expected = within(x) + within(y) - 2 * across
    assert distance(x, y) == pytest.approx(expected)


def test_halves_of_one_set_are_no_distance_apart():
    faces = 0.25 * sample(6_000)
    assert abs(distance(faces[::2], faces[1::2])) < 1e-3


def test_it_rises_with_every_level_of_noise():
    faces = sample(800)
    noise = sample(400, seed=1)
    received = [
        distance(faces[:400], faces[400:] + level * noise)
        for level in (0.2, 0.5, 1.0, 2.0)
    ]
    assert all(np.diff(received) > 0)
    again = distance(faces[:400], faces[400:] + 2.0 * noise)
    assert again == received[-1]


def test_frames_of_one_clip_are_no_independent_samples():
    def clips(seed, count=60, frames=10):
        looks = sample(count, seed).repeat(frames, axis=0)
        return FeatureSet(looks, np.arange(count).repeat(frames))

    first, second = clips(1), clips(2)
    honest = kernel_distance(first, second)
    naive = distance(first.features, second.features)
    assert abs(honest) < 0.15 < naive


def test_clips_can_be_drawn_again():
    first = FeatureSet(sample(12), np.repeat([0, 1, 2], 4))
    second = FeatureSet(sample(12, 1), np.repeat([3, 5, 9], 4))
    sums = KernelSums(first, second)
    chosen = np.array([0, 2])
    some = kernel_distance(
        FeatureSet(
            np.delete(first.features, slice(4, 8), 0), np.repeat([0, 2], 4)
        ),
        FeatureSet(
            np.delete(second.features, slice(4, 8), 0), np.repeat([0, 2], 4)
        ),
    )
    assert sums.distance(chosen, chosen) == pytest.approx(some)


def test_coverage_is_that_of_the_paper_for_independent_faces():
    real, other = sample(40, 0, 3), sample(30, 1, 3) + 0.5
    expected = 0
    for i, face in enumerate(real):
        near = np.sort(np.linalg.norm(np.delete(real, i, 0) - face, axis=1))
        gaps = np.linalg.norm(other - face, axis=1)
        expected += gaps.min() <= near[4]
    received = covered(FeatureSet.independent(real), other).mean()
    assert received == pytest.approx(expected / 40)


def test_coverage_of_honest_faces_is_high_and_of_one_face_none():
    real, other = sample(400), sample(400, 1)
    faces = FeatureSet.independent(real)
    assert covered(faces, other).mean() > 0.9
    assert not covered(faces, np.full((400, 16), 9.0)).any()
