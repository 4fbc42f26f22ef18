"""Who speaks, and what a shuffled one hears."""

import numpy as np

from tfbegan.evaluation.arms import (
    GeneratorArm,
    MeanFaceArm,
    RealArm,
    ShuffledArm,
    perform,
)


def test_the_perfect_speaker_shows_the_true_faces(drawn_clips, perfect_speaker):
    arm = GeneratorArm(perfect_speaker, drawn_clips, None)
    faces = perform(arm, 2, len(drawn_clips[2]))
    np.testing.assert_array_equal(faces[0], drawn_clips[2].images())
    real = perform(RealArm(drawn_clips), 2, len(drawn_clips[2]))
    np.testing.assert_array_equal(faces, real)


def test_each_identity_speaks_with_its_own_latent(drawn_clips):
    class Echo:
        def speak(self, latents, windows):
            return latents[:, :1, None, None] * np.ones((1, 2, 2, 3))

    latents = np.array([[0.1], [0.2], [0.3]], np.float32)
    arm = GeneratorArm(Echo(), drawn_clips, latents, cast_size=2)
    faces = perform(arm, 0, 5)
    assert faces.shape == (2, 5, 2, 2, 3)
    np.testing.assert_allclose(faces[:, :, 0, 0, 0], [[0.1] * 5, [0.2] * 5])
    own = GeneratorArm(Echo(), drawn_clips, latents, by_clip=True)
    np.testing.assert_allclose(perform(own, 2, 3), 0.3)


def test_shuffled_sound_is_of_another_clip_and_every_frame_once(drawn_clips):
    arm = ShuffledArm.of(RealArm(drawn_clips), drawn_clips, seed=3)
    count = len(drawn_clips)
    assert sorted(arm.partners) == list(range(count))
    assert (arm.partners != np.arange(count)).all()
    for clip in range(count):
        faces = perform(arm, clip, len(drawn_clips[clip]))[0]
        heard = drawn_clips[arm.partners[clip]].images()
        turned = np.roll(heard, -arm.turns[clip], axis=0)
        np.testing.assert_array_equal(faces, turned)


def test_the_mean_face_hears_nothing(drawn_clips):
    face = np.full((32, 32, 3), 0.25, np.float32)
    faces = perform(MeanFaceArm(face), 1, 7)
    assert faces.shape == (1, 7, 32, 32, 3)
    assert (faces == 0.25).all()
