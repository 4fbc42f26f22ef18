"""`tfbegan reproduce-collapse`: the failure, what mends it, the table."""

import dataclasses
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
from tfbegan.training import collapse
from tfbegan.training.collapse import choose_arms, compare_arms


@pytest.mark.slow
def test_it_writes_a_picture_and_tables_and_goes_on_with_what_was_begun(
    puppet_dataset, tmp_path, capsys, monkeypatch
):
    """Without the seed's 28 million weights for sound, which are slow to save;
    the next test but one, and .ci/run, have them."""
    arms = [
        dataclasses.replace(
            arm, architecture=arm.architecture.replace(audio_encoder="compact")
        )
        for arm in choose_arms(ablate=False)
    ]
    monkeypatch.setattr(collapse, "choose_arms", lambda ablate: arms)
    out, begun = tmp_path / "collapse", arms[:1]
    first = compare_arms(begun, puppet_dataset, 3, out / "runs", print)
    (run,) = (out / "runs").iterdir()
    weights = (run / "generator.keras").stat().st_mtime_ns
    assert capsys.readouterr().out == f"1/1: {begun[0].name}\n"

    code = main(
        ["reproduce-collapse", "--data", str(puppet_dataset), "--steps", "3",
         "--output", str(out)]
    )  # fmt: skip
    assert code == 0
    told = capsys.readouterr().out
    assert f"1/3: {begun[0].name}, going on with {run}\n2/3: " in told
    assert told.count("going on with") == 1
    assert len(list((out / "runs").iterdir())) == 3
    assert (run / "generator.keras").stat().st_mtime_ns == weights
    rows = json.loads((out / "collapse.json").read_text())
    assert [row["name"] for row in rows] == [
        "the seed's method, audio",
        "the seed's method, audio+noise",
        "talking",
    ]
    assert rows[0] == first.results[0].to_dict()
    for row in rows:
        figures = [value for name, value in row.items() if name != "name"]
        assert np.isfinite(figures).all()
    with Image.open(out / "collapse.png") as picture:
        assert picture.size == (16 * 34 - 2, 4 * 34 - 2)
        assert "trainedAlgorithmicMedia" in str(picture.info)
    table = (out / "collapse.md").read_text()
    assert table in told
    assert "| talking |" in table


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
    assert len(left_out) == len(ablations) == 15
