"""`tfbegan animate`: a marked video of the sound's length, in step with it."""

import subprocess
import sys

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from tfbegan import Generator, load_generator
from tfbegan.cli.__main__ import main
from tfbegan.config import AudioConfig, FaceConfig, SpeechConfig
from tfbegan.generation.animation import AnimationSettings, animate
from tfbegan.generation.provenance import DIGITAL_SOURCE_TYPE
from tfbegan.models.generator import in_float32

SPEECH = SpeechConfig(
    AudioConfig(), (-200.0,) + (0.0,) * 12, (99.0,) * 13, FaceConfig().mouth_box
)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Untrained generators, by what they take."""
    folder = tmp_path_factory.mktemp("models")
    paths = {}
    for conditioning in ("noise", "audio", "audio+noise", "audio+face"):
        paths[conditioning] = folder / f"{conditioning}.keras"
        Generator(
            32,
            filters=4,
            latent_dim=8,
            conditioning=conditioning,
            speech=None if conditioning == "noise" else SPEECH,
            seed=1,
        ).save(paths[conditioning])
    return paths


@pytest.fixture
def speech(tmp_path):
    path = tmp_path / "speech.wav"
    generator = np.random.default_rng(0)
    samples = generator.normal(0, 0.1, (22_050 * 2, 2))
    soundfile.write(path, samples, 22_050)
    return path


def pictures(path):
    with av.open(str(path)) as container:
        return np.stack(
            [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]
        )


@pytest.mark.parametrize("conditioning", ["audio", "audio+noise"])
@pytest.mark.parametrize("name", ["talk.mp4", "talk.webm", "talk.gif"])
def test_a_video_as_long_as_the_speech(
    models, speech, tmp_path, capsys, conditioning, name
):
    out = tmp_path / name
    source = ["--source", str(models[conditioning])]
    assert main(["animate", str(speech), *source, "-o", str(out)]) == 0
    assert pictures(out).shape == (50, 256, 256, 3)
    with av.open(str(out)) as container:
        assert container.duration / 1e6 == pytest.approx(2, abs=0.04)
        assert bool(container.streams.audio) == (name != "talk.gif")
    assert DIGITAL_SOURCE_TYPE.encode() in out.read_bytes()
    told = capsys.readouterr().out
    assert f"{out}: 50 frames, 2.00 s" in told
    assert "times real time" in told


def test_the_pictures_are_those_of_the_python_call(models, speech, tmp_path):
    out = tmp_path / "talk.mp4"
    options = ["--fps", "30", "--seed", "5", "--scale", "2", "--still-pose"]
    options += ["--truncation", "0.7"]
    source = ["--source", str(models["audio+noise"])]
    assert (
        main(["animate", str(speech), *source, *options, "-o", str(out)]) == 0
    )
    samples, rate = soundfile.read(speech)
    generator = load_generator(models["audio+noise"])
    settings = AnimationSettings(
        fps=30, seed=5, natural_pose=False, truncation=0.7
    )
    expected = np.stack(list(animate(generator, samples, rate, settings)))
    received = pictures(out)
    assert received.shape == (60, 64, 64, 3)
    small = received.reshape(60, 32, 2, 32, 2, 3).mean(axis=(2, 4))
    # An untrained face is noise, which H.264 renders roughly.
    assert np.corrcoef(small.ravel(), expected.ravel())[0, 1] > 0.98


@pytest.mark.parametrize("conditioning", ["audio+noise", "audio+face"])
def test_photographs_say_who_speaks(models, speech, tmp_path, conditioning):
    photographs = []
    for number, colour in enumerate([(250, 200, 180), (90, 60, 50)]):
        photographs.append(tmp_path / f"{number}.png")
        Image.new("RGB", (50, 60), colour).save(photographs[-1])
    videos = []
    for faces in (photographs[:1], photographs[1:], photographs):
        out = tmp_path / f"{len(videos)}.gif"
        given = ["--source", str(models[conditioning]), "--still-pose"]
        given += ["--face", *map(str, faces), "-o", str(out)]
        assert main(["animate", str(speech), *given]) == 0
        videos.append(out.read_bytes())
    assert len(set(videos)) == 3


def test_a_generator_that_is_shown_faces_asks_for_a_photograph(
    models, speech, tmp_path, capsys
):
    """A seed draws no z that it learnt from."""
    out = tmp_path / "talk.mp4"
    given = ["--source", str(models["audio+face"]), "-o", str(out)]
    assert main(["animate", str(speech), *given]) == 2
    told = capsys.readouterr().err
    assert f"{models['audio+face']} makes the face that it is shown." in told
    assert "Name a photograph with --face." in told
    assert not out.exists()


@pytest.mark.parametrize("conditioning", ["audio", "audio+noise"])
def test_articulation_moves_the_mouth(models, speech, tmp_path, conditioning):
    model = in_float32(
        load_generator(models[conditioning]).model, mean_sound=np.zeros(256)
    )
    model.save(tmp_path / "knows.keras")
    source = ["--source", str(tmp_path / "knows.keras"), "--still-pose"]
    if conditioning == "audio":
        source.pop()
    videos = []
    for articulation in ([], ["--articulation", "1"], ["--articulation", "2"]):
        out = tmp_path / f"{len(videos)}.gif"
        options = [*source, *articulation, "-o", str(out)]
        assert main(["animate", str(speech), *options]) == 0
        videos.append(out.read_bytes())
    assert videos[0] == videos[1] != videos[2]


def test_a_generator_that_has_none_refuses_an_articulation(
    models, speech, tmp_path, capsys
):
    out = tmp_path / "talk.mp4"
    for model in (models["audio"], models["audio+noise"]):
        options = ["--source", str(model), "--articulation", "1.5"]
        command = ["animate", str(speech), *options, "-o", str(out)]
        assert main(command) == 2
        assert "no articulation to change" in capsys.readouterr().err
    assert not out.exists()


def test_what_is_read_is_never_written_over(
    models, speech, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    footage = speech.rename("talk.mp4")  # whatever its name says
    content = footage.read_bytes()
    source = ["--source", str(models["audio"])]
    for again in ("talk.mp4", str(tmp_path / "talk.mp4"), "./talk.mp4"):
        assert main(["animate", "talk.mp4", *source, "-o", again]) == 2
        assert "is the file that is read" in capsys.readouterr().err
        assert main(["compare", "talk.mp4", *source, "-o", again]) == 2
        assert "is the file that is read" in capsys.readouterr().err
    assert footage.read_bytes() == content


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["nowhere.wav"], 1, "no file nowhere.wav"),
        (["."], 1, "is no file"),
        (["empty.wav"], 1, "0 bytes"),
        (["text.mp3"], 1, "can't be read as sound"),
        (["nothing.wav"], 1, "0 samples"),
        (["nan.wav"], 1, "no finite number"),
        (["good.wav", "--fps", "0"], 2, "frame rate must be in"),
        (["good.wav", "--scale", "0"], 2, "scale must be in"),
        (["good.wav", "--movement", "9"], 2, "movement must be in"),
        (["good.wav", "--seed", "-1"], 2, "seed must be in"),
        (["good.wav", "--truncation", "2"], 2, "truncation must be in"),
        (["good.wav", "--truncation", "1", "--face", "a.png"], 2, "says who"),
        (
            ["good.wav", "--face", "a.png", "--still-pose", "--seed", "1"],
            2,
            "--seed does nothing here",
        ),
        (["good.wav", "--source", "audio", "--truncation", "1"], 2, "alone"),
        (["good.wav", "--source", "audio", "--seed", "1"], 2, "--seed does"),
        (["good.wav", "--source", "audio", "--still-pose"], 2, "--still-pose"),
        (["good.wav", "--still-pose", "--movement", "0"], 2, "--movement"),
        (["good.wav", "-o", "talk.avi"], 2, "must end in one of"),
        (["good.wav", "-o", "good.wav/talk.mp4"], 1, "can't be written"),
        (["good.wav", "--face", "no.png"], 1, "no picture no.png"),
        (["good.wav", "--source", "noise"], 2, "without sound"),
        (["good.wav", "--source", "audio", "--face", "a.png"], 2, "photograph"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    models, tmp_path, monkeypatch, capsys, arguments, code, told
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.mp3").write_text("no sound")
    samples = np.zeros(16_000, np.float32)
    soundfile.write("good.wav", samples, 16_000)
    soundfile.write("nothing.wav", samples[:0], 16_000)
    samples[9_000] = np.nan
    soundfile.write("nan.wav", samples, 16_000, subtype="FLOAT")
    Image.new("RGB", (9, 9)).save("a.png")
    before = sorted(tmp_path.iterdir())
    if "--source" in arguments:
        place = arguments.index("--source") + 1
        arguments = [*arguments]
        arguments[place] = str(models[arguments[place]])
    else:
        arguments = [*arguments, "--source", str(models["audio+noise"])]
    # A later -o counts.
    assert main(["animate", "-o", "talk.mp4", *arguments]) == code
    error = capsys.readouterr().err
    assert error.startswith("tfbegan: ")
    assert told in error
    assert error.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_a_damaged_file_is_animated_as_far_as_it_goes(
    models, speech, tmp_path, capsys
):
    content = speech.read_bytes()
    speech.write_bytes(content[: len(content) // 2])
    out = tmp_path / "talk.mp4"
    source = ["--source", str(models["audio"])]
    assert main(["animate", str(speech), *source, "-o", str(out)]) == 3
    assert len(pictures(out)) == 25
    error = capsys.readouterr().err
    assert f"{speech} is damaged: its sound ends at 1.00 s" in error
    assert error.count("\n") == 1


def test_both_poses_are_refused_by_the_parser(speech, capsys):
    both = ["--still-pose", "--natural-pose"]
    with pytest.raises(SystemExit) as caught:
        main(["animate", str(speech), *both])
    assert caught.value.code == 2
    assert "not allowed with" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["animate", "compare"])
def test_help_takes_no_tensorflow_and_shows_examples(command):
    code = (
        "import sys; from tfbegan.cli.__main__ import main\n"
        f"try: main([{command!r}, '--help'])\n"
        "except SystemExit: pass\n"
        "assert 'tensorflow' not in sys.modules, 'imported'"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert f"tfbegan {command} interview.mp4 -o" in done.stdout
