"""Settings are checked when made, and exact in JSON and back."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfbegan.config import (
    IMAGE_SIZES,
    AudioConfig,
    FaceConfig,
    ModelConfig,
    ObjectiveConfig,
    SpeechConfig,
    TrainingConfig,
)
from tfbegan.errors import ConfigError
from tfrecords_builder.plan import BuildPlan, override

KINDS = [
    AudioConfig,
    FaceConfig,
    ModelConfig,
    ObjectiveConfig,
    TrainingConfig,
    BuildPlan,
]


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_survive_json(kind):
    config = kind()
    assert kind.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@given(
    st.sampled_from(IMAGE_SIZES),
    st.integers(1, 1_024),
    st.integers(1, 4_096),
    st.booleans(),
    st.integers(0, 100_000),
)
def test_any_model_survives_json(size, filters, latent_dim, skip, steps):
    config = ModelConfig(
        image_size=size,
        filters=filters,
        latent_dim=latent_dim,
        skip_connections=skip,
        vanishing_residual_steps=steps,
    )
    assert ModelConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == (
        config
    )


@given(st.floats(0, 1, exclude_min=True), st.floats(0, 1), st.floats(0, 1e3))
def test_any_objective_survives_json(gamma, lambda_k, weight):
    config = ObjectiveConfig(
        gamma=gamma, lambda_k=lambda_k, code_anchor=weight, sync=weight
    )
    again = ObjectiveConfig.from_dict(json.loads(json.dumps(config.to_dict())))
    assert again == config


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (ModelConfig, {"image_size": 48}),
        (ModelConfig, {"filters": 0}),
        (ModelConfig, {"filters": True}),
        (ModelConfig, {"filters": 16.0}),
        (ModelConfig, {"skip_connections": 1}),
        (ObjectiveConfig, {"gamma": 0.0}),
        (ObjectiveConfig, {"gamma": 1.01}),
        (ObjectiveConfig, {"gamma": float("nan")}),
        (ObjectiveConfig, {"gamma": "0.5"}),
        (ObjectiveConfig, {"error_norm": 3}),
        (ObjectiveConfig, {"detail_norm": 3}),
        (ModelConfig, {"conditioning": "smell"}),
        (ModelConfig, {"conditioning": None}),
        (ModelConfig, {"audio_encoder": "huge"}),
        (ModelConfig, {"film": 1}),
        (ObjectiveConfig, {"adversarial": -0.1}),
        (ObjectiveConfig, {"mouth_weight": 0.9}),
        (ObjectiveConfig, {"eye_weight": 0.9}),
        (ObjectiveConfig, {"mate_share": 1.1}),
        (ObjectiveConfig, {"sync": -1.0}),
        (ObjectiveConfig, {"motion": float("inf")}),
        (ObjectiveConfig, {"detail": True}),
        (ObjectiveConfig, {"fixed_pattern": -1}),
        (ObjectiveConfig, {"sound_ramp_steps": -1}),
        (TrainingConfig, {"batch_size": 0}),
        (TrainingConfig, {"min_learning_rate": 1.0}),
        (TrainingConfig, {"clips_per_batch": 17}),
        (TrainingConfig, {"profile": "10"}),
        (TrainingConfig, {"profile": "0:3"}),
        (TrainingConfig, {"profile": "5:4"}),
        (TrainingConfig, {"profile": "5:5 "}),
        (TrainingConfig, {"profile": "-1:5"}),
        (TrainingConfig, {"profile": "1:2:3"}),
        (TrainingConfig, {"profile": "5:20001"}),
        (AudioConfig, {"window_frames": 34}),
        (AudioConfig, {"n_mfcc": 41}),
        (AudioConfig, {"win_length": 513}),
        (FaceConfig, {"mouth_box": (0.7, 0.5, 0.3, 0.9)}),
        (FaceConfig, {"mouth_box": (0.1, 0.5, 0.3)}),
        (BuildPlan, {"clip_s": 0.0}),
        (BuildPlan, {"split_by": "mood"}),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(kind, settings):
    (name,) = settings
    with pytest.raises(ConfigError, match=rf"{name} must be .* Received: "):
        kind(**settings)


SPEECH = {
    "audio": {"n_mfcc": 2},
    "mfcc_mean": [-300.0, 1.5],
    "mfcc_std": [80.0, 20.0],
    "mouth_box": [0.25, 0.5, 0.75, 1.0],
}


def test_what_a_model_hears_survives_json():
    speech = SpeechConfig.from_dict(SPEECH)
    assert speech.audio.n_mfcc == 2
    assert speech.mfcc_mean == (-300.0, 1.5)
    content = json.loads(json.dumps(speech.to_dict()))
    assert SpeechConfig.from_dict(content) == speech


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"audio": {"n_mfcc": 3}}, "mfcc_mean must be 3 finite numbers"),
        ({"audio": {"window_frames": 10**9 + 1}}, "window_frames must be in"),
        ({"audio": {"n_mfcc": "2"}}, "n_mfcc must be"),
        ({"audio": 2}, "AudioConfig must be a JSON object"),
        ({"audio": {"colour": 1}}, "no setting 'colour'"),
        (
            {"audio": {"window_frames": 1_001, "n_mfcc": 40}},
            "audio must be of windows of 16384 numbers, at most",
        ),
        ({"mfcc_mean": [1.0]}, "mfcc_mean must be 2 finite numbers"),
        ({"mfcc_mean": 1.0}, "mfcc_mean must be a list"),
        ({"mfcc_mean": "ab"}, "mfcc_mean must be a list"),
        ({"mfcc_mean": [1.0, float("nan")]}, "mfcc_mean must be 2 finite"),
        ({"mfcc_mean": [1.0, "2"]}, "mfcc_mean must be 2 finite numbers"),
        ({"mfcc_std": [1.0, 0.0]}, "mfcc_std must be above 0"),
        ({"mfcc_std": [1.0, float("inf")]}, "mfcc_std must be 2 finite"),
        ({"mouth_box": [0.7, 0.5, 0.3, 0.9]}, "mouth_box must be left < right"),
        ({"mouth_box": None}, "mouth_box must be a list"),
    ],
)
def test_a_front_end_that_makes_no_sense_is_refused(changes, told):
    with pytest.raises(ConfigError, match=re.escape(told)):
        SpeechConfig.from_dict({**SPEECH, **changes})


@pytest.mark.parametrize("name", SPEECH)
def test_a_front_end_that_lacks_something_is_refused(name):
    content = {key: value for key, value in SPEECH.items() if key != name}
    with pytest.raises(ConfigError, match=f"lacks the setting '{name}'"):
        SpeechConfig.from_dict(content)


@pytest.mark.parametrize("kind", [*KINDS, SpeechConfig])
def test_unknown_settings_and_other_types_are_refused(kind):
    with pytest.raises(ConfigError, match="no setting 'colour'"):
        kind.from_dict({"colour": 1})
    with pytest.raises(ConfigError, match="JSON object"):
        kind.from_dict([1])


def test_the_mouth_box_in_pixels():
    face = FaceConfig(image_size=64, mouth_box=(0.25, 0.5, 0.75, 1.0))
    assert face.mouth_slices() == (slice(32, 64), slice(16, 48))


def test_dotted_names_change_a_plan():
    plan = override(BuildPlan(), {"face.image_size": 32, "clip_s": 2.0})
    assert (plan.face.image_size, plan.clip_s) == (32, 2.0)
    with pytest.raises(ConfigError, match=r"no setting 'face\.colour'"):
        override(BuildPlan(), {"face.colour": 1})


def test_a_number_that_no_float_holds_is_refused():
    with pytest.raises(ConfigError, match="gamma must be a finite"):
        ObjectiveConfig.from_dict({"gamma": 10**400})
    with pytest.raises(ConfigError, match="mfcc_mean must be 1 finite"):
        SpeechConfig(AudioConfig(n_mfcc=1), (10**400,), (1.0,), (0, 0, 1, 1))


@pytest.mark.parametrize("size", [32, 64, 128, 256])
def test_the_boxes_of_the_eyes_lie_about_them_and_hold_no_mouth(size):
    face = FaceConfig(image_size=size)
    mouth_rows, _ = face.mouth_slices()
    for side, (rows, columns) in zip((-1, 1), face.eye_slices(), strict=True):
        middle = [(s.start + s.stop) / 2 / size for s in (columns, rows)]
        expected = [0.5 + side * 0.15, 0.4]
        assert middle == pytest.approx(expected, abs=1 / size)
        assert rows.stop <= mouth_rows.start
        assert rows.stop - rows.start == pytest.approx(0.144 * size, abs=1)
    left, right = (columns for _, columns in face.eye_slices())
    assert left.stop < right.start


def test_boxes_of_eyes_end_with_the_picture():
    wide = FaceConfig(image_size=32, eye_distance=0.8, eye_height=0.1)
    for rows, columns in wide.eye_slices():
        assert len(range(32)[rows]) >= 4
        assert len(range(32)[columns]) >= 4


def test_what_a_model_of_an_earlier_version_does_not_tell_is_the_default():
    audio = AudioConfig(n_mfcc=1)
    box = (0.2, 0.5, 0.8, 1.0)
    speech = SpeechConfig(audio, (0.0,), (1.0,), box, 0.35, 0.45)
    assert SpeechConfig.from_dict(speech.to_dict()) == speech
    assert speech.face(64) == FaceConfig(64, 0.35, 0.45, box)
    content = speech.to_dict()
    del content["eye_distance"], content["eye_height"]
    face = SpeechConfig.from_dict(content).face(64)
    assert face == FaceConfig(64, mouth_box=box)
    with pytest.raises(ConfigError, match="eye_height"):
        SpeechConfig.from_dict({**speech.to_dict(), "eye_height": 2.0})


def test_profiled_steps_are_first_to_last():
    assert list(TrainingConfig().profiled_steps) == []
    assert list(TrainingConfig(profile="7:7").profiled_steps) == [7]
    assert TrainingConfig(profile="3:20000").profiled_steps[-1] == 20_000
