"""The command line: exit codes, one sentence for bad input, real results."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tfbegan.cli.__main__ import main
from tfbegan.cli.settings import GROUPS

COMMANDS = [
    "train",
    "report",
    "runs",
    "generate",
    "interpolate",
    "evaluate",
    "export",
]


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_takes_no_tensorflow(command):
    arguments = ["--help"] if command is None else [command, "--help"]
    code = (
        "import sys; from tfbegan.cli.__main__ import main\n"
        f"try: main({arguments!r})\n"
        "except SystemExit: pass\n"
        "assert 'tensorflow' not in sys.modules, 'imported'"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "usage: tfbegan" in done.stdout


def run_without_tensorflow(arguments, folder):
    """Runs a command in a folder, and in a process that imports neither."""
    code = (
        "import sys; from tfbegan.cli.__main__ import main\n"
        f"code = main({arguments!r})\n"
        "assert 'tensorflow' not in sys.modules, 'imported'\n"
        "assert 'keras' not in sys.modules, 'imported'\n"
        "sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, cwd=folder,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.mark.parametrize("command", [["runs", "."], ["report", "."]])
def test_what_only_reads_takes_no_tensorflow(command, tmp_path):
    run_without_tensorflow(command, tmp_path)


def test_every_setting_is_an_option_with_its_own_help(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for option in ("--gamma", "--image-size", "--code-anchor", "--no-flip"):
        assert option in text
    assert "Diversity ratio in (0, 1]" in text


def test_every_setting_tells_its_default(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    fields = sum(len(dataclasses.fields(kind)) for kind in GROUPS.values())
    assert text.count("(default: ") - text.count("folders (default:") == fields
    for told in (
        "wanted L(G(z)) / L(x). (default: 0.8; with sound 1)",
        "The paper's n. (default: 16)",
        "with noise alone. (default: 0.1)",
        "photographs take z's place. (default: noise, or the named preset's)",
    ):
        assert told in text


@pytest.mark.parametrize(
    "command", ["generate", "interpolate", "evaluate", "export"]
)
def test_help_tells_what_is_taken_where_there_is_no_run(command, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "(default: the newest run in ./runs, or else puppet)" in text


def test_a_dry_run_prints_the_whole_configuration(capsys):
    arguments = ["--dry-run", "--preset", "paper", "--gamma", "0.3"]
    assert main(["train", *arguments]) == 0
    settings = json.loads(capsys.readouterr().out)
    assert settings["objective"]["gamma"] == 0.3
    assert settings["objective"]["code_anchor"] == 0
    assert settings["architecture"]["vanishing_residual_steps"] == 16_000
    assert set(settings) == {"architecture", "objective", "training", "data"}


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["train", "--gamma", "2"], 2, "gamma must be in (0, 1]"),
        (["train", "--profile", "9"], 2, "profile must be FIRST:LAST"),
        (["train", "--image-size", "63"], 2, "image_size must be one of"),
        (["train", "--preset", "best"], 2, "no preset 'best'"),
        (["train", "--conditioning", "smell"], 2, "conditioning must be"),
        (["train", "--audio-encoder", "huge"], 2, "audio_encoder must be"),
        (["train", "--data", "nowhere"], 1, "no folder"),
        (["train", "--data", "."], 1, "no finished data set"),
        (["train", "--resume", "--runs-dir", "nowhere"], 1, "no run in"),
        (["train", "--resume", "nowhere"], 1, "no run folder"),
        (["generate", "nowhere"], 1, "neither a run folder"),
        (["generate", "nowhere.keras"], 1, "no model file"),
        (
            ["interpolate", "1", "2", "--source", "nowhere"],
            1,
            "neither a run folder",
        ),
        (["export", "nowhere"], 1, "neither a run folder"),
    ],
)
def test_bad_input_is_one_sentence(
    arguments, code, told, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == code
    error = capsys.readouterr().err
    assert told in error
    assert error.startswith("tfbegan: ")
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("train --gamma 2", "gamma must be in"),
        ("train --data .", "no finished data set"),
        ("train --resume", "no run in"),
        ("find-rate --data .", "no finished data set"),
        ("find-rate --data . --trials 3", "20 trials or more"),
        ("generate --count 0", "must be in [1, 100000]"),
        ("generate --seed -1", "seed"),
        ("generate puppet -o faces.jpg", "ends in .png"),
        ("generate puppet --columns 0", "--columns must be 1 or more"),
        ("interpolate 1 2 --source nowhere", "neither a run folder"),
        ("interpolate 1 2 --source puppet -o way.gif", "ends in .png"),
        ("interpolate 1 2 --source puppet --steps 0", "path must be in"),
        (
            "interpolate 1 2 --source puppet --search-steps 0",
            "search must be in",
        ),
        ("evaluate puppet --data .", "no finished data set"),
        ("evaluate puppet --data . --truncation 2", "truncation"),
        ("evaluate puppet --data . --clips 0", "--clips must be 4 or more"),
        ("evaluate puppet --data . --faces-per-clip 0", "must be 1 or more"),
        ("reproduce-collapse --steps -1", "steps must be in [1, "),
        ("export nowhere", "neither a run folder"),
        ("export nowhere.keras", "no model file"),
        ("export puppet --version 0", "1 or more"),
        ("export puppet --compact x.keras --version 1", "does nothing here"),
        ("export puppet --articulation 9", "articulation must be in [0, 3]"),
        ("evaluate puppet --data . --articulation -1", "articulation must be"),
        ("compare --data . --clips 0", "--clips must be at least 1"),
        ("animate nowhere.wav", "no file nowhere.wav"),
        ("compare nowhere.mp4", "no file nowhere.mp4"),
        ("compare", "either a VIDEO or --data"),
    ],
)
def test_bad_input_is_told_before_tensorflow_is_imported(
    arguments, told, tmp_path
):
    done = run_without_tensorflow(arguments.split(), tmp_path)
    assert done.returncode in (1, 2)
    assert done.stderr.startswith("tfbegan: ")
    assert told in done.stderr


@pytest.mark.parametrize("arguments", [["--colour"], ["train", "--colour"]])
def test_unknown_options_are_wrong_usage(arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


@pytest.mark.slow
def test_resume_takes_no_other_settings(tiny_run, capsys):
    assert main(["train", "--resume", str(tiny_run.path), "--gamma", "1"]) == 2
    assert "only --steps" in capsys.readouterr().err


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.mark.slow
def test_generate_writes_a_grid_or_single_faces(tiny_run, tmp_path):
    run = str(tiny_run.path)
    grid = tmp_path / "grid.png"
    assert main(["generate", run, "--count", "6", "-o", str(grid)]) == 0
    assert pixels(grid).shape == (2 * 34 - 2, 3 * 34 - 2, 3)
    folder = tmp_path / "faces"
    arguments = ["generate", run, "-n", "3", "--separate", "-o", str(folder)]
    assert main(arguments) == 0
    assert len(list(folder.glob("*.png"))) == 3
    assert main(["generate", run, "-n", "0"]) == 2


@pytest.mark.slow
def test_interpolate_between_a_seed_and_a_photograph(
    tiny_run, tmp_path, footage, capsys
):
    out = tmp_path / "path.png"
    photograph = str(footage / "portrait-3.png")
    arguments = ["interpolate", "7", photograph, "--source", str(tiny_run.path)]
    fast = ["--steps", "4", "--search-steps", "20", "-o", str(out)]
    assert main([*arguments, *fast]) == 0
    assert pixels(out).shape == (32, 5 * 34 - 2, 3)
    assert "mean absolute error of 0." in capsys.readouterr().out
    missing = ["interpolate", "7", "nowhere.png", "--source"]
    assert main([*missing, str(tiny_run.path)]) == 1


@pytest.mark.slow
def test_export_and_evaluate(tiny_run, tmp_path, puppet_dataset, capsys):
    served = tmp_path / "served"
    run = str(tiny_run.path)
    assert main(["export", run, "-o", str(served)]) == 0
    assert (served / "1" / "saved_model.pb").is_file()
    data = ["--data", str(puppet_dataset), "-o", str(tmp_path / "report")]
    assert main(["evaluate", run, *data]) == 0
    figures = json.loads((tmp_path / "report/evaluation.json").read_text())
    # Twelve steps make no face; what is measured of real ones is real.
    assert not figures["healthy"]
    assert figures["real"]["detection_rate"] > 0.8
    assert figures["control"]["spread"] == pytest.approx(
        figures["real"]["spread"], rel=0.3
    )
    assert figures["m_last"] > 0
    assert (tmp_path / "report" / "evaluation.png").is_file()
