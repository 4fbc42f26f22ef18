"""The script that helps to choose an articulation."""

import numpy as np
import pytest

from tfbegan import Generator
from tfbegan.data.dataset import open_dataset

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def script(load_example):
    return load_example("articulation")


def save_generator(path, data, mean_sound, conditioning="audio+face"):
    Generator(
        32,
        filters=4,
        latent_dim=8,
        conditioning=conditioning,
        speech=open_dataset(data).speech,
        mean_sound=mean_sound,
        seed=1,
    ).save(path)
    return str(path)


def test_a_row_for_each_that_is_tried(
    script, hasty, puppet_dataset, tmp_path, capsys
):
    model = save_generator(
        tmp_path / "knows.keras", puppet_dataset, np.zeros(256)
    )
    command = [model, "--data", str(puppet_dataset), "--tried", "0", "1", "1.5"]
    assert script.main([*command, "--clips", "6"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {}
    for line in lines:
        cells = [cell.strip() for cell in line.strip("│").split("│")]
        if len(cells) == 7:
            rows[cells[0]] = cells[1:]
    assert {"0", "1", "1.5", "real faces"} <= set(rows)
    movement = [float(rows[much][3]) for much in ("0", "1", "1.5")]
    assert movement[0] == 0
    assert movement[1] < movement[2]
    assert 0 <= float(rows["real faces"][-1]) <= 1
    chosen = script.choose({m: float(rows[str(m)][2]) for m in (0, 1, 1.5)})
    told = "By none" if chosen is None else f"against it: {chosen:g}"
    assert told in lines[-1]


@pytest.mark.parametrize(
    ("amplitudes", "chosen"),
    [
        ({1.0: 1.07, 0.9: 1.01, 0.8: 0.95}, 1.0),
        ({0.8: 0.98, 0.9: 1.05, 1.0: 1.12}, 0.9),
        ({1.0: 0.6, 1.4: 0.85, 1.6: 0.93, 1.8: 1.0}, 1.6),
        ({1.0: 0.6, 1.4: 0.85}, None),
        ({1.0: float("nan")}, None),
    ],
)
def test_the_least_change_that_is_enough_is_named(script, amplitudes, chosen):
    assert script.choose(amplitudes) == chosen


@pytest.mark.parametrize(
    ("conditioning", "told"),
    [("audio+face", "no articulation to change"), ("audio", "no photograph")],
)
def test_what_has_none_is_told_in_a_sentence(
    script, puppet_dataset, tmp_path, capsys, conditioning, told
):
    model = save_generator(
        tmp_path / "older.keras", puppet_dataset, None, conditioning
    )
    assert script.main([model, "--data", str(puppet_dataset)]) == 2
    assert told in capsys.readouterr().err
