"""What makes a sound matter, against NumPy in float64."""

import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfbegan import conditioning
from tfbegan.config import FaceConfig

images = hnp.arrays(
    np.float32, (3, 12, 12, 3), elements=st.floats(-1.5, 1.5, width=32)
)
fractions = st.floats(0, 1)


def near(expected):
    return pytest.approx(expected, rel=1e-6, abs=1e-6)


def wide(values):
    return np.asarray(values, np.float64)


# The mouth


@given(
    st.sampled_from([32, 64, 128]),
    st.tuples(fractions, fractions),
    st.tuples(fractions, fractions),
)
@settings(max_examples=50)
def test_the_mask_is_the_mouth_box_of_a_face(size, across, down):
    (left, right), (top, bottom) = sorted(across), sorted(down)
    assume(left < right and top < bottom)
    face = FaceConfig(size, mouth_box=(left, top, right, bottom))
    mask = conditioning.box_mask(size, face.mouth_slices())
    assert mask.shape == (1, size, size, 1)
    assert mask.dtype == np.float32
    expected = np.zeros((size, size))
    expected[face.mouth_slices()] = 1
    np.testing.assert_array_equal(mask[0, :, :, 0], expected)


def test_a_blanked_mouth_is_mid_grey_and_the_rest_stays():
    mask = conditioning.box_mask(32, (slice(16, 32), slice(8, 24)))
    faces = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3))
    blanked = np.array(conditioning.blank_mouth(faces.astype("float32"), mask))
    assert not blanked[:, 16:, 8:24].any()
    expected = faces.astype("float32")
    expected[:, 16:, 8:24] = 0
    np.testing.assert_array_equal(blanked, expected)


# On true pairs


@given(
    images,
    images,
    hnp.arrays(np.float32, (3, 12, 12, 1), elements=st.floats(0, 4, width=32)),
)
@settings(max_examples=50)
def test_the_paired_error_is_a_weighted_mean(a, b, weights):
    received = float(conditioning.paired_error(a, b, weights))
    assert received == near(np.mean(wide(weights) * np.abs(wide(a) - wide(b))))


def unit_rows(rows):
    rows = wide(rows) + 1e-3
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


vectors = hnp.arrays(np.float32, (4, 5), elements=st.floats(-1, 1, width=32))


@given(vectors, vectors, st.floats(0.125, 1, width=32))
@settings(max_examples=50)
def test_the_contrastive_loss_is_cross_entropy_both_ways(a, b, temperature):
    mouths, sounds = (unit_rows(v).astype(np.float32) for v in (a, b))
    received = conditioning.contrastive_loss(mouths, sounds, temperature)
    logits = wide(mouths) @ wide(sounds).T / temperature
    ways = [
        np.mean(np.log(np.exp(way).sum(axis=1)) - np.diag(way))
        for way in (logits, logits.T)
    ]
    # An error of logits up to 10 is 1e-6.
    assert float(received) == pytest.approx(np.mean(ways), rel=1e-6, abs=4e-6)


@given(st.integers(1, 64), st.floats(0.02, 1))
@settings(max_examples=30)
def test_what_is_not_told_apart_costs_log_b(count, temperature):
    same = np.tile(unit_rows([[3.0, 4.0]]), (count, 1)).astype(np.float32)
    received = conditioning.contrastive_loss(same, same, temperature)
    assert float(received) == pytest.approx(math.log(count), abs=1e-5)


def test_perfect_pairs_cost_nothing_and_swapped_ones_much():
    pairs = np.eye(6, dtype=np.float32)
    assert float(conditioning.contrastive_loss(pairs, pairs, 0.05)) < 1e-6
    swapped = pairs[::-1].copy()
    assert float(conditioning.contrastive_loss(pairs, swapped, 0.05)) > 19


# Motion


def pairwise(values):
    flat = wide(values).reshape(len(values), -1)
    return np.abs(flat[:, None] - flat[None]).mean(axis=-1)


SAME_CLIP = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]], np.float32)


@given(images, images)
@settings(max_examples=50)
def test_motion_is_compared_within_clips(a, b):
    received = float(conditioning.motion_distance(a, b, SAME_CLIP))
    moved = np.abs(pairwise(b) - pairwise(a))
    assert received == near((moved * SAME_CLIP).sum() / 2)


@given(images)
@settings(max_examples=25)
def test_equal_mouths_move_alike_wherever_they_are(a):
    assert float(conditioning.motion_distance(a, a, SAME_CLIP)) == 0
    shifted = conditioning.motion_distance(a, a + 1, SAME_CLIP)
    assert float(shifted) == pytest.approx(0, abs=1e-6)


def test_frozen_mouths_are_punished_by_what_they_do_not_move():
    moving = np.zeros((3, 4, 4, 3), np.float32)
    moving[1] = 0.5
    frozen = np.full_like(moving, 0.25)
    received = float(conditioning.motion_distance(moving, frozen, SAME_CLIP))
    assert received == near(0.5)
    halved = conditioning.motion_distance(moving, moving / 2, SAME_CLIP)
    assert float(halved) == near(0.25)


def test_without_two_frames_of_a_clip_there_is_no_motion():
    faces = np.random.default_rng(0).uniform(-1, 1, (3, 4, 4, 3))
    alone = np.zeros((3, 3), np.float32)
    faces = faces.astype(np.float32)
    assert float(conditioning.motion_distance(faces, -faces, alone)) == 0


# Detail


def local_detail(grey, norm=1):
    edges = np.abs(
        grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2]
        + grey[:, 1:-1, 2:] - 4 * grey[:, 1:-1, 1:-1]
    )  # fmt: skip
    if norm == 2:
        return np.sqrt(averaged(edges**2, 4) + 1e-4)
    return averaged(edges, 4)


def averaged(grey, side):
    cells = grey.shape[1] // side
    grey = grey[:, : cells * side, : cells * side]
    return grey.reshape(len(grey), cells, side, cells, side).mean(axis=(2, 4))


def details(values, norm=1):
    grey = wide(values).mean(axis=-1)
    return [local_detail(grey, norm), local_detail(averaged(grey, 2), norm)]


@given(images, images, st.sampled_from([1, 2]))
@settings(max_examples=50)
def test_detail_is_the_laplacian_in_windows_at_two_sizes(a, b, norm):
    pairs = list(zip(details(a, norm), details(b, norm), strict=True))
    expected = np.mean([np.abs(x - y).mean() for x, y in pairs])
    assert float(conditioning.detail_distance(a, b, norm)) == near(expected)
    of_means = np.mean([np.abs(x.mean(0) - y.mean(0)).mean() for x, y in pairs])
    received = float(conditioning.mean_detail_distance(a, b, norm))
    assert received == near(of_means)


def test_a_faint_lattice_passes_for_sharpness_by_the_mean_magnitude():
    """In windows that hold an edge each, of half the height it should have."""
    rows, columns = np.indices((34, 34))
    edges = np.where((columns + 1) // 4 % 2, 1.0, -1.0)
    lattice = np.where((rows + columns) % 2, 0.01, -0.01)
    edges, lattice = (
        np.repeat(v[None, :, :, None], 3, axis=-1).astype(np.float32)
        for v in (edges, lattice)
    )

    def made_up_for(more, norm):
        distance = conditioning.detail_distance
        missing = distance(edges, 0.5 * edges, norm)
        left = distance(edges, 0.5 * edges + more, norm)
        return 1 - float(left / missing)

    by_magnitude, by_square = (made_up_for(lattice, norm) for norm in (1, 2))
    assert by_magnitude > 0.03
    assert by_square < by_magnitude / 10
    for norm in (1, 2):
        assert made_up_for(0.05 * edges, norm) == pytest.approx(0.1, rel=0.01)


def test_a_still_face_has_a_gradient_of_its_detail():
    faces = tf.zeros((2, 32, 32, 3))
    edges = tf.random.stateless_uniform(faces.shape, [0, 1], -1, 1)
    for norm in (1, 2):
        with tf.GradientTape() as tape:
            tape.watch(faces)
            distance = conditioning.detail_distance(edges, faces, norm)
        assert np.isfinite(tape.gradient(distance, faces)).all()


def dots(column):
    """Bright dots four pixels apart, all at the same place of a window."""
    faces = np.zeros((1, 32, 32, 3), np.float32)
    faces[:, 2:30:4, column:30:4] = 1
    return faces


def test_blur_is_punished_and_a_shift_within_a_window_is_not():
    here, there = dots(2), dots(3)
    between = (here + there) / 2
    error = conditioning.paired_error
    # To the pixels, the blurred answer is the better one.
    assert float(error(here, between, 1.0)) < float(error(here, there, 1.0))
    inside = (slice(None), slice(0, 30), slice(0, 30))
    shifted = conditioning.detail_distance(here[inside], there[inside])
    blurred = conditioning.detail_distance(here[inside], between[inside])
    assert float(shifted) == pytest.approx(0, abs=1e-6)
    assert float(blurred) > 0.02


def test_a_chequered_pattern_is_no_answer_to_structure():
    """As much detail at full size as bars have, and none at half size."""
    rows, columns = np.indices((34, 34))
    bars = np.where(columns // 2 % 2, 1.0, -1.0)
    chequered = np.where((rows + columns) % 2, 1.0, -1.0)
    bars, chequered = (
        np.repeat(v[None, :, :, None], 3, axis=-1) for v in (bars, chequered)
    )
    chequered *= details(bars)[0].mean() / details(chequered)[0].mean()
    np.testing.assert_allclose(details(bars)[0], details(chequered)[0])
    received = conditioning.detail_distance(
        bars.astype(np.float32), chequered.astype(np.float32)
    )
    assert float(received) > 0.5


def test_the_mean_detail_knows_no_order_and_no_count():
    faces = np.random.default_rng(0).uniform(-1, 1, (6, 16, 16, 3))
    faces = faces.astype(np.float32)
    mean_distance = conditioning.mean_detail_distance
    assert float(mean_distance(faces, faces[::-1].copy())) < 1e-6
    twice = np.concatenate([faces, faces])
    assert float(mean_distance(faces, twice)) < 1e-6
    assert float(mean_distance(faces, 0.5 * faces)) > 0.1
    assert float(conditioning.detail_distance(faces, faces[::-1].copy())) > 0.1


# The fixed pattern


@given(images, st.integers(0, 2**32 - 1))
@settings(max_examples=50)
def test_the_fixed_pattern_is_the_mean_error_of_pairs(a, seed):
    rng = np.random.default_rng(seed)
    faces = wide(a).astype(np.float32)
    others = rng.uniform(-1, 1, faces.shape).astype(np.float32)
    pairs = rng.integers(0, 2, (*faces.shape[:3], 1)).astype(np.float32)
    with np.errstate(invalid="ignore"):
        errors = (pairs * (faces - others)).sum(0) / pairs.sum(0)
    expected = np.abs(np.nan_to_num(errors)).mean()
    received = conditioning.fixed_pattern(faces, others, pairs)
    assert float(received) == pytest.approx(expected, abs=1e-5)


def test_what_differs_from_face_to_face_is_no_fixed_pattern():
    rng = np.random.default_rng(0)
    faces = rng.uniform(-0.5, 0.5, (16, 8, 8, 3)).astype(np.float32)
    everywhere = np.ones((16, 8, 8, 1), np.float32)

    def pattern(wrong):
        return float(
            conditioning.fixed_pattern(faces, faces + wrong, everywhere)
        )

    varying = 0.1 * (-1.0) ** np.arange(16, dtype=np.float32)
    assert pattern(varying[:, None, None, None]) == pytest.approx(0, abs=1e-6)
    assert pattern(np.float32(0.1)) == pytest.approx(0.1, rel=1e-5)


# In time


@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_the_ramp_rises_to_one_and_stays(step, steps):
    received = float(conditioning.ramp(np.int64(step), steps))
    assert received == near(min(step / steps, 1))


def test_without_steps_there_is_no_ramp():
    assert float(conditioning.ramp(np.int64(0), 0)) == 1
