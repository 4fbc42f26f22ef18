"""How codes blink is found, and how far faces follow is measured."""

import numpy as np
import pytest

from tfbegan.data.dataset import open_dataset
from tfbegan.evaluation.blink_meter import (
    BlinkMeter,
    count_blinks,
    eye_pixels,
    transients,
)
from tfbegan.evaluation.speech_clips import as_float, clip_records, decode_faces
from tfbegan.models.generator import Generator
from tfbegan.training.blinks import find_blinking
from tfrecords_builder.puppets import PuppetPlan, build_puppets

pytestmark = pytest.mark.slow

APART = 8


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Sentences long enough for blinks, at 64 px for lids to be seen."""
    folder = tmp_path_factory.mktemp("data") / "puppets"
    plan = PuppetPlan(characters=10, looks=1, sentences=1)
    build_puppets(folder, plan, workers=1)
    return open_dataset(folder)


@pytest.fixture(scope="module")
def records(dataset):
    return list(clip_records(dataset, ("train",)))


@pytest.fixture(scope="module")
def clips(records):
    return [as_float(decode_faces(r, range(len(r["frames"])))) for r in records]


@pytest.fixture(scope="module")
def meter(clips, dataset):
    face = dataset.info.face
    return BlinkMeter.fit([eye_pixels(c, face) for c in clips], face, APART)


class Lids:
    """Codes hold how far eyes are shut, the light, and what is neither.

    Args:
        meter: By which the lids of true faces are known.
        clips: True faces, of which one with open eyes and one with shut ones
            are what is painted.
        follows: How far the painted lids follow the code.
    """

    def __init__(self, meter, clips, follows):
        self.meter, self.follows = meter, follows
        lids = [transients(meter.position(clip), APART) for clip in clips]
        which = int(np.argmax([lid.max() for lid in lids]))
        shut = APART + int(lids[which].argmax())
        self.shut, self.open = clips[which][shut], clips[which][shut - APART]

    def encode(self, images):
        images = np.asarray(images)
        light = images.mean(axis=(1, 2, 3))
        noise = np.random.default_rng(0).normal(0, 0.01, len(images))
        lids = self.meter.position(images) - 5 * light
        return np.stack([lids, light, noise], axis=1).astype(np.float32)

    def hear(self, windows):
        return np.zeros((len(windows), 2), np.float32)

    def paint(self, codes, sound):
        lids = self.follows * (codes[:, 0] + 5 * codes[:, 1])
        lids = lids[:, None, None, None]
        return self.open + lids * (self.shut - self.open)


def test_codes_shut_eyes_by_a_blink_and_tell_shut_ones(
    dataset, records, clips, meter
):
    found = find_blinking(Lids(meter, clips, 1.0), records, dataset.info)
    # Of a blink the first number grows by one, less what the light takes.
    assert found.shut[0] == pytest.approx(1, abs=0.15)
    assert abs(found.shut[2]) < 0.02
    assert found.telling @ found.shut == pytest.approx(1, abs=1e-5)
    closing = [transients(meter.position(clip), APART) for clip in clips]
    minutes = sum(map(len, closing)) / 25 / 60
    blinks = sum(map(count_blinks, closing))
    assert blinks >= 5
    assert found.per_minute == pytest.approx(blinks / minutes)


def test_faces_that_follow_by_half_are_given_twice_the_way(
    dataset, records, clips, meter
):
    whole, half = (
        find_blinking(Lids(meter, clips, follows), records, dataset.info)
        for follows in (1.0, 0.55)
    )
    assert half.shut[0] == pytest.approx(whole.shut[0] / 0.55, rel=0.02)


@pytest.mark.parametrize("follows", [0.0, 0.2, -1.0])
def test_faces_that_do_not_follow_have_no_blinks(
    dataset, records, clips, meter, follows
):
    generator = Lids(meter, clips, follows)
    assert find_blinking(generator, records, dataset.info) is None


def test_a_generator_that_has_learnt_nothing_has_no_blinks(dataset, records):
    generator = Generator(
        64, filters=4, latent_dim=8, conditioning="audio+noise",
        speech=dataset.speech, seed=0,
    )  # fmt: skip
    assert find_blinking(generator, records, dataset.info) is None


def test_footage_in_which_nobody_blinks_has_none(
    dataset, records, clips, meter
):
    still = [
        {**record, "frames": [record["frames"][0]] * len(record["frames"])}
        for record in records
    ]
    generator = Lids(meter, clips, 1.0)
    assert find_blinking(generator, still, dataset.info) is None


@pytest.mark.parametrize("code", [0.5, np.nan])
def test_codes_that_tell_nothing_have_no_blinks(
    dataset, records, clips, meter, monkeypatch, code
):
    generator = Lids(meter, clips, 1.0)
    monkeypatch.setattr(
        generator,
        "encode",
        lambda images: np.full((len(images), 3), code, np.float32),
    )
    assert find_blinking(generator, records, dataset.info) is None


def test_without_a_clip_there_are_none(dataset):
    assert find_blinking(None, [], dataset.info) is None
