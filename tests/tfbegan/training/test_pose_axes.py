"""How looks move within clips is found by principal axes."""

import numpy as np
import pytest

from tfbegan.data.dataset import open_dataset
from tfbegan.evaluation.instruments import spread_frames
from tfbegan.evaluation.speech_clips import load_clips
from tfbegan.models.generator import Generator
from tfbegan.training.pose_axes import pose_axes

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def dataset(puppet_dataset):
    return open_dataset(puppet_dataset)


@pytest.mark.parametrize("conditioning", ["audio+noise", "audio+face"])
@pytest.mark.parametrize("latent_dim", [4, 24])
def test_codes_go_along_the_axes_as_far_as_they_are_long(
    dataset, conditioning, latent_dim
):
    generator = Generator(
        32,
        filters=4,
        latent_dim=latent_dim,
        conditioning=conditioning,
        speech=dataset.speech,
        seed=0,
    )
    axes = pose_axes(generator, dataset.clips("train"))
    assert axes.dtype == np.float32
    assert axes.shape == (min(8, latent_dim), latent_dim)
    lengths = np.linalg.norm(axes, axis=1)
    assert (np.diff(lengths) <= 1e-6).all()
    products = axes @ axes.T
    assert np.abs(products - np.diag(lengths**2)).max() < 1e-4 * lengths[0] ** 2
    moved = []
    for clip in load_clips(dataset, ("train",)):
        faces = clip.images(spread_frames(len(clip), 12))
        codes = np.array(generator.encode(faces))
        moved.append(codes - codes.mean(0))
    along = np.concatenate(moved) @ axes[0] / lengths[0]
    assert along.std() == pytest.approx(lengths[0], rel=1e-3)
    assert lengths[0] >= np.concatenate(moved).std(0).max() * (1 - 1e-3)


def test_without_a_clip_there_is_no_pose():
    assert pose_axes(None, []) is None
