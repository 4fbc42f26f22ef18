"""The script that makes the failures of docs/troubleshooting.md."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tfbegan.reporting.png import XMP_KEYWORD
from tfbegan.training.statistics import read_rows

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "troubleshooting.md"


@pytest.fixture(scope="module")
def failures(load_example):
    return load_example("failures")


def test_every_failure_is_shown_and_every_picture_is_there(failures):
    text = DOCS.read_text(encoding="utf-8")
    shown = re.findall(r'src="images/failures/([^"]+)"', text)
    wanted = {f"{name}.{kind}" for name in failures.FAILURES
              for kind in ("png", "svg")}  # fmt: skip
    assert set(shown) == wanted
    for name in shown:
        size = (DOCS.parent / "images" / "failures" / name).stat().st_size
        assert 500 < size < 100_000


def test_the_pictures_are_marked_as_generated(failures):
    for name in failures.FAILURES:
        path = DOCS.parent / "images" / "failures" / f"{name}.png"
        with Image.open(path) as image:
            assert "trainedAlgorithmicMedia" in image.info[XMP_KEYWORD]


@pytest.mark.slow
def test_it_leaves_faces_and_curves(failures, puppet_dataset, tmp_path, capsys):
    arguments = ["--data", str(puppet_dataset), "--out", str(tmp_path)]
    only = ["--only", "grey-faces", "explosion"]
    assert failures.main([*arguments, *only, "--steps", "26"]) == 0
    told = capsys.readouterr().out
    assert "grey-faces: trained to its end" in told
    assert "explosion: trained to its end" in told
    (file,) = tmp_path.glob("runs/explosion/*/stats.jsonl")
    errors = [row["real_error"] for row in read_rows(file)]
    assert max(errors) > 3 * errors[0]
    for name in only[1:]:
        with Image.open(tmp_path / f"{name}.png") as image:
            assert np.asarray(image).shape == (2 * 34 - 2, 12 * 34 - 2, 3)
        assert (tmp_path / f"{name}.svg").read_text().count("<svg") >= 3
    assert len(list(tmp_path.glob("runs/*/*/report.html"))) == 2


def test_a_data_set_that_is_none_is_one_sentence(failures, tmp_path, capsys):
    missing = str(tmp_path / "missing")
    arguments = ["--data", missing, "--out", str(tmp_path / "out")]
    assert failures.main([*arguments, "--only", "healthy"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("failures.py: ")
    assert error.count("\n") == 1
