"""`tfbegan report`: the page where it is asked for."""

import shutil

import pytest

from tfbegan.cli.__main__ import main


def test_bad_input_is_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for arguments, code in (
        (["report"], 1),
        (["report", "nowhere"], 1),
        (["report", "."], 1),
        (["report", ".", "-o", "page.txt"], 2),
    ):
        assert main(arguments) == code
        error = capsys.readouterr().err
        assert error.startswith("tfbegan: ")
        assert error.count("\n") == 1


@pytest.mark.slow
def test_the_newest_run_is_reported(tiny_run, tmp_path, monkeypatch, capsys):
    runs = tmp_path / "runs"
    run = shutil.copytree(tiny_run.path, runs / tiny_run.path.name)
    (run / "report.html").unlink()
    monkeypatch.chdir(tmp_path)
    assert main(["report"]) == 0
    page = run / "report.html"
    assert f"runs/{run.name}/report.html" in capsys.readouterr().out
    text = page.read_text()
    assert "step 12 of 12" in text
    assert "spread of the faces" in text
    assert "puppets" in text
    assert main(["report", str(run), "-o", "there/page.html"]) == 0
    assert "step 12 of 12" in (tmp_path / "there" / "page.html").read_text()
