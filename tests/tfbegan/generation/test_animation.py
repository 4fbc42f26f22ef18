"""Frames follow the sound, whatever it is and however it comes."""

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tfbegan.errors import ConfigError, SourceError
from tfbegan.generation.animation import (
    AnimationSettings,
    animate,
    animate_windows,
    look_ahead,
)
from tfbegan.models.blinking import Blinking

from .conftest import LoudMouth, clicks

RATE = 16_000


def frames_of(generator, waveform, sample_rate=RATE, **options):
    options = AnimationSettings(**options)
    return np.stack(list(animate(generator, waveform, sample_rate, options)))


def brightness(frames):
    return frames[:, 16, 16, 0].astype(float)


@pytest.mark.parametrize("fps", [5, 24, 25, 29.97, 60])
@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 44_100, 96_000])
def test_pictures_and_sound_are_in_step(loud_mouth, sample_rate, fps):
    moments = [0.4, 1.0, 1.8, 2.4]
    sound = clicks(moments, 3.0, sample_rate)
    frames = frames_of(loud_mouth, sound, sample_rate, fps=fps)
    assert len(frames) == round(3 * fps)
    light = brightness(frames)
    rate = 30_000 / 1_001 if fps == 29.97 else fps
    for moment in moments:
        if fps >= 24:  # A click of 40 ms falls between slow frames.
            near = np.arange(len(light)) / rate - (moment + 0.02)
            window = np.abs(near) < 0.15
            glow = light[window] - light[window].min()
            centre = (near[window] * glow).sum() / glow.sum()
            assert abs(centre) <= 0.7 / rate


@settings(max_examples=20, suppress_health_check=[*HealthCheck])
@given(cuts=st.lists(st.integers(0, 40_000), max_size=10))
def test_any_chunks_give_the_same_frames(loud_mouth, cuts):
    sound = np.random.default_rng(0).normal(0, 0.1, 40_000)
    chunks = np.split(sound.astype(np.float32), sorted(cuts))
    received = frames_of(loud_mouth, iter(chunks))
    expected = frames_of(loud_mouth, sound)
    assert received.shape == (63, 32, 32, 3)
    np.testing.assert_allclose(received, expected.astype(int), atol=1)


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(30_000),
        np.clip(9 * np.sin(np.arange(30_000)), -1, 1),
        9 * np.sin(np.arange(30_000)),
        (9_000 * np.sin(np.arange(30_000))).astype(np.int16),
        np.zeros((30_000, 2)),
        np.full(30_000, 0.5),
    ],
    ids=["silent", "clipped", "loud", "whole numbers", "stereo", "constant"],
)
def test_strange_sounds_simply_work(loud_mouth, sound):
    frames = frames_of(loud_mouth, sound)
    assert frames.shape == (47, 32, 32, 3)
    assert frames.dtype == np.uint8


def test_one_sample_is_one_frame(loud_mouth):
    assert len(frames_of(loud_mouth, np.array([0.1]))) == 1
    assert len(frames_of(loud_mouth, np.array([0.1]), 96_000)) == 1


def test_silence_is_dark_and_stays_dark(loud_mouth):
    frames = frames_of(loud_mouth, np.zeros(32_000), natural_pose=False)
    assert np.ptp(frames[:, 16, 16, 0]) == 0
    assert frames[0, 16, 16, 0] == 0


@pytest.mark.parametrize("sample_rate", [16_000, 48_000])
def test_a_frame_comes_when_the_stated_look_ahead_is_heard(
    loud_mouth, sample_rate
):
    chunk = sample_rate // 100
    heard = 0

    def microphone():
        nonlocal heard
        while True:
            heard += chunk
            yield np.zeros(chunk, np.float32)

    ahead = look_ahead(loud_mouth.audio, sample_rate)
    assert ahead < 0.25
    frames = animate(loud_mouth, microphone(), sample_rate)
    for number in range(100):
        next(frames)
        assert heard / sample_rate <= number / 25 + ahead + 0.0101


def test_an_array_s_first_frame_waits_for_a_small_batch_only(loud_mouth):
    next(animate(loud_mouth, np.zeros(RATE * 60), RATE))
    assert max(loud_mouth.batches) <= 4
    frames_of(loud_mouth, np.zeros(RATE * 60))
    assert max(loud_mouth.batches) == 32
    assert len(loud_mouth.batches) < 60


def test_a_long_speech_takes_no_more_memory(loud_mouth):
    second = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)

    def peak_of(minutes):
        sound = itertools.repeat(second, 60 * minutes)
        tracemalloc.start()
        count = sum(1 for _ in animate(loud_mouth, sound, RATE))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert count == 1_500 * minutes
        return peak

    peak_of(1)
    assert peak_of(5) < 1.2 * peak_of(1) + 100_000


def test_the_natural_pose_moves_z_and_the_still_one_does_not(loud_mouth):
    sound = np.zeros(RATE * 8)
    moving = frames_of(loud_mouth, sound, seed=3)[:, 0, 0, 0].astype(int)
    still = frames_of(loud_mouth, sound, seed=3, natural_pose=False)
    assert np.ptp(moving) > 5
    assert np.abs(np.diff(moving)).max() <= 4
    assert np.ptp(still[:, 0, 0, 0]) == 0
    other = frames_of(loud_mouth, sound, seed=4, natural_pose=False)
    assert other[0, 0, 0, 0] != still[0, 0, 0, 0]


def test_who_knows_how_looks_move_walks_in_them(loud_mouth):
    class Turning(LoudMouth):
        pose = np.eye(8, dtype=np.float32)[:1] * 0.05  # the first coordinate

        def code_of(self, latents):
            return latents

        def latent_of(self, codes):
            return codes

    sound, face = np.zeros(RATE * 120), np.zeros(8, np.float32)
    walks = [
        frames_of(Turning(), sound, seed=3, face=face, **options)[:, 0, 0, 0]
        for options in ({}, {"movement": 0.2}, {"natural_pose": False})
    ]
    natural, less, still = (walk.astype(int) - 128 for walk in walks)
    # Of 255 levels .05 of z are 6: one standard deviation.
    assert natural.std() == pytest.approx(6, rel=0.3)
    assert 0 < less.std() < natural.std() / 3
    assert np.ptp(still) == 0
    elsewhere = frames_of(loud_mouth, sound, seed=3, face=face)[:, 0, 0, 0]
    assert (elsewhere.astype(int) - 128 != natural).any()


def test_a_still_face_has_open_eyes(loud_mouth):
    class Blinks(LoudMouth):
        blinking = Blinking(
            shut=np.eye(8, dtype=np.float32)[0],
            telling=np.eye(8, dtype=np.float32)[0],
            open_at=-0.25,
            per_minute=15.0,
        )

        def code_of(self, latents):
            return latents

        def latent_of(self, codes):
            return codes

    sound = np.zeros(RATE)
    reds = [
        frames_of(Blinks(), sound, face=np.full(8, lids), natural_pose=False)[
            0, 0, 0, 0
        ]
        for lids in (0.5, -0.25, -0.5)
    ]
    # Of 255 levels; what is open further than usual stays so.
    assert reds == [96, 96, 64]


def test_a_given_face_takes_the_seed_s_place(loud_mouth):
    sound = np.zeros(RATE)
    face = np.full(8, 0.5, np.float32)
    frames = frames_of(loud_mouth, sound, face=face, natural_pose=False)
    assert (frames[:, 0, 0, 0] == 191).all()


def test_a_model_without_z_gets_none():
    class Soundless(LoudMouth):
        conditioning, latent_dim = "audio", 0

        def speak(self, latents, windows):
            assert latents is None
            return super().speak(np.zeros((1, 1)), windows)

    assert len(frames_of(Soundless(), np.zeros(RATE))) == 25


def test_windows_of_a_data_set_are_spoken_as_they_are(loud_mouth):
    windows = np.zeros((40, 35, 13), np.float32)
    windows[:, 17, 0] = -316 * 2 * np.arange(40) / 40
    frames = np.stack(list(animate_windows(loud_mouth, [windows])))
    assert len(frames) == 40
    assert (np.diff(brightness(frames)) < 0).all()


def test_a_model_without_sound_is_refused_at_once(loud_mouth):
    loud_mouth.audio = None
    with pytest.raises(ConfigError, match=r"without sound.*--conditioning"):
        animate(loud_mouth, np.zeros(RATE), RATE)


@pytest.mark.parametrize(
    "options",
    [
        {"fps": 0.5},
        {"fps": 500},
        {"fps": float("nan")},
        {"movement": 2.0},
        {"seed": -1},
        {"face": np.zeros(3)},
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_at_once(loud_mouth, options):
    with pytest.raises(ConfigError, match="Received"):
        animate(loud_mouth, np.zeros(RATE), RATE, AnimationSettings(**options))


@pytest.mark.parametrize(
    ("sound", "told"),
    [
        (np.zeros(0), "empty"),
        (iter([]), "empty"),
        (np.full(9, np.nan), "no finite number"),
    ],
)
def test_no_sound_is_refused(loud_mouth, sound, told):
    with pytest.raises(SourceError, match=told):
        list(animate(loud_mouth, sound, RATE))
