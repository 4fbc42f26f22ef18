"""The generator that comes with the package."""

import shutil

import numpy as np
import pytest

from tfbegan import Generator, load_generator
from tfbegan.errors import ModelFileError
from tfbegan.generation import bundled as bundled_module
from tfbegan.generation.bundled import BUNDLED, bundled
from tfbegan.generation.latents import draw_latents
from tfbegan.generation.loading import load_speaker, to_uint8
from tfbegan.generation.pose import LookWalk

_LARGEST_BYTES = 6_000_000


def test_it_is_what_is_loaded_where_there_is_no_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    generator = load_generator()
    assert generator.path == bundled("puppet")
    assert generator.conditioning == "audio+noise"
    assert generator.image_size == 64


@pytest.mark.parametrize("name", BUNDLED)
def test_each_is_small_and_speaks(name):
    assert bundled(name).stat().st_size <= _LARGEST_BYTES
    generator = load_generator(name)
    random = np.random.default_rng(0)
    sound = random.normal(0, 0.1, 16_000) * (np.arange(16_000) > 8_000)
    frames = np.stack(
        list(generator.animate(sound, 16_000, natural_pose=False))
    ).astype(int)
    assert frames.shape == (25, 64, 64, 3)
    assert np.abs(frames[24] - frames[2]).max() > 20


@pytest.mark.parametrize("name", BUNDLED)
def test_each_can_be_told_to_articulate(name):
    generator = load_generator(name)
    assert generator.articulation == 1
    latents = np.zeros((1, generator.latent_dim))
    random = np.random.default_rng(0)
    audio = generator.audio
    shape = (8, audio.window_frames, audio.n_mfcc)
    windows = random.normal(0, 1, shape) * generator.model.speech.mfcc_std
    windows += generator.model.speech.mfcc_mean
    moved = [
        generator.with_articulation(much).speak(latents, windows).std(axis=0)
        for much in (0.5, 1, 1.5)
    ]
    assert (np.diff([faces.mean() for faces in moved]) > 0).all()


def test_faces_differ_from_seed_to_seed():
    faces = load_generator("puppet").generate(16, seed=0).astype(float)
    assert faces.std(axis=0).mean() > 15


def test_what_animates_is_the_newest_run_that_hears(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_speaker().path == bundled("puppet")
    deaf = tmp_path / "runs" / "00001-noise" / "generator.keras"
    deaf.parent.mkdir(parents=True)
    Generator(32, filters=4, latent_dim=8, seed=1).save(deaf)
    assert load_generator().path.samefile(deaf)
    assert load_speaker().path == bundled("puppet")
    hears = tmp_path / "runs" / "00000-talking" / "generator.keras"
    hears.parent.mkdir()
    shutil.copy(bundled("puppet"), hears)
    assert load_speaker().path.samefile(hears)


def test_a_missing_file_is_told(monkeypatch):
    monkeypatch.setitem(bundled_module.BUNDLED, "puppet", "lost.keras")
    with pytest.raises(ModelFileError, match="missing from this installation"):
        load_generator("puppet")


def test_heads_turn_and_faces_stay_who_they_are():
    generator = load_generator("puppet")
    times = np.arange(0, 300, 0.2)
    for seed in (0, 2):
        centre = draw_latents(1, generator.latent_dim, seed)[0]
        walk = LookWalk(generator, centre, 1.0, seed).at(times)
        assert np.abs(walk).max() <= 1
        codes = generator.code_of(walk)
        moved = codes - generator.code_of(centre[None])
        # As far as codes move within clips, for z can be clipped, but rarely.
        lengths = np.linalg.norm(generator.pose, axis=1)
        along = (moved @ generator.pose.T / lengths).std(axis=0)
        np.testing.assert_allclose(along[:2], lengths[:2], rtol=0.1)
        faces = to_uint8(generator.decode(walk[::25])).astype(float)
        corners = faces[:, :4, :4].mean(axis=(1, 2))  # the ground
        assert corners.std(axis=0).max() < 4
