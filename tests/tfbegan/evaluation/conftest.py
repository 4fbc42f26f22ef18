"""Drawn clips whose sound tells the mouth, and instruments for them."""

import dataclasses

import numpy as np
import pytest

from tfbegan.config import FaceConfig
from tfbegan.evaluation.frozen_autoencoder import FaceFeatures
from tfbegan.evaluation.held_out import HeldOut
from tfbegan.evaluation.instruments import Instruments, quiet_level
from tfbegan.evaluation.mouth_meters import EigenMouth
from tfbegan.evaluation.regions import MouthBox
from tfbegan.evaluation.speech_clips import SpeechClip

SIZE = 32
BOX = MouthBox.of(FaceConfig(image_size=SIZE))
FRAMES = 40
HALF = 3
HOPS = 4


def draw_clip(number):
    """A face of its own colour; the lips part as the sound is loud."""
    rng = np.random.default_rng(number)
    knots = rng.uniform(0, 1, FRAMES // 4 + 2)
    knots[[0, 1, -2, -1]] = 0  # silence at both ends
    at = np.arange(FRAMES * HOPS + 4 * HALF)
    track = np.interp(at, np.linspace(0, at[-1], len(knots)), knots)
    centres = 2 * HALF + HOPS * np.arange(FRAMES)
    opening = track[centres].astype(np.float32)
    mfcc = rng.normal(0, 0.01, (len(at), 13))
    mfcc[:, 0] += 100 * track - 50
    return SpeechClip(
        clip_id=f"{number:016x}",
        source_id=f"{number:016x}",
        pixels=np.stack([draw_face(o, rng, number) for o in opening]),
        mfcc=mfcc.astype(np.float32),
        times=np.arange(FRAMES, dtype=np.float32) / 25,
        centres=centres,
        half=HALF,
        opening=opening,
        width=np.cos(7 * opening).astype(np.float32),
    )


def draw_face(opening, rng, number):
    shade = np.random.default_rng(1_000 + number).uniform(100, 200, 3)
    face = np.ones((SIZE, SIZE, 3)) * shade
    mouth = face[BOX.rows, BOX.columns]
    rows = np.abs(np.arange(len(mouth)) - len(mouth) / 2)
    inside = np.clip(1 + opening * len(mouth) / 2.5 - rows, 0, 1)
    mouth *= 1 - 0.8 * inside[:, None, None]
    face += rng.normal(0, 2, face.shape)
    return np.clip(face, 0, 255).astype(np.uint8)


def seen_opening(images):
    """How dark the mouth is to the top of its face, as an opening."""
    images = np.asarray(images)
    shade = images[:, :4].mean(axis=(1, 2, 3)) + 1
    dark = 1 - (BOX.crop(images).mean(axis=(1, 2, 3)) + 1) / shade
    return (dark - 0.08) / 0.64


class ProbeDouble:
    """Reads the opening off mouth and sound."""

    def embed_mouths(self, images):
        return self.on_circle(seen_opening(images))

    def embed_sounds(self, windows):
        return self.on_circle((np.asarray(windows)[:, HALF, 0] + 50) / 100)

    def on_circle(self, share):
        return np.stack([np.cos(2 * share), np.sin(2 * share)], axis=1)


class TrueMouthDouble:
    """Reads opening and width off the mouth."""

    def measure(self, images):
        return np.clip(seen_opening(images), 0, 1)

    def measure_width(self, images):
        return np.cos(7 * self.measure(images))


class EncoderDouble:
    """Codes of means of 4x4 blocks; one level, of a pixel's two steps."""

    latent_dim = 3 * (SIZE // 4) ** 2

    def describe(self, images):
        images = np.asarray(images)
        side = SIZE // 4
        blocks = images.reshape(-1, side, 4, side, 4, 3).mean(axis=(2, 4))
        right = np.diff(images, axis=2)[:, 1:]
        down = np.diff(images, axis=1)[:, :, 1:]
        level = np.abs(np.concatenate([right, down], axis=-1))
        return blocks.reshape(len(images), -1), [level]


class SpeakerDouble:
    """Knows the true face of every sound: the perfect generator."""

    conditioning = "audio"
    latent_dim = 0
    articulation = None

    def __init__(self, clips):
        self.faces = {
            window.tobytes(): face
            for clip in clips
            for window, face in zip(clip.windows(), clip.images(), strict=True)
        }

    def speak(self, latents, windows):
        return np.stack([self.faces[window.tobytes()] for window in windows])


@pytest.fixture(scope="session")
def drawn_clips():
    return [draw_clip(number) for number in range(8)]


@pytest.fixture(scope="session")
def instruments():
    training = [draw_clip(number) for number in range(100, 112)]
    faces = np.concatenate([clip.images() for clip in training])
    return Instruments(
        box=BOX,
        eigen_mouth=EigenMouth.fit(training, BOX),
        true_mouth=None,
        probe=ProbeDouble(),
        features=FaceFeatures.of(EncoderDouble(), faces),
        training_clips=training,
        quiet=quiet_level(training),
    )


@pytest.fixture(scope="session")
def held_out(drawn_clips, instruments):
    return HeldOut(drawn_clips, instruments)


@pytest.fixture(scope="session")
def held_out_drawn(drawn_clips, instruments):
    """The same clips, whose true mouths are known."""
    return HeldOut(
        drawn_clips,
        dataclasses.replace(instruments, true_mouth=TrueMouthDouble()),
    )


@pytest.fixture(scope="session")
def perfect_speaker(drawn_clips):
    return SpeakerDouble(drawn_clips)
