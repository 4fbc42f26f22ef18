"""`tfbegan find-rate`: a number to give to train.py, and where it is from."""

import json
import re

import numpy as np
import pytest

from tfbegan.cli.__main__ import main
from tfbegan.training import rate_finder
from tfbegan.training.rate_finder import RateSearch


@pytest.mark.slow
def test_it_suggests_a_rate_and_shows_why(puppet_dataset, capsys):
    arguments = ["--filters", "4", "--latent-dim", "8", "--clip-norm", "0"]
    data = ["--data", str(puppet_dataset)]
    assert main(["find-rate", *data, *arguments, "--highest", "100"]) == 0
    out = capsys.readouterr().out
    rows = re.findall(r"^ +([\d.e+-]+) +([\d.]+)  (#+)$", out, re.MULTILINE)
    rates = np.array([float(rate) for rate, _, _ in rows])
    assert len(rates) >= 10
    assert (np.diff(rates) > 0).all()
    suggested = float(re.search(r"--learning-rate ([\d.e-]+)$", out)[1])
    diverged = float(re.search(r"At ([\d.e+-]+) it diverged", out)[1])
    assert rates[0] < suggested < diverged
    longest = max(rows, key=lambda row: len(row[2]))
    assert float(longest[1]) == max(float(error) for _, error, _ in rows)


def test_a_rate_below_the_floor_comes_with_a_lower_floor(
    puppet_dataset, capsys, monkeypatch
):
    found = RateSearch(np.array([1e-6]), np.array([0.1]), 1e-6, None)
    monkeypatch.setattr(rate_finder, "find_rate", lambda *_: found)
    assert main(["find-rate", "--data", str(puppet_dataset)]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    options = last.removeprefix("Suggested: ").split()
    assert main(["train", "--dry-run", *options]) == 0
    settings = json.loads(capsys.readouterr().out)["training"]
    assert settings["learning_rate"] == settings["min_learning_rate"] == 1e-6


@pytest.mark.parametrize(
    "wrong",
    [
        ["--lowest", "0"],
        ["--lowest", "1", "--highest", "0.1"],
        ["--trials", "5"],
        ["--lowest", "nan"],
    ],
)
def test_a_range_that_is_none_is_wrong_usage(wrong, capsys):
    assert main(["find-rate", "--data", "anywhere", *wrong]) == 2
    error = capsys.readouterr().err
    assert "0 < lowest < highest" in error
    assert error.count("\n") == 1


def test_a_data_set_that_is_none_is_told(tmp_path, capsys):
    assert main(["find-rate", "--data", str(tmp_path)]) == 1
    assert "Traceback" not in capsys.readouterr().err
