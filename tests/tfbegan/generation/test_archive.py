"""What may be in a model file; hostile ones end in one sentence."""

import json
import struct
import zipfile
import zlib

import pytest

from tfbegan import BEGAN, Generator, ModelConfig, ObjectiveConfig
from tfbegan.errors import ModelFileError
from tfbegan.generation.archive import check_archive
from tfbegan.generation.loading import load_generator

OURS = {
    "class_name": "Generator",
    "module": "tfbegan.models.generator",
    "config": {},
}


def archive(path, config, method=zipfile.ZIP_STORED):
    """A file with the members of a model and nothing behind them."""
    content = config if isinstance(config, bytes) else json.dumps(config)
    with zipfile.ZipFile(path, "w", method) as file:
        file.writestr("metadata.json", "{}")
        file.writestr("config.json", content)
        file.writestr("model.weights.h5", b"x")
    return path


@pytest.fixture(scope="module")
def generator_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "generator.keras"
    Generator(32, filters=4, latent_dim=8, seed=1).save(path)
    return path


def test_our_models_are_known_by_their_class(generator_file, tmp_path):
    assert check_archive(generator_file) == "Generator"
    model = BEGAN(ModelConfig(image_size=32, filters=4, latent_dim=8))
    model.compile()
    model.save(tmp_path / "began.keras")
    assert check_archive(tmp_path / "began.keras") == "BEGAN"


@pytest.mark.parametrize(
    "config",
    [
        [],
        "Generator",
        None,
        {},
        {**OURS, "config": []},
        {**OURS, "class_name": ["Generator"]},
        {**OURS, "class_name": "Autoencoder"},
        {**OURS, "module": "os"},
        {**OURS, "module": None},
        {**OURS, "registered_name": "tfbegan>BEGAN"},
        {**OURS, "registered_name": "Lambda"},
        {**OURS, "registered_name": ["Lambda"]},
        {**OURS, "module": "tfbeganevil.models"},
        {**OURS, "config": {"class_name": ["Lambda"]}},
        {**OURS, "config": {"class_name": {"a": 1}, "module": "keras"}},
        {**OURS, "config": [[{"class_name": "system", "module": "os"}]]},
        {**OURS, "build_config": {"class_name": "Lambda", "module": "keras"}},
    ],
)
def test_what_is_not_ours_is_refused(tmp_path, config):
    path = archive(tmp_path / "evil.keras", config)
    with pytest.raises(ModelFileError, match=r"evil\.keras"):
        check_archive(path)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"NaN"]
)
def test_a_configuration_that_is_no_json_is_refused(tmp_path, content):
    path = archive(tmp_path / "evil.keras", content)
    with pytest.raises(ModelFileError):
        check_archive(path)


@pytest.mark.parametrize("depth", range(100, 1_000, 50))
def test_a_deep_configuration_ends_in_one_sentence(tmp_path, depth):
    # Written by hand: how deep json may go depends on who calls it.
    whole = json.dumps({**OURS, "config": {"surprise": "NESTED"}})
    content = whole.replace('"NESTED"', "[" * depth + "]" * depth).encode()
    path = archive(tmp_path / "evil.keras", content)
    with pytest.raises(ModelFileError, match=r"evil\.keras"):
        load_generator(path)


def test_a_member_that_comes_twice_is_refused(tmp_path):
    path = archive(tmp_path / "evil.keras", OURS)
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        zipfile.ZipFile(path, "a") as file,
    ):
        file.writestr("config.json", "{}")
    with pytest.raises(ModelFileError, match="holds"):
        check_archive(path)


def test_a_member_that_is_missing_is_told(tmp_path):
    with zipfile.ZipFile(tmp_path / "evil.keras", "w") as file:
        file.writestr("config.json", json.dumps(OURS))
    with pytest.raises(ModelFileError, match="holds"):
        check_archive(tmp_path / "evil.keras")


def test_a_large_configuration_is_not_even_read(tmp_path):
    content = json.dumps({**OURS, "config": "x" * (11 << 20)}).encode()
    path = archive(tmp_path / "evil.keras", content)
    with pytest.raises(ModelFileError, match=r"config\.json unpacks to"):
        check_archive(path)


def directory_of(content):
    """Where the central directory's entry of config.json starts."""
    at = content.rindex(b"config.json") - 46
    assert content[at : at + 4] == b"PK\x01\x02"
    return at


def encrypted(content):
    """The flag of encryption, in both headers."""
    start = content.index(b"config.json") - 30
    content[start + 6] |= 1
    content[directory_of(content) + 8] |= 1


def of_an_unknown_compression(content):
    start = content.index(b"config.json") - 30
    for at in (start + 8, directory_of(content) + 10):
        content[at : at + 2] = struct.pack("<H", 97)


def with_broken_compression(content):
    packed = zlib.compress(json.dumps(OURS).encode())[2:-4]
    at = content.index(b"config.json") + len(b"config.json")
    content[at : at + len(packed) // 2] = b"\xff" * (len(packed) // 2)


@pytest.mark.parametrize(
    "spoil", [encrypted, of_an_unknown_compression, with_broken_compression]
)
def test_a_member_that_cannot_be_unpacked_is_refused(tmp_path, spoil):
    path = archive(tmp_path / "evil.keras", OURS, zipfile.ZIP_DEFLATED)
    assert check_archive(path) == "Generator"
    content = bytearray(path.read_bytes())
    spoil(content)
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="or a damaged one"):
        check_archive(path)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9])
def test_one_bit_in_the_weights_is_noticed(generator_file, tmp_path, share):
    content = bytearray(generator_file.read_bytes())
    with zipfile.ZipFile(generator_file) as file:
        weights = file.getinfo("model.weights.h5")
    content[weights.header_offset + int(share * weights.file_size)] ^= 16
    path = tmp_path / "damaged.keras"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"damaged\.keras"):
        load_generator(path)


def rewritten(source, target, **changes):
    """A real model whose configuration differs from its weights."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                config = json.loads(content)
                config["config"].update(changes)
                content = json.dumps(config).encode()
            new.writestr(name, content)
    return target


@pytest.mark.parametrize(
    "changes",
    [
        {"filters": 5},
        {"latent_dim": 9},
        {"image_size": 64},
        {"image_size": 33},
        {"filters": "four"},
        {"filters": -1},
        {"latent_dim": None},
        {"surprise": 1},
        {"filters": 10**6, "latent_dim": 10**6},
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(
    generator_file, tmp_path, changes
):
    path = rewritten(generator_file, tmp_path / "odd.keras", **changes)
    with pytest.raises(ModelFileError, match=r"odd\.keras"):
        load_generator(path)


# Models that hear


@pytest.fixture(scope="module", params=["audio", "audio+noise", "audio+face"])
def sound_file(request, tmp_path_factory, small_speech):
    path = tmp_path_factory.mktemp("sound") / "generator.keras"
    Generator(
        32, 4, 8, conditioning=request.param, speech=small_speech, seed=1
    ).save(path)
    return path


def test_a_generator_that_hears_is_known(sound_file):
    assert check_archive(sound_file) == "Generator"
    assert load_generator(sound_file).model.takes_sound


@pytest.mark.parametrize(
    "changes",
    [
        {"articulation": "1"},
        {"articulation": None},
        {"articulation": float("nan")},
        {"articulation": 1e9},
        {"mean_sound": [0.1]},
        {"mean_sound": [[0.1] * 256] * 2},
        {"mean_sound": [float("inf")] * 256},
        {"mean_sound": "loud"},
        {"pose": [[0.1]]},
        {"blinking": "often"},
        {"blinking": {"shut": [], "telling": [], "open_at": 0}},
    ],
)
def test_what_was_found_at_the_end_must_make_sense(
    sound_file, tmp_path, changes
):
    path = rewritten(sound_file, tmp_path / "odd.keras", **changes)
    with pytest.raises(ModelFileError, match=r"odd\.keras"):
        load_generator(path)


def test_a_began_with_a_critic_is_known(tmp_path, small_speech):
    model = BEGAN(
        ModelConfig(conditioning="audio", image_size=32, filters=4),
        ObjectiveConfig(sync=1.0),
        small_speech,
    )
    model.compile()
    model.save(tmp_path / "began.keras")
    assert check_archive(tmp_path / "began.keras") == "BEGAN"
    assert load_generator(tmp_path / "began.keras").conditioning == "audio"


HUGE = 10**9 + 1


def front_end(speech, **audio):
    content = json.loads(json.dumps(speech.to_dict()))
    content["audio"].update(audio)
    return content


@pytest.mark.parametrize(
    "audio",
    [
        {"window_frames": HUGE},
        {"window_frames": -1},
        {"window_frames": "11"},
        {"n_mfcc": HUGE},
        {"n_mfcc": HUGE, "n_mels": HUGE},
        {"window_frames": 1_001, "n_mfcc": 40},
        {"n_mfcc": 5},
        {"n_mels": None},
        {"surprise": 1},
    ],
)
def test_a_hostile_front_end_is_refused_before_it_has_weights(
    sound_file, tmp_path, monkeypatch, small_speech, audio
):
    monkeypatch.setattr("keras.models.load_model", None)
    speech = front_end(small_speech, **audio)
    path = rewritten(sound_file, tmp_path / "evil.keras", speech=speech)
    with pytest.raises(ModelFileError, match=r"evil\.keras is refused: "):
        load_generator(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"look_flow": HUGE},
        {"look_flow": 5_000},
        {"filters": HUGE},
        {"untied_bias": "x"},
        {"skip_connections": 3},
    ],
)
def test_hostile_sizes_are_refused_before_there_are_weights(
    sound_file, tmp_path, monkeypatch, changes
):
    monkeypatch.setattr("keras.models.load_model", None)
    path = rewritten(sound_file, tmp_path / "evil.keras", **changes)
    with pytest.raises(ModelFileError, match=r"evil\.keras is refused: "):
        load_generator(path)


@pytest.mark.parametrize("name", ["audio", "mfcc_mean", "mfcc_std"])
@pytest.mark.parametrize("value", [None, 3, "x", [], {}, [1e400] * 4])
def test_a_front_end_of_other_types_is_refused(
    sound_file, tmp_path, small_speech, name, value
):
    speech = {**front_end(small_speech), name: value}
    if name == "audio" and value == {}:
        speech["mfcc_mean"] = []
    path = rewritten(sound_file, tmp_path / "evil.keras", speech=speech)
    with pytest.raises(ModelFileError, match=r"evil\.keras"):
        check_archive(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"speech": None},
        {"speech": []},
        {"speech": {}},
        {"speech": "x"},
        {"conditioning": "noise"},
        {"conditioning": "smell"},
        {"conditioning": ["audio"]},
        {"audio_encoder": "full"},
        {"audio_encoder": "huge"},
        {"audio_encoder": {"a": 1}},
        {"film": 1},
    ],
)
def test_a_configuration_that_does_not_fit_its_sound_is_refused(
    sound_file, tmp_path, changes
):
    path = rewritten(sound_file, tmp_path / "odd.keras", **changes)
    with pytest.raises(ModelFileError, match=r"odd\.keras"):
        load_generator(path)


def test_a_hostile_front_end_of_a_whole_began_is_refused(
    tmp_path, small_speech
):
    model = BEGAN(
        ModelConfig(conditioning="audio", image_size=32, filters=4),
        None,
        small_speech,
    )
    model.compile()
    model.save(tmp_path / "began.keras")
    speech = front_end(small_speech, window_frames=HUGE)
    path = rewritten(
        tmp_path / "began.keras", tmp_path / "evil.keras", speech=speech
    )
    with pytest.raises(ModelFileError, match=r"evil\.keras is refused: "):
        check_archive(path)
