"""`tfbegan interpolate`: from left to right, with the photographs."""

import itertools

import numpy as np
import pytest
from PIL import Image

from tfbegan import Generator, load_generator
from tfbegan.cli.__main__ import main
from tfbegan.generation.latents import draw_latents
from tfbegan.generation.loading import to_uint8


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "faces.keras"
    generator = Generator(32, filters=4, latent_dim=8, seed=1)
    # A new model's faces hardly show z.
    kernel = generator.decoder.to_map.kernel
    kernel.assign(4 * kernel)
    generator.save(path)
    return str(path)


def faces_of(path, count):
    with Image.open(path) as image:
        row = np.asarray(image)
    assert row.shape == (32, count * 34 - 2, 3)
    return [row[:, 34 * i : 34 * i + 32] for i in range(count)]


def test_the_way_between_two_seeds_has_both_ends(model_file, tmp_path, capsys):
    out = tmp_path / "path.png"
    arguments = ["--source", model_file, "--steps", "5", "-o", str(out)]
    assert main(["interpolate", "1", "2", *arguments]) == 0
    faces = faces_of(out, 5)
    generator = load_generator(model_file)
    for face, seed in ((faces[0], 1), (faces[-1], 2)):
        expected = to_uint8(generator.decode(draw_latents(1, 8, seed)))[0]
        np.testing.assert_allclose(face, expected, atol=1)
    differences = [
        np.abs(a.astype(int) - b).mean() for a, b in itertools.pairwise(faces)
    ]
    assert min(differences) > 0
    told = capsys.readouterr().out
    assert "Seed 1" in told
    assert "Seed 2" in told


def test_photographs_stand_at_the_outer_ends(model_file, tmp_path, capsys):
    photographs = []
    for index, colour in enumerate([(250, 10, 10), (10, 10, 250)]):
        photographs.append(tmp_path / f"{index}.png")
        Image.new("RGB", (50, 50), colour).save(photographs[-1])
    out = tmp_path / "path.png"
    fast = ["--steps", "2", "--search-steps", "2", "-o", str(out)]
    names = [str(path) for path in photographs]
    arguments = ["interpolate", *names, "--source", model_file, *fast]
    assert main(arguments) == 0
    faces = faces_of(out, 4)
    assert (faces[0] == (250, 10, 10)).all()
    assert (faces[3] == (10, 10, 250)).all()
    assert capsys.readouterr().out.count("mean absolute error of ") == 2


@pytest.mark.slow
def test_a_face_of_the_model_is_found_again(model_file, tmp_path):
    face = load_generator(model_file).generate(1, seed=9)[0]
    Image.fromarray(face).save(tmp_path / "face.png")
    out = tmp_path / "path.png"
    arguments = ["--source", model_file, "--steps", "2", "-o", str(out)]
    assert main(
        ["interpolate", str(tmp_path / "face.png"), "4", *arguments]
    ) == 0  # fmt: skip
    photograph, found, other = (face.astype(int) for face in faces_of(out, 3))
    error = np.abs(photograph - found).mean()
    assert error < 0.1 * np.abs(photograph - other).mean()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["1", "2", "--steps", "1"], 2, "must be in [2, 100000]"),
        (["1", "nowhere.png"], 1, "no picture nowhere.png"),
        (["1", "."], 1, "can't be read"),
        (["1", str(2**70)], 2, "seed must be"),
        (["1", "2", "-o", "path.jpg"], 2, "ends in .png"),
    ],
)
def test_bad_input_is_one_sentence(
    model_file, tmp_path, monkeypatch, capsys, arguments, code, told
):
    monkeypatch.chdir(tmp_path)
    assert main(["interpolate", *arguments, "--source", model_file]) == code
    error = capsys.readouterr().err
    assert error.startswith("tfbegan: ")
    assert told in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_photograph_is_never_written_over(model_file, tmp_path, capsys):
    path = tmp_path / "me.png"
    Image.new("RGB", (50, 50), (200, 150, 120)).save(path)
    content = path.read_bytes()
    command = ["interpolate", str(path), "1", "-o", str(path)]
    assert main([*command, "--source", str(model_file)]) == 2
    assert "is the file that is read" in capsys.readouterr().err
    assert path.read_bytes() == content


def test_a_face_that_is_shown_has_no_seed(shown_model, tmp_path, capsys):
    out = tmp_path / "path.png"
    command = ["interpolate", "--source", str(shown_model), "-o", str(out)]
    photographs = []
    for index in range(2):
        photographs.append(str(tmp_path / f"{index}.png"))
        Image.new("RGB", (50, 50), (90 * index, 9, 99)).save(photographs[-1])
    assert main([*command, photographs[0], "7"]) == 2
    told = capsys.readouterr().err
    assert "both ends of the way are photographs. Received: the seed 7" in told
    assert not out.exists()
    assert main([*command, *photographs]) == 0
    assert out.is_file()
