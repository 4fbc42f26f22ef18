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


def test_code_and_texture_have_half_of_the_weight_each(
    instruments, drawn_clips
):
    features, faces = instruments.features, drawn_clips[0].images()
    codes, (level,) = features.autoencoder.describe(faces)
    textures = np.concatenate(
        [level.mean(axis=(1, 2)), level.std(axis=(1, 2))], axis=1
    )
    received = features(faces)
    code, texture = codes.shape[1], textures.shape[1]
    assert received.shape[1] == code + texture
    of_codes = features.code_whitening(codes)
    of_textures = features.texture_whitening(textures)
    np.testing.assert_allclose(
        received @ received.T / (code + texture),
        0.5 * (of_codes @ of_codes.T / code)
        + 0.5 * (of_textures @ of_textures.T / texture),
        rtol=1e-3,
        atol=1e-2,
    )
    np.testing.assert_allclose(
        features.code_alone(received), of_codes, rtol=1e-4, atol=1e-4
    )


class Rescaled:
    """An encoder whose channels have other units."""

    def __init__(self, autoencoder, units):
        self.autoencoder, self.units = autoencoder, units
        self.latent_dim = autoencoder.latent_dim

    def describe(self, images):
        codes, levels = self.autoencoder.describe(images)
        return codes, [level * self.units for level in levels]


def test_textures_are_whitened_in_whatever_units_channels_are(instruments):
    clips = instruments.training_clips
    faces = np.concatenate([clip.images() for clip in clips])
    autoencoder = instruments.features.autoencoder
    width = autoencoder.latent_dim
    textures = FaceFeatures.of(autoencoder, faces)(faces)[:, width:]
    np.testing.assert_allclose(textures.mean(axis=0), 0, atol=1e-2)
    covariance = np.cov(textures, rowvar=False)
    deviations = np.sqrt(np.diag(covariance))
    assert deviations.max() < 5 * np.median(deviations)
    away = covariance - np.diag(deviations**2)
    assert np.abs(away).max() < 0.01 * deviations.max() ** 2
    units = np.array([1, 8, 1, 1, 0.5, 1], np.float32)
    other = FaceFeatures.of(Rescaled(autoencoder, units), faces)(faces)
    lengths = (
        np.linalg.norm(some[:, None] - some[None], axis=-1)
        for some in (textures[:20], other[:20, width:])
    )
    np.testing.assert_allclose(*lengths, rtol=0.02, atol=0.02)


def test_a_channel_that_stands_still_on_real_faces_does_not_decide(
    instruments,
):
    clips = instruments.training_clips
    faces = np.concatenate([clip.images() for clip in clips])
    still = np.array([1, 1, 1, 1, 1, 0], np.float32)
    silenced = Rescaled(instruments.features.autoencoder, still)
    features = FaceFeatures.of(silenced, faces)
    received = features(faces)
    assert np.isfinite(received).all()
    silenced.units = still + np.array([0, 0, 0, 0, 0, 1e-4], np.float32)
    assert abs(features(faces) - received).max() < 20


def test_grain_that_codes_average_out_shows_in_the_texture(
    instruments, drawn_clips
):
    faces = np.concatenate([clip.images() for clip in drawn_clips])
    grain = np.random.default_rng(0).normal(0, 0.05, faces.shape)
    plain, grained = (
        instruments.features(some.astype(np.float32))
        for some in (faces, faces + grain)
    )
    codes = (instruments.features.code_alone(each) for each in (grained, plain))
    assert distance(*codes) < 0.01
    assert distance(grained, plain) > 1


@pytest.mark.slow
def test_a_learnt_one_tells_a_blur_and_one_face_for_all(
    instruments, monkeypatch
):
    monkeypatch.setattr(frozen_autoencoder, "_FIT", Fit(steps=150))
    clips = instruments.training_clips
    faces = np.concatenate([clip.images() for clip in clips])
    features = FaceFeatures.of(train_autoencoder(clips, seed=0), faces)
    assert features.code_alone(features(faces[:2])).shape == (2, 64)
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
