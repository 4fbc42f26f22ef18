"""`tfbegan reproduce-collapse`: the failure, what mends it, the table."""

import json
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tfbegan.cli.__main__ import main
from tfbegan.records import MARKER_NAME
from tfbegan.training.collapse import choose_arms, compare_arms


@pytest.mark.slow
def test_it_writes_a_picture_and_tables(puppet_dataset, tmp_path, capsys):
    out = tmp_path / "collapse"
    code = main(
        ["reproduce-collapse", "--data", str(puppet_dataset), "--steps", "3",
         "--output", str(out)]
    )  # fmt: skip
    assert code == 0
    rows = json.loads((out / "collapse.json").read_text())
    assert [row["name"] for row in rows] == [
        "the seed's method, audio",
        "the seed's method, audio+noise",
        "talking",
    ]
    for row in rows:
        figures = [value for name, value in row.items() if name != "name"]
        assert np.isfinite(figures).all()
    with Image.open(out / "collapse.png") as picture:
        assert picture.size == (16 * 34 - 2, 4 * 34 - 2)
        assert "trainedAlgorithmicMedia" in str(picture.info)
    table = (out / "collapse.md").read_text()
    assert table in capsys.readouterr().out
    assert "| talking |" in table


@pytest.mark.slow
def test_an_arm_that_was_begun_is_gone_on_with(puppet_dataset, tmp_path):
    arms, said = choose_arms(ablate=False)[:2], []

    def compare(chosen):
        return compare_arms(
            chosen, puppet_dataset, 3, tmp_path / "runs", said.append
        )

    first = compare(arms[:1])
    (run,) = (tmp_path / "runs").iterdir()
    weights = (run / "generator.keras").stat().st_mtime_ns
    both = compare(arms)
    assert both.results[0] == first.results[0]
    assert len(list((tmp_path / "runs").iterdir())) == 2
    assert (run / "generator.keras").stat().st_mtime_ns == weights
    assert said == [
        f"1/1: {arms[0].name}",
        f"1/2: {arms[0].name}, going on with {run}",
        f"2/2: {arms[1].name}",
    ]


def test_data_without_sound_is_refused(tmp_path, capsys, puppet_dataset):
    silent = shutil.copytree(puppet_dataset, tmp_path / "silent")
    marker = silent / MARKER_NAME
    content = {**json.loads(marker.read_text()), "has_audio": False}
    marker.write_text(json.dumps(content))
    code = main(
        ["reproduce-collapse", "--data", str(silent), "--output",
         str(tmp_path / "out")]
    )  # fmt: skip
    assert code == 2
    assert "Leave --data away" in capsys.readouterr().err


@pytest.mark.slow
def test_a_signal_ends_all_of_it(puppet_dataset, tmp_path):
    command = [
        sys.executable, "-m", "tfbegan.cli", "reproduce-collapse", "--data",
        str(puppet_dataset), "--steps", "100000", "--output",
        str(tmp_path / "out"),
    ]  # fmt: skip
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        for line in process.stderr:
            if line.startswith("step "):
                process.terminate()
                break
        rest = process.stderr.read()
        assert rest.endswith("Give the same command again to go on.\n")
        assert "tfbegan: SIGTERM: stopped" in rest
        assert process.wait(timeout=120) == 128 + signal.SIGTERM
    assert len(list((tmp_path / "out" / "runs").iterdir())) == 1


def test_an_ablation_leaves_out_one_part_each():
    seed_audio, seed_both, talking, *ablations = choose_arms(ablate=True)
    assert seed_audio.architecture.conditioning == "audio"
    assert seed_both.architecture.conditioning == "audio+noise"
    full = {**talking.objective.to_dict(), **talking.architecture.to_dict()}
    left_out = set()
    plain = next(a for a in ablations if a.name == "without all of these")
    ablations.remove(plain)
    assert plain.objective.code_anchor == plain.objective.sync == 0
    assert plain.training == talking.training
    for arm in ablations:
        settings = {**arm.objective.to_dict(), **arm.architecture.to_dict()}
        changed = {name for name in full if settings[name] != full[name]}
        assert len(changed) == 1, arm.name
        left_out |= changed
    assert len(left_out) == len(ablations) == 14
