"""Fixtures that more than one test module uses."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

# A busy machine is no fault of the code.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

if TYPE_CHECKING:
    from tfbegan.config import SpeechConfig
    from tfbegan.training.run_folder import RunConfig, RunFolder

_SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real footage, where it is at hand; it is no part of the project."""
    path = Path(os.environ.get("TFBEGAN_TEST_DATA", _SHARED_DATA))
    if not path.is_dir():
        pytest.skip(
            f"no footage at {path}; set TFBEGAN_TEST_DATA to a folder with it"
        )
    return path


@pytest.fixture(scope="session")
def puppet_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small built puppets data set: 6 characters, 12 clips, 32 pixels."""
    from tfbegan.config import FaceConfig
    from tfrecords_builder.puppets import PuppetPlan, build_puppets

    out = tmp_path_factory.mktemp("puppets") / "data"
    plan = PuppetPlan(
        face=FaceConfig(image_size=32),
        characters=6,
        sentences=2,
        sentence_s=2.0,
        clips_per_shard=4,
    )
    build_puppets(out, plan, workers=1)
    return out


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of puppet footage: a film with a jump cut, two portraits.

    And a file that is no video, which must not spoil the rest.
    """
    import numpy as np
    from PIL import Image

    from tfbegan.config import FaceConfig
    from tfrecords_builder.puppets import (
        FilmConfig,
        PuppetPlan,
        make_character,
        record_take,
        render_mp4,
        spell,
    )

    folder = tmp_path_factory.mktemp("footage")
    words = spell("- M AA M AX - B IY B UW - D AA T IY - M AA M AX - B IY -")
    film = FilmConfig(jump_cuts=(1.2,), eye_distance=44.0)
    render_mp4(folder / "film.mp4", make_character(0, 2, 24), words, film)
    plan = PuppetPlan(face=FaceConfig(image_size=128), sentence_s=1.0)
    for number in (3, 4):
        face = np.asarray(record_take(plan, number).frames[0])
        image = Image.fromarray(np.pad(face, ((40,) * 2, (40,) * 2, (0, 0))))
        image.save(folder / f"portrait-{number}.png")
    (folder / "broken.mp4").write_text("no film at all")
    return folder


@pytest.fixture(scope="session")
def tiny_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random clips through the real writer: 32 px, sound, true mouths.

    Every frame is of one colour, which tells clip and frame apart.
    """
    import io
    import json

    import numpy as np
    from PIL import Image

    from tfbegan.config import AudioConfig, FaceConfig
    from tfbegan.records import Clip
    from tfrecords_builder.parts import write_part
    from tfrecords_builder.writer import DatasetSpec, write_dataset

    folder = tmp_path_factory.mktemp("tiny")
    generator = np.random.default_rng(0)
    clips = []
    for number in range(10):
        count = 3 + number
        frames = []
        for index in range(count):
            content = io.BytesIO()
            colour = (10 + 20 * number, 10 + 15 * index, 128)
            Image.new("RGB", (32, 32), colour).save(content, "PNG")
            frames.append(content.getvalue())
        centres = 17 + 4 * np.arange(count)
        rows = generator.normal(5, 3, (centres[-1] + 18, 13))
        clips.append(
            Clip(
                clip_id=f"{number:016x}",
                source_id=f"{number // 2:016x}",
                frames=frames,
                frame_times=np.arange(count, dtype=np.float32) / 25,
                mfcc=rows.astype(np.float32),
                mfcc_centres=centres,
                mouth_opening=np.arange(count, dtype=np.float32) / 100,
                mouth_width=np.full(count, number / 10, np.float32),
                metadata=json.dumps({"number": number}),
            )
        )
    parts = [
        write_part(folder / "a.part", clips[:4]),
        write_part(folder / "b.part", clips[4:]),
    ]
    spec = DatasetSpec(
        FaceConfig(image_size=32),
        AudioConfig(),
        plan={},
        generator="tests",
        validation_fraction=0.2,
        clips_per_shard=3,
    )
    write_dataset(parts, folder / "data", spec)
    return folder / "data"


@pytest.fixture(scope="session")
def tiny_config(puppet_dataset: Path) -> "RunConfig":
    """A run of 12 steps that takes seconds."""
    from tfbegan.config import ModelConfig, ObjectiveConfig, TrainingConfig
    from tfbegan.training.run_folder import RunConfig, data_fingerprint

    return RunConfig(
        ModelConfig(image_size=32, filters=4, latent_dim=8),
        ObjectiveConfig(
            gamma=0.8,
            lambda_k=0.01,
            code_constraint=0.1,
            code_cycle=0.03,
            code_anchor=4.0,
            code_prior=0.5,
        ),
        TrainingConfig(
            batch_size=4,
            clips_per_batch=4,
            steps=12,
            log_steps=4,
            picture_steps=6,
            checkpoint_steps=6,
            learning_rate=1e-3,
            precision="float32",
            seed=5,
        ),
        str(puppet_dataset),
        data_fingerprint(puppet_dataset),
    )


@pytest.fixture(scope="session")
def tiny_run(
    tiny_config: "RunConfig", tmp_path_factory: pytest.TempPathFactory
) -> "RunFolder":
    """The finished run of `tiny_config`; do not write into it."""
    from tfbegan.training.run import train

    return train(tiny_config, tmp_path_factory.mktemp("runs")).folder


@pytest.fixture(scope="session")
def small_speech() -> "SpeechConfig":
    """What a model hears: windows of 11 frames with 4 coefficients."""
    from tfbegan.config import AudioConfig, SpeechConfig

    return SpeechConfig(
        AudioConfig(window_frames=11, n_mfcc=4),
        mfcc_mean=(-300.0, 20.0, 5.0, -1.0),
        mfcc_std=(80.0, 30.0, 20.0, 10.0),
        mouth_box=(0.25, 0.5, 0.75, 0.9375),
    )


@pytest.fixture(scope="session")
def tiny_sound_config(tiny_config: "RunConfig") -> "RunConfig":
    """As `tiny_config`, of a face that speaks, with every addition on."""
    import dataclasses

    from tfbegan.config import ModelConfig, ObjectiveConfig

    return dataclasses.replace(
        tiny_config,
        architecture=ModelConfig(
            conditioning="audio+noise", image_size=32, filters=4, latent_dim=8
        ),
        objective=ObjectiveConfig(
            gamma=0.8,
            lambda_k=0.01,
            code_cycle=0.2,
            code_anchor=4.0,
            code_prior=1.0,
            mouth_weight=4.0,
            mate_share=0.5,
            sync=0.5,
            motion=1.0,
            detail=2.0,
            fixed_pattern=4.0,
            sound_ramp_steps=8,
        ),
        training=tiny_config.training.replace(batch_size=8, clips_per_batch=4),
    )


@pytest.fixture(scope="session")
def tiny_sound_run(
    tiny_sound_config: "RunConfig", tmp_path_factory: pytest.TempPathFactory
) -> "RunFolder":
    """The finished run of `tiny_sound_config`; do not write into it."""
    from tfbegan.training.run import train

    return train(tiny_sound_config, tmp_path_factory.mktemp("sound")).folder


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What measures learns next to nothing, in seconds."""
    from tfbegan.evaluation import frozen_autoencoder, mouth_meters, sync_probe
    from tfbegan.evaluation.fitting import CACHE_VARIABLE, Fit

    for module, name in (
        (sync_probe, "_FIT"),
        (frozen_autoencoder, "_FIT"),
        (mouth_meters, "_TRUTH_FIT"),
    ):
        monkeypatch.setattr(module, name, Fit(steps=3, check_steps=2))
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
