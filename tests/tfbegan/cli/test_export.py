"""`tfbegan export`: versions that a server finds."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tfbegan import Generator, load_generator
from tfbegan.cli.__main__ import main


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "faces.keras"
    Generator(32, filters=4, latent_dim=8, seed=1).save(path)
    return str(path)


@pytest.mark.slow
def test_versions_count_on_and_are_told(model_file, tmp_path, capsys):
    folder = tmp_path / "served"
    arguments = ["export", model_file, "-o", str(folder)]
    assert main([*arguments, "--version", "3"]) == 0
    assert "takes z [batch, 8]" in capsys.readouterr().out
    assert main(arguments) == 0
    assert f"--model_base_path={folder}" in capsys.readouterr().out
    assert sorted(path.name for path in folder.iterdir()) == ["3", "4"]
    assert main([*arguments, "--version", "3"]) == 1
    assert "there already" in capsys.readouterr().err


@pytest.mark.slow
def test_an_articulation_is_exported(small_speech, tmp_path):
    model, out = str(tmp_path / "model.keras"), tmp_path / "wide.keras"
    Generator(
        32, filters=4, latent_dim=8, conditioning="audio", speech=small_speech,
        mean_sound=np.zeros(256), seed=1,
    ).save(model)  # fmt: skip
    command = ["export", model, "--articulation", "1.5", "--compact", str(out)]
    assert main(command) == 0
    assert load_generator(out).articulation == 1.5


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--version", "0"], 2, "1 or more"),
        (["--articulation", "1.2"], 2, "trained without sound"),
        (["-o", "file"], 1, "is no folder"),
        (["-o", "file/served"], 1, "can't be written"),
        (
            ["--compact", "x.keras", "--version", "3"],
            2,
            "--version does nothing",
        ),
        (["--compact", "x.bin"], 2, "End its name in .keras"),
        (["--compact", "x.keras", "-o", "served"], 2, "--output does nothing"),
    ],
)
def test_bad_input_is_one_sentence(
    model_file, tmp_path, monkeypatch, capsys, arguments, code, told
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("x")
    assert main(["export", model_file, *arguments]) == code
    error = capsys.readouterr().err
    assert error.startswith("tfbegan: ")
    assert told in error
    assert error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_generator_is_not_compacted_over_itself(model_file, capsys):
    before = Path(model_file).read_bytes()
    assert main(["export", model_file, "--compact", model_file]) == 2
    assert "which would be lost" in capsys.readouterr().err
    assert Path(model_file).read_bytes() == before


@pytest.mark.slow
def test_a_full_disk_is_one_sentence_and_leaves_nothing(model_file, tmp_path):
    """No file may grow beyond a limit that the weights exceed."""
    code = (
        "import resource, sys\n"
        "from tfbegan.cli.__main__ import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    folder = tmp_path / "served"
    done = subprocess.run(
        [sys.executable, "-c", code, "export", model_file, "-o", folder],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    assert f"tfbegan: {folder / '1'} can't be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(folder.iterdir()) == []
