"""Run folders that no training made, for what only reads them."""

import json

import numpy as np
import pytest

from tfbegan.config import ModelConfig, ObjectiveConfig, TrainingConfig
from tfbegan.files import atomic_write_bytes, write_json
from tfbegan.reporting.png import encode_png
from tfbegan.training.run_folder import RunConfig, RunFolder


@pytest.fixture
def make_run(tmp_path):
    """Makes a run folder of 100 steps of 32 px faces in `tmp_path`/runs."""

    def make(name="00003-noise-faces32-b16-g0.5", rows=(), looks=(), **config):
        folder = RunFolder(tmp_path / "runs" / name)
        architecture = {"image_size": 32, **config.pop("architecture", {})}
        objective = config.pop("objective", {})
        content = RunConfig(
            ModelConfig(**architecture),
            ObjectiveConfig(**objective),
            TrainingConfig(steps=100, **config.pop("training", {})),
            config.pop("data", "data/<faces>"),
            "0" * 64,
        )
        assert not config
        write_json(folder.config_file, content.to_dict())
        write_json(folder.path / "environment.json", {"python": "<3>"})
        for file, lines in (
            (folder.stats_file, rows),
            (folder.looks_file, looks),
        ):
            text = "".join(json.dumps(line) + "\n" for line in lines)
            file.write_text(text)
        return folder

    return make


@pytest.fixture
def stats_row():
    """Makes a row of stats.jsonl."""

    def make(step, **figures):
        return {
            "step": step,
            "real_error": 0.2,
            "fake_error": 0.1,
            "k": 0.25,
            "m_global": 0.125,
            "learning_rate": 1e-3,
            "images_per_second": 100.0,
            **figures,
        }

    return make


@pytest.fixture
def draw_grid():
    """Draws a grid of 64 grey faces of 32 px into a run folder."""

    def draw(folder, name, mark="<mark/>"):
        pixels = np.full((4 * 34 - 2, 16 * 34 - 2, 3), 128, np.uint8)
        atomic_write_bytes(folder.path / name, encode_png(pixels, mark))

    return draw
