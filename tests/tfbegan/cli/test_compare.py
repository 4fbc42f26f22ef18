"""`tfbegan compare`: real on the left, generated on the right, in step."""

import io

import av
import numpy as np
import pytest
from PIL import Image

from tfbegan import Generator, load_generator
from tfbegan.cli.__main__ import main
from tfbegan.config import AudioConfig, FaceConfig, SpeechConfig
from tfbegan.generation.provenance import DIGITAL_SOURCE_TYPE

SPEECH = SpeechConfig(
    AudioConfig(), (-200.0,) + (0.0,) * 12, (99.0,) * 13, FaceConfig().mouth_box
)


TRUNCATED_FACE = ["--face", "a.png", "--truncation", "1"]


def save_model(path, conditioning, speech=SPEECH, size=32):
    Generator(
        size,
        filters=4,
        latent_dim=8,
        conditioning=conditioning,
        speech=None if conditioning == "noise" else speech,
        seed=1,
    ).save(path)
    return str(path)


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    return save_model(folder / "faces.keras", "audio+noise")


def decoded(path):
    with av.open(str(path)) as container:
        rate = container.streams.video[0].average_rate
        pictures = [
            frame.to_ndarray(format="rgb24")
            for frame in container.decode(video=0)
        ]
        return np.stack(pictures), float(rate), bool(container.streams.audio)


def test_a_video_stands_beside_what_its_sound_makes(
    model_file, footage, tmp_path, capsys
):
    out = tmp_path / "side.mp4"
    arguments = ["--source", model_file, "-o", str(out)]
    assert main(["compare", str(footage / "film.mp4"), *arguments]) == 0
    pictures, rate, has_sound = decoded(out)
    assert has_sound
    assert rate == 25
    with av.open(str(footage / "film.mp4")) as container:
        real = [
            frame.to_ndarray(format="rgb24")
            for frame in container.decode(video=0)
        ]
        stream = container.streams.audio[0]
        seconds = float(stream.duration * stream.time_base)
    assert len(pictures) == pytest.approx(seconds * 25, abs=2)
    width = round(real[0].shape[1] * 256 / real[0].shape[0])
    assert pictures.shape[1:] == (280, -(-(width + 4 + 256) // 2) * 2, 3)
    for number in (0, 20, 40):
        shown = pictures[number][24:, :width].astype(int)
        means = shown.mean(axis=(0, 1)), real[number].mean(axis=(0, 1))
        np.testing.assert_allclose(*means, atol=4)
    assert DIGITAL_SOURCE_TYPE.encode() in out.read_bytes()
    assert "times real time" in capsys.readouterr().out


@pytest.mark.parametrize("conditioning", ["audio", "audio+noise", "audio+face"])
def test_held_out_clips_stand_beside_their_copies(
    tiny_dataset, tmp_path, conditioning
):
    source = save_model(tmp_path / "model.keras", conditioning)
    out = tmp_path / "side.mp4"
    arguments = ["--data", str(tiny_dataset), "--clips", "2"]
    arguments += ["--source", source, "-o", str(out)]
    assert main(["compare", *arguments]) == 0
    pictures, rate, has_sound = decoded(out)
    assert not has_sound
    assert rate == 25
    # Every frame of a clip of this data set has a colour of its own.
    from tfbegan.data.dataset import open_dataset

    clips = list(open_dataset(tiny_dataset).clips("validation"))[:2]
    assert len(pictures) == sum(len(clip["frames"]) for clip in clips)
    colours = pictures[:, 100, 100]
    assert len({tuple(colour // 8) for colour in colours}) == len(colours)


def test_film_strips_have_the_real_faces_over_the_generated_ones(
    model_file, tiny_dataset, tmp_path, capsys
):
    out = tmp_path / "strips.png"
    arguments = ["--data", str(tiny_dataset), "--split", "train"]
    arguments += ["--clips", "2", "--source", model_file, "-o", str(out)]
    assert main(["compare", *arguments]) == 0
    assert "real faces, and generated ones below" in capsys.readouterr().out
    pixels = np.asarray(Image.open(out))
    assert pixels.shape == (4 * 34 - 2, 16 * 34 - 2, 3)
    assert DIGITAL_SOURCE_TYPE.encode() in out.read_bytes()
    from tfbegan.data.dataset import open_dataset

    clips = list(open_dataset(tiny_dataset).clips("train"))
    chosen = clips[0], clips[len(clips) // 2]
    for row, clip in zip((0, 2), chosen, strict=True):
        count = len(clip["frames"])
        for column in range(16):
            corner = pixels[row * 34 :, column * 34 :][:32, :32]
            if column >= count:
                assert (corner == 255).all()
                continue
            real = Image.open(io.BytesIO(clip["frames"][column]))
            np.testing.assert_array_equal(corner, np.asarray(real))
            below = pixels[(row + 1) * 34 :, column * 34 :][:32, :32]
            assert np.ptp(below) > 0


@pytest.mark.parametrize("name", ["side.gif", "strips.png"])
def test_articulation_moves_the_mouths(
    model_file, footage, tiny_dataset, tmp_path, name
):
    model = load_generator(model_file).model
    model.mean_sound = np.zeros(256)
    model.save(tmp_path / "knows.keras")
    if name == "strips.png":
        what = ["--data", str(tiny_dataset), "--split", "train", "--clips", "1"]
    else:
        what = [str(footage / "film.mp4"), "--still-pose"]
    pictures = []
    for articulation in ([], ["--articulation", "1"], ["--articulation", "2"]):
        out = tmp_path / f"{len(pictures)}-{name}"
        options = ["--source", str(tmp_path / "knows.keras"), *articulation]
        assert main(["compare", *what, *options, "-o", str(out)]) == 0
        pictures.append(out.read_bytes())
    assert pictures[0] == pictures[1] != pictures[2]


def test_the_clips_come_from_all_over_the_split(tiny_dataset, tmp_path):
    source = save_model(tmp_path / "model.keras", "audio")
    lengths = []
    for clips in ("1", "2", "4", "99"):
        out = tmp_path / "side.gif"
        arguments = ["--split", "train", "--clips", clips, "-o", str(out)]
        arguments += ["--data", str(tiny_dataset), "--source", source]
        assert main(["compare", *arguments]) == 0
        lengths.append(len(decoded(out)[0]))
    assert lengths == sorted(set(lengths))


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ([], 2, "either a VIDEO or --data"),
        (["a.mp4", "--data", "."], 2, "Received: both"),
        (["a.mp4", "--clips", "2"], 2, "--clips is of a data set"),
        (["a.mp4", "--split", "train"], 2, "--split is of a data set"),
        (["a.mp4", "-o", "strips.png"], 2, "Name a video, such as"),
        (["--data", "DATA", "--fps", "25"], 2, "--fps is for a video"),
        (["--data", "DATA", "--seed", "3"], 2, "--seed does nothing"),
        (["--data", "DATA", "--movement", "0"], 2, "--movement does nothing"),
        (["--data", "DATA", "--truncation", "1"], 2, "each clip shows who"),
        (["--data", "DATA", "--natural-pose"], 2, "--natural-pose does noth"),
        (["--data", "DATA", "--still-pose"], 2, "--still-pose does nothing"),
        (
            ["--data", "DATA", *TRUNCATED_FACE, "-o", "sub/a.mp4"],
            2,
            "--face says",
        ),
        (["nowhere.mp4"], 1, "no file nowhere.mp4"),
        (["--data", "nowhere"], 1, "no folder"),
        (["--data", "DATA", "--clips", "0"], 2, "at least 1"),
        (["--data", "DATA", "--split", "test"], 1, "no split 'test'"),
        (["--data", "DATA", "-o", "side.avi"], 2, "must end in"),
        (["--data", "DATA", "--source", "NOISE"], 2, "without sound"),
        (["--data", "DATA", "--source", "OTHER"], 2, "window_frames is 35,"),
        (["--data", "DATA", "--source", "LARGE"], 2, "faces of 64 pixels"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    model_file,
    tiny_dataset,
    tmp_path,
    tmp_path_factory,
    monkeypatch,
    capsys,
    arguments,
    code,
    told,
):
    models = tmp_path_factory.mktemp("models")
    other = SPEECH.replace(audio=AudioConfig(window_frames=33))
    names = {"DATA": str(tiny_dataset)}
    if "NOISE" in arguments:
        names["NOISE"] = save_model(models / "a.keras", "noise")
    if "LARGE" in arguments:
        names["LARGE"] = save_model(models / "c.keras", "audio+noise", size=64)
    if "OTHER" in arguments:
        names["OTHER"] = save_model(models / "b.keras", "audio", other)
    arguments = [names.get(argument, argument) for argument in arguments]
    if "--source" not in arguments:
        arguments += ["--source", model_file]
    monkeypatch.chdir(tmp_path)
    assert main(["compare", *arguments]) == code
    error = capsys.readouterr().err
    assert error.startswith("tfbegan: ")
    assert told in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
