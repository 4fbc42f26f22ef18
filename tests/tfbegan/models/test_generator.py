"""A generator that hears: what goes in, what it looks at, what comes out."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfbegan import Generator
from tfbegan.errors import ConfigError
from tfbegan.models.generator import in_float32

RNG = np.random.default_rng(0)
WITH_SOUND = ["audio", "audio+noise", "audio+face"]
WITH_LOOK = WITH_SOUND[1:]


def make(conditioning, speech, **changes):
    settings = {"filters": 4, "latent_dim": 5, "seed": 1, **changes}
    return Generator(32, conditioning=conditioning, speech=speech, **settings)


def sounds(count, speech):
    normalised = RNG.normal(size=(count, 11, 4))
    raw = normalised * speech.mfcc_std + speech.mfcc_mean
    return raw.astype(np.float32)


def inputs_of(generator, count=3):
    inputs = {"mfcc": sounds(count, generator.speech)}
    if generator.has_look:
        inputs["noise"] = RNG.uniform(-1, 1, (count, 5)).astype(np.float32)
    return inputs


def stirred(generator):
    """With modulations that are no longer the identity."""
    for block in generator.decoder.blocks:
        for film in block.modulations:
            kernel = film.modulation.kernel
            kernel.assign(RNG.normal(0, 0.1, kernel.shape))
    return generator


@pytest.mark.parametrize("conditioning", WITH_SOUND)
@pytest.mark.parametrize("film", [True, False])
def test_shapes_with_every_conditioning(small_speech, conditioning, film):
    generator = make(conditioning, small_speech, film=film)
    built = len(generator.weights)
    inputs = inputs_of(generator)
    faces = generator(inputs)
    assert faces.shape == (3, 32, 32, 3)
    assert faces.dtype == "float32"
    shapes = {name: value.shape for name, value in inputs.items()}
    assert generator.compute_output_shape(shapes) == (3, 32, 32, 3)
    symbolic = generator(
        {n: keras.Input(v.shape[1:]) for n, v in inputs.items()}
    )
    assert symbolic.shape == (None, 32, 32, 3)
    assert len(generator.weights) == built
    assert generator.takes_sound
    assert generator.has_look == (conditioning != "audio")
    if generator.has_look:
        assert generator.look(faces).shape == (3, 5)
    else:
        assert generator.look_encoder is None


def test_without_sound_it_is_the_papers_generator():
    generator = Generator(32, filters=4, latent_dim=5, seed=1)
    assert not generator.takes_sound
    assert not generator.has_look
    assert generator.audio_encoder is None
    assert not [w for w in generator.weights if "film" in w.path]
    assert len(generator.weights) == len(generator.decoder.weights)


@pytest.mark.parametrize("conditioning", WITH_SOUND)
def test_sound_needs_a_front_end(conditioning):
    with pytest.raises(ConfigError, match=r"needs `speech`.*Received"):
        make(conditioning, None)


@pytest.mark.parametrize("conditioning", WITH_SOUND)
@pytest.mark.parametrize("film", [True, False])
def test_the_sound_changes_the_face(small_speech, conditioning, film):
    generator = make(conditioning, small_speech, film=film)
    inputs = inputs_of(generator)
    other = {**inputs, "mfcc": inputs["mfcc"][::-1].copy()}
    faces, others = np.array(generator(inputs)), np.array(generator(other))
    assert np.abs(faces - others)[[0, 2]].max() > 1e-3
    np.testing.assert_array_equal(faces[1], others[1])


@pytest.mark.parametrize("conditioning", WITH_LOOK)
def test_the_noise_changes_the_face(small_speech, conditioning):
    generator = make(conditioning, small_speech)
    inputs = inputs_of(generator)
    other = {**inputs, "noise": -inputs["noise"]}
    difference = np.array(generator(inputs)) - np.array(generator(other))
    assert np.abs(difference).max(axis=(1, 2, 3)).min() > 1e-3


def test_audio_alone_does_not_look_at_the_noise(small_speech):
    generator = make("audio", small_speech)
    inputs = inputs_of(generator)
    noise = RNG.uniform(-1, 1, (3, 5)).astype(np.float32)
    np.testing.assert_array_equal(
        generator(inputs), generator({**inputs, "noise": noise})
    )
    sound = generator.hear(inputs["mfcc"])
    np.testing.assert_array_equal(
        generator.paint(None, sound), generator.paint(noise, sound)
    )


def test_with_film_the_sound_modulates_and_without_it_does_not(small_speech):
    with_film = make("audio+noise", small_speech)
    without = make("audio+noise", small_speech, film=False)
    inputs = inputs_of(with_film)
    # At first, modulation is the identity, and the seeds are the same.
    np.testing.assert_array_equal(with_film(inputs), without(inputs))
    before = np.array(with_film(inputs))
    assert np.abs(before - np.array(stirred(with_film)(inputs))).max() > 1e-3
    assert not any(block.modulations for block in without.decoder.blocks)
    assert len(with_film.weights) == len(without.weights) + 2 * 2 * 3


@pytest.mark.parametrize("conditioning", WITH_LOOK)
def test_the_look_does_not_see_the_mouth(small_speech, conditioning):
    generator = make(conditioning, small_speech)
    rows, columns = generator.mouth_slices
    assert (rows, columns) == (slice(16, 30), slice(8, 24))
    images = tf.constant(RNG.uniform(-1, 1, (2, 32, 32, 3)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(tf.square(generator.look(images)))
    gradient = np.array(tape.gradient(total, images))
    assert not gradient[:, rows, columns].any()
    outside = np.ones((32, 32), bool)
    outside[rows, columns] = False
    assert (np.abs(gradient[:, outside]).max(axis=(0, 2)) > 0).all()


@pytest.mark.parametrize("audio_encoder", ["compact", "full"])
def test_raw_windows_are_normalised_inside(small_speech, audio_encoder):
    generator = make("audio", small_speech, audio_encoder=audio_encoder)
    plain = make(
        "audio",
        small_speech.replace(mfcc_mean=(0.0,) * 4, mfcc_std=(1.0,) * 4),
        audio_encoder=audio_encoder,
    )
    raw = sounds(3, small_speech)
    normalised = (raw - small_speech.mfcc_mean) / small_speech.mfcc_std
    np.testing.assert_allclose(
        generator.hear(raw), plain.hear(normalised.astype("f4")), atol=1e-4
    )


def test_the_compact_encoder_is_small(small_speech):
    speech = small_speech.replace(
        audio=small_speech.audio.replace(window_frames=35, n_mfcc=13),
        mfcc_mean=(0.0,) * 13,
        mfcc_std=(1.0,) * 13,
    )
    compact, full = (
        make("audio", speech, audio_encoder=size).audio_encoder.count_params()
        for size in ("compact", "full")
    )
    assert 30 < full / compact < 50


def a_little_apart(count):
    """Windows that differ by less than bfloat16 tells apart at -300."""
    windows = np.zeros((count, 11, 4), np.float32)
    windows[..., 0] = -299.5 + np.arange(count)[:, None] / count
    return windows


@pytest.mark.parametrize("conditioning", WITH_SOUND)
def test_half_precision_hears_the_decimals_of_raw_windows(
    small_speech, conditioning
):
    """c0 is some hundreds: cast before it is normalised, it is a staircase."""
    speech = small_speech.replace(mfcc_std=(0.5, 30.0, 20.0, 10.0))
    generator = make(conditioning, speech, dtype="mixed_bfloat16")
    inputs = {**inputs_of(generator, 4), "mfcc": a_little_apart(4)}
    if generator.has_look:
        inputs["noise"][:] = 0.5
    faces = np.array(generator(inputs))
    assert np.isfinite(faces).all()
    for i in range(3):
        assert np.abs(faces[i] - faces[i + 1]).max() > 0


@pytest.mark.parametrize("conditioning", WITH_SOUND)
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_save_and_load(small_speech, tmp_path, conditioning, dtype):
    generator = stirred(
        make(conditioning, small_speech, dtype=dtype, vanishing_residuals=True)
    )
    generator.set_carry(0.5)
    inputs = inputs_of(generator)
    generator.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.speech == small_speech
    assert loaded.conditioning == conditioning
    np.testing.assert_array_equal(generator(inputs), loaded(inputs))


@pytest.mark.parametrize("conditioning", WITH_SOUND)
def test_the_copy_in_float32_has_the_same_weights(small_speech, conditioning):
    half = stirred(make(conditioning, small_speech, dtype="mixed_bfloat16"))
    whole = in_float32(half)
    assert whole.compute_dtype == "float32"
    for a, b in zip(half.weights, whole.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    inputs = inputs_of(half)
    difference = np.abs(np.array(half(inputs)) - np.array(whole(inputs)))
    assert difference.mean() < 0.03 * np.abs(whole(inputs)).mean()


def test_equal_seeds_give_equal_weights_and_others_do_not(small_speech):
    a, b, c = (make("audio+noise", small_speech, seed=s) for s in (1, 1, 2))
    for first, second in zip(a.weights, b.weights, strict=True):
        np.testing.assert_array_equal(first, second)
    for part in ("audio_encoder", "look_encoder", "decoder"):
        first, other = (getattr(g, part).weights[0] for g in (a, c))
        assert np.abs(np.array(first) - np.array(other)).max() > 0.01


# The flow


def with_flow(speech, **changes):
    """A generator whose flow is no longer the one it starts as."""
    generator = make("audio+noise", speech, look_flow=4, **changes)
    weights = generator.flow.get_weights()
    rng = np.random.default_rng(3)
    generator.flow.set_weights(
        [w + rng.normal(0, 0.1, w.shape) for w in weights]
    )
    return generator


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_a_flow_makes_the_look_code_of_z(small_speech, dtype):
    generator = with_flow(small_speech, dtype=dtype)
    assert generator.flow.compute_dtype == "float32"
    inputs = inputs_of(generator)
    codes = generator.code_of(inputs["noise"])
    assert np.abs(np.array(codes) - inputs["noise"]).max() > 0.01
    np.testing.assert_array_equal(
        generator(inputs),
        generator.paint(codes, generator.hear(inputs["mfcc"])),
    )
    without = make("audio+noise", small_speech)
    np.testing.assert_array_equal(
        without.code_of(inputs["noise"]), inputs["noise"]
    )
    assert without.flow is None


def test_the_look_of_a_face_is_the_z_that_gives_its_code(small_speech):
    generator = with_flow(small_speech)
    images = RNG.uniform(-1, 1, (3, 32, 32, 3)).astype(np.float32)
    noise, codes = generator.look(images), generator.encode(images)
    assert np.abs(np.array(noise)).max() <= 1
    assert np.abs(np.array(noise) - np.array(codes)).max() > 0.01
    np.testing.assert_allclose(generator.code_of(noise), codes, atol=1e-4)
    without = make("audio+noise", small_speech)
    np.testing.assert_array_equal(without.look(images), without.encode(images))


@pytest.mark.parametrize("conditioning", ["noise", "audio", "audio+face"])
def test_where_z_is_not_drawn_for_a_look_there_is_no_flow(
    small_speech, conditioning
):
    speech = None if conditioning == "noise" else small_speech
    with_one = make(conditioning, speech, look_flow=4)
    assert with_one.flow is None
    assert len(with_one.weights) == len(make(conditioning, speech).weights)


def test_a_flow_is_saved(small_speech, tmp_path):
    generator = with_flow(small_speech)
    generator.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    inputs = inputs_of(generator)
    np.testing.assert_array_equal(generator(inputs), loaded(inputs))
    np.testing.assert_array_equal(in_float32(loaded)(inputs), loaded(inputs))


def test_the_pose_is_kept_with_the_model(small_speech, tmp_path):
    axes = RNG.normal(size=(3, 5)).astype(np.float32)
    generator = make("audio+noise", small_speech, pose=axes)
    generator.save(tmp_path / "generator.keras")
    again = keras.models.load_model(tmp_path / "generator.keras")
    np.testing.assert_array_equal(again.pose, axes)
    np.testing.assert_array_equal(in_float32(again).pose, axes)
    assert make("audio+noise", small_speech).pose is None


def test_axes_that_are_no_codes_are_refused(small_speech):
    for axes in (np.zeros((3, 4)), np.zeros(5), np.full((3, 5), np.nan)):
        with pytest.raises(ConfigError, match="axes of 5 finite numbers"):
            make("audio+noise", small_speech, pose=axes)


def test_the_z_of_a_code_has_that_code(small_speech):
    generator = make("audio+noise", small_speech, look_flow=2)
    codes = RNG.normal(0, 0.3, (4, 5)).astype(np.float32)
    again = generator.code_of(generator.latent_of(codes))
    np.testing.assert_allclose(again, codes, atol=1e-4)
    plain = make("audio+face", small_speech)
    np.testing.assert_array_equal(plain.latent_of(codes), codes)


@pytest.mark.parametrize("conditioning", WITH_SOUND)
def test_an_articulation_goes_from_the_mean_sound(
    small_speech, conditioning, tmp_path
):
    generator = make(conditioning, small_speech)
    windows = sounds(3, small_speech)
    heard = np.array(generator.hear(windows))
    mean = RNG.normal(size=heard.shape[1])
    further = in_float32(generator, mean_sound=mean, articulation=1.5)
    expected = mean + 1.5 * (heard - mean)
    assert np.array(further.hear(windows)) == pytest.approx(expected, abs=1e-5)
    # As it was learnt with 1, or where nobody has told the mean.
    for changes in ({"mean_sound": mean}, {"articulation": 1.5}):
        same = in_float32(generator, **changes)
        np.testing.assert_array_equal(np.array(same.hear(windows)), heard)
    further.save(tmp_path / "g.keras")
    again = keras.models.load_model(tmp_path / "g.keras")
    inputs = inputs_of(generator)
    np.testing.assert_array_equal(again(inputs), further(inputs))
    assert np.abs(np.array(again(inputs)) - generator(inputs)).max() > 1e-5
