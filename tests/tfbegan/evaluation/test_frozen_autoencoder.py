"""What the frozen autoencoder's features see, and what codes alone do not."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from tfbegan.evaluation import frozen_autoencoder
from tfbegan.evaluation.feature_distances import FeatureSet, kernel_distance
from tfbegan.evaluation.fitting import Fit
from tfbegan.evaluation.frozen_autoencoder import (
    FaceFeatures,
    Whitening,
    train_autoencoder,
)
from tfbegan.evaluation.held_out import HeldOut


def distance(first, second):
    return kernel_distance(
        FeatureSet.independent(first), FeatureSet.independent(second)
    )


def test_whitened_numbers_go_their_own_ways_and_none_outweighs_the_others():
    rng = np.random.default_rng(0)
    mixed = rng.normal(size=(500, 3)) @ [[9, 8, 7], [0, 1, 1], [0, 0, 0.3]]
    whitened = Whitening.of(mixed)(mixed)
    np.testing.assert_allclose(whitened.mean(axis=0), 0, atol=1e-5)
    covariance = np.cov(whitened, rowvar=False)
    deviations = np.sqrt(np.diag(covariance))
    assert 0.1 < deviations.min() < deviations.max() < 1
    np.testing.assert_allclose(
        covariance, np.diag(deviations**2), atol=1e-3 * deviations.min() ** 2
    )


def test_codes_come_first_and_then_mean_and_deviation_of_every_channel(
    instruments, drawn_clips
):
    faces = drawn_clips[0].images()
    features = instruments.features
    autoencoder = features.autoencoder
    codes, (level,) = autoencoder.describe(faces)
    textures = np.concatenate(
        [level.mean(axis=(1, 2)), level.std(axis=(1, 2))], axis=1
    )
    received = features(faces)
    width = features.code_width
    assert width == autoencoder.latent_dim
    np.testing.assert_allclose(
        received[:, :width], features.code_whitening(codes), atol=1e-4
    )
    np.testing.assert_allclose(
        received[:, width:], features.texture_whitening(textures), rtol=1e-3,
        atol=1e-3,
    )  # fmt: skip


def test_grain_that_codes_average_out_shows_in_the_texture(
    instruments, drawn_clips
):
    faces = np.concatenate([clip.images() for clip in drawn_clips])
    grain = np.random.default_rng(0).normal(0, 0.05, faces.shape)
    plain, grained = (
        instruments.features(some.astype(np.float32))
        for some in (faces, faces + grain)
    )
    width = instruments.features.code_width
    assert distance(grained[:, :width], plain[:, :width]) < 0.01
    assert distance(grained, plain) > 1


@pytest.mark.slow
def test_a_learnt_one_tells_a_blur_and_one_face_for_all(
    instruments, monkeypatch
):
    monkeypatch.setattr(frozen_autoencoder, "_FIT", Fit(steps=150))
    clips = instruments.training_clips
    faces = np.concatenate([clip.images() for clip in clips])
    features = FaceFeatures.of(train_autoencoder(clips, seed=0), faces)
    assert features.code_width == 64
    assert features(faces[:2]).shape[1] > 64
    reference = features(faces[0::2])
    some = faces[1::2]
    real, slight, strong, mean_face = (
        distance(features(kind), reference)
        for kind in (
            some,
            *(
                np.stack([gaussian_filter(face, (s, s, 0)) for face in some])
                for s in (0.5, 1.0)
            ),
            np.repeat(some.mean(axis=0)[None], len(some), axis=0),
        )
    )
    assert 10 * abs(real) < slight < strong
    assert slight < mean_face


def test_codes_alone_are_the_same_faces_by_fewer_features(
    held_out: HeldOut,
):
    features = held_out.reference_features
    width = held_out.instruments.features.code_width
    codes = features.first(width)
    np.testing.assert_array_equal(codes.features, features.features[:, :width])
    np.testing.assert_array_equal(codes.clips, features.clips)
