"""`tfbegan generate`: every picture carries its mark."""

import shutil

import numpy as np
import pytest
from PIL import Image

from tfbegan import Generator, load_generator
from tfbegan.cli.__main__ import main
from tfbegan.generation.provenance import DIGITAL_SOURCE_TYPE, Provenance


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "faces.keras"
    Generator(32, filters=4, latent_dim=8, seed=1).save(path)
    return str(path)


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_separate_faces_are_those_of_the_grid(model_file, tmp_path, capsys):
    common = ["generate", model_file, "-n", "4", "--seed", "3"]
    grid, folder = tmp_path / "grid.png", tmp_path / "faces"
    assert main([*common, "--columns", "4", "-o", str(grid)]) == 0
    assert main([*common, "--separate", "-o", str(folder)]) == 0
    out = capsys.readouterr().out
    assert f"4 faces of {model_file} in {grid}" in out
    names = sorted(path.name for path in folder.iterdir())
    assert names == [f"face-3-0000{i}.png" for i in range(4)]
    whole = pixels(grid)
    expected = load_generator(model_file).generate(4, seed=3)
    for i, name in enumerate(names):
        np.testing.assert_array_equal(pixels(folder / name), expected[i])
        left = 34 * i
        np.testing.assert_array_equal(whole[:, left : left + 32], expected[i])


def test_every_face_is_marked_with_its_model(model_file, tmp_path):
    assert main(
        ["generate", model_file, "-n", "20", "--separate", "-o", str(tmp_path)]
    ) == 0  # fmt: skip
    expected = Provenance.of_model(load_generator(model_file).model)
    paths = list(tmp_path.glob("*.png"))
    assert len(paths) == 20
    for path in paths:
        with Image.open(path) as image:
            assert image.text["Software"].startswith("tfbegan ")
            xmp = image.text["XML:com.adobe.xmp"]
        assert DIGITAL_SOURCE_TYPE in xmp
        assert expected.model_hash in xmp


def test_equal_seeds_give_equal_files(model_file, tmp_path):
    paths = [tmp_path / f"{name}.png" for name in "abc"]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        arguments = ["generate", model_file, "-n", "3", "--seed", str(seed)]
        assert main([*arguments, "-o", str(path)]) == 0
    first, second, other = (path.read_bytes() for path in paths)
    assert first == second != other


def test_truncated_faces_are_those_of_the_python_call(model_file, tmp_path):
    out = tmp_path / "faces.png"
    arguments = ["generate", model_file, "-n", "1", "--truncation", "0.5"]
    assert main([*arguments, "-o", str(out)]) == 0
    generator = load_generator(model_file)
    expected = generator.generate(1, seed=0, truncation=0.5)[0]
    np.testing.assert_array_equal(pixels(out), expected)
    assert (expected != generator.generate(1, seed=0)[0]).any()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["-n", "0"], 2, "number of faces"),
        (["-n", "100001"], 2, "number of faces"),
        (["--seed", "-1"], 2, "seed must be"),
        (["--truncation", "-1"], 2, "truncation must be in"),
        (["-n", "2", "--columns", "0"], 2, "--columns must be 1 or more"),
        (["--columns", "2", "--separate"], 2, "--columns does nothing"),
        (["-n", "1", "-o", "file/a.png"], 1, "can't be written"),
        (["-n", "1", "-o", "."], 2, "ends in .png"),
        (["-n", "1", "-o", "faces.jpg"], 2, "ends in .png"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    model_file, tmp_path, monkeypatch, capsys, arguments, code, told
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("x")
    assert main(["generate", model_file, *arguments]) == code
    error = capsys.readouterr().err
    assert error.startswith("tfbegan: ")
    assert told in error
    assert error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    "command", [["generate"], ["interpolate", "1", "2", "--source"]]
)
def test_the_generator_is_never_written_over(
    model_file, tmp_path, capsys, command
):
    path = shutil.copy(model_file, tmp_path / "faces.keras")
    content = path.read_bytes()
    assert main([*command, str(path), "-o", str(path)]) == 2
    assert "is the file that is read" in capsys.readouterr().err
    assert path.read_bytes() == content


def test_pictures_and_folders_of_them_do_not_get_in_each_other_s_way(
    model_file, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    command = ["generate", str(model_file), "--count", "2"]
    for _ in range(2):
        assert main(command) == 0
        assert main([*command, "--separate"]) == 0
    assert (tmp_path / "out/faces.png").is_file()
    assert len(list((tmp_path / "out/faces").iterdir())) == 2
    assert main([*command, "--separate", "-o", "faces.PNG"]) == 2
    assert "a folder of pictures, and no .png" in capsys.readouterr().err


def test_a_generator_that_is_shown_faces_draws_none_by_seed(
    shown_model, tmp_path, capsys
):
    out = tmp_path / "faces.png"
    assert main(["generate", str(shown_model), "-o", str(out)]) == 2
    told = capsys.readouterr().err
    assert f"{shown_model} makes the face that it is shown." in told
    assert f"tfbegan animate SPEECH --source {shown_model} --face PHOTO" in told
    assert not out.exists()
