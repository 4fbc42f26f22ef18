"""What is shown of a model, with sound and without."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tfbegan import BEGAN, ModelConfig
from tfbegan.data.dataset import open_dataset
from tfbegan.data.pipeline import clip_windows, decode_frame
from tfbegan.evaluation.audio_score import AudioScore, ScoreSheet
from tfbegan.generation.provenance import Provenance
from tfbegan.models import compiled
from tfbegan.training.pictures import (
    GRID_IMAGES,
    Exhibits,
    Look,
    choose_exhibits,
    look_at,
    save_look,
)
from tfbegan.training.run_folder import RunFolder

WITH_SOUND = ["audio", "audio+noise", "audio+face"]


@pytest.fixture(scope="module")
def dataset(puppet_dataset):
    return open_dataset(puppet_dataset)


@pytest.fixture(scope="module")
def exhibits(dataset):
    """With fewer reals, and no score, which is tested on its own."""
    chosen = choose_exhibits(dataset, seed=1, with_audio=True)
    return dataclasses.replace(
        chosen,
        reals=chosen.reals[:8],
        windows=chosen.windows[:8],
        strips=chosen.strips[:1],
        sheet=None,
    )


def make(kind, dataset):
    model = BEGAN(
        ModelConfig(conditioning=kind, image_size=32, filters=4, latent_dim=8),
        speech=None if kind == "noise" else dataset.speech,
        seed=1,
    )
    model.compile()
    return model


def test_without_sound_there_are_reals_alone(dataset):
    exhibits = choose_exhibits(dataset, seed=1, with_audio=False)
    assert exhibits.windows is None
    assert exhibits.strips == ()
    assert exhibits.sheet is None
    assert exhibits.reals.dtype == np.float32
    assert np.abs(exhibits.reals).max() <= 1


def test_reals_come_with_their_sound(dataset):
    split = "validation" if dataset.frames("validation") else "train"
    exhibits = choose_exhibits(dataset, seed=1, with_audio=True)
    images, windows = dataset.pairs(split, GRID_IMAGES, seed=1)
    np.testing.assert_allclose(exhibits.reals, images / 127.5 - 1, atol=1e-6)
    np.testing.assert_array_equal(exhibits.windows, windows)
    assert (exhibits.sheet is not None) == (split == "validation")
    again = choose_exhibits(dataset, seed=1, with_audio=True)
    np.testing.assert_array_equal(exhibits.reals, again.reals)
    other = choose_exhibits(dataset, seed=2, with_audio=True)
    assert np.abs(exhibits.reals - other.reals).max() > 0.1


def test_a_strip_is_of_one_clip_evenly_apart_and_centred(dataset):
    split = "validation" if dataset.frames("validation") else "train"
    exhibits = choose_exhibits(dataset, seed=1, with_audio=True)
    long = [c for c in dataset.clips(split) if len(c["frames"]) >= 46]
    assert len(exhibits.strips) == min(3, len(long)) > 0
    for strip, clip in zip(exhibits.strips, long, strict=False):
        start = (len(clip["frames"]) - 46) // 2
        frames = range(start, start + 46, 3)
        assert len(frames) == 16
        expected = np.stack([decode_frame(clip["frames"][i]) for i in frames])
        np.testing.assert_allclose(
            strip.images, expected / 127.5 - 1, atol=1e-6
        )
        np.testing.assert_array_equal(
            strip.windows, clip_windows(clip, dataset.info, frames)
        )


def test_clips_that_are_short_give_no_strips(tiny_dataset, monkeypatch):
    monkeypatch.setattr(
        "tfbegan.training.pictures.ScoreSheet.of", lambda _: None
    )
    exhibits = choose_exhibits(open_dataset(tiny_dataset), 0, with_audio=True)
    assert exhibits.strips == ()


@pytest.mark.slow
@pytest.mark.parametrize("kind", WITH_SOUND)
def test_a_strip_shows_the_truth_above_what_is_made_of_its_sound(
    dataset, exhibits, kind
):
    model = make(kind, dataset)
    (strip,) = exhibits.strips
    look = look_at(model, exhibits, seed=3)
    assert look.samples.shape == (GRID_IMAGES, 32, 32, 3)
    assert look.reconstructions.shape == (4 * 8, 32, 32, 3)
    assert look.speech.shape == (32, 32, 32, 3)
    assert look.speech.dtype == np.uint8
    truth, made = np.split(look.speech, 2)
    np.testing.assert_array_equal(truth, np.rint((strip.images + 1) * 127.5))
    inputs = {"mfcc": strip.windows}
    if kind != "audio":
        # All of them have the look of the middle frame.
        z = np.array(model.ema_generator.look(strip.images[8:9]))
        inputs["noise"] = np.repeat(z, 16, axis=0)
    expected = np.clip(np.array(model.ema_generator(inputs)), -1, 1)
    np.testing.assert_allclose(made, (expected + 1) * 127.5, atol=1)
    assert look.score is None
    assert look.quality is None
    assert look.conditioning == kind


@pytest.mark.slow
def test_a_look_at_the_same_model_is_the_same(dataset, exhibits):
    model = make("audio+noise", dataset)
    first, second = (look_at(model, exhibits, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.samples, second.samples)
    np.testing.assert_array_equal(first.speech, second.speech)
    assert first.spread_ratio == second.spread_ratio
    other = look_at(model, exhibits, seed=4)
    assert (first.samples != other.samples).any()


@pytest.mark.slow
def test_without_sound_nobody_speaks(dataset):
    reals = choose_exhibits(dataset, seed=1, with_audio=False).reals[:8]
    look = look_at(make("noise", dataset), Exhibits(reals), seed=3)
    assert look.speech is None
    assert look.quality is None
    assert look.samples.shape == (GRID_IMAGES, 32, 32, 3)


def blank_look(**changes):
    pixels = np.zeros((64, 8, 8, 3), np.uint8)
    return Look(pixels, pixels, 0.5, 0.5, **changes)


@pytest.mark.parametrize("rows", [0, 2, 6])
def test_speech_is_a_picture_of_its_own(tmp_path, rows):
    speech = np.zeros((16 * rows, 8, 8, 3), np.uint8) if rows else None
    save_look(
        blank_look(speech=speech), RunFolder(tmp_path), 12, Provenance("seed 1")
    )
    path = tmp_path / "speech" / "step-00000012.png"
    assert (tmp_path / "samples" / "step-00000012.png").is_file()
    assert path.is_file() == bool(rows)
    if rows:
        with Image.open(path) as picture:
            width, height = picture.size
        assert width // 8 >= 16
        assert rows * 8 <= height < (rows + 1) * 12


def test_where_photographs_say_who_it_is_they_do_so_in_every_look(
    dataset, exhibits
):
    """Another seed gives the same faces; other reals give others."""
    sheet = ScoreSheet.of(dataset, clips=4)
    shown = dataclasses.replace(exhibits, sheet=sheet)
    model = make("audio+face", dataset)
    first, again = (look_at(model, shown, seed) for seed in (0, 1))
    np.testing.assert_array_equal(first.samples, again.samples)
    assert first.score == again.score
    turned = dataclasses.replace(shown, reals=shown.reals[::-1])
    other = look_at(model, turned, 0)
    assert (first.samples != other.samples).any()


@pytest.mark.slow
def test_a_second_look_traces_nothing_and_sees_new_weights(
    dataset, exhibits, monkeypatch
):
    """TensorFlow never frees a graph, and a run takes hundreds of looks."""
    traced = []

    def counted(network):
        traced.append(network)
        return trace(network)

    trace = compiled._compile
    monkeypatch.setattr(compiled, "_compile", counted)
    sheet = ScoreSheet.of(dataset, clips=4)
    shown = dataclasses.replace(exhibits, sheet=sheet)
    model = make("audio+face", dataset)
    first = look_at(model, shown, seed=3)
    before = len(traced)
    average = model.ema_generator
    average.set_weights([1.5 * w for w in average.get_weights()])
    second = look_at(model, shown, seed=3)
    assert len(traced) == before > 0
    assert (first.samples != second.samples).any()
    other = make("audio+face", dataset)
    other.set_weights(model.get_weights())
    expected = look_at(other, shown, seed=3)
    np.testing.assert_array_equal(second.samples, expected.samples)
    assert second.score == expected.score


ratios = st.floats(0, 4)


@given(st.floats(-1, 1), ratios, ratios, ratios, ratios)
@settings(max_examples=100)
def test_quality_is_in_the_unit_interval(r, spread, amplitude, sharp, variety):
    look = Look(
        *(np.zeros((1, 2, 2, 3), np.uint8),) * 2,
        fake_spread=variety,
        real_spread=1.0,
        score=AudioScore(spread, r, amplitude),
        sharpness=sharp,
    )
    assert 0 <= look.quality <= 1


PERFECT = {"score": AudioScore(1.0, 1.0, 1.0), "sharpness": 1.0}


def test_quality_is_one_for_what_is_like_the_real_and_less_on_either_side():
    assert blank_look(**PERFECT).quality == 1
    worse = [
        {**PERFECT, "sharpness": sharpness} for sharpness in (0.5, 2.0)
    ] + [
        {**PERFECT, "score": AudioScore(*figures)}
        for figures in ((0.5, 1, 1), (1, 0.5, 1), (1, 1, 0.5), (1, 1, 2))
    ]
    for changes in worse:
        assert blank_look(**changes).quality == pytest.approx(0.5)
    against = {**PERFECT, "score": AudioScore(1.0, -1.0, 1.0)}
    assert blank_look(**against).quality == 0


def test_one_pose_and_light_cost_quality_only_where_looks_are_told():
    pixels = np.zeros((64, 8, 8, 3), np.uint8)
    qualities = {
        kind: Look(
            pixels, pixels, 0.05, 0.5, **PERFECT, conditioning=kind
        ).quality
        for kind in ("audio", "audio+noise", "audio+face")
    }
    assert qualities == {
        "audio": 1.0,
        "audio+noise": pytest.approx(0.1),
        "audio+face": pytest.approx(0.1),
    }
