"""The generator: noise, a sound, or both, to a face."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from tfbegan.conditioning import blank_mouth, box_mask
from tfbegan.config import (
    CONDITIONINGS_WITH_LOOK,
    SpeechConfig,
    check_articulation,
)
from tfbegan.errors import ConfigError
from tfbegan.layers.audio_encoder import new_audio_encoder
from tfbegan.layers.decoder import Decoder
from tfbegan.layers.encoder import Encoder
from tfbegan.layers.flow import Flow
from tfbegan.layers.seeds import offset_seed
from tfbegan.models.blinking import Blinking
from tfbegan.models.network import Network


@keras.saving.register_keras_serializable(package="tfbegan")
class Generator(Network):
    """G: the discriminator's decoder, with weights of its own.

    With sound, its features join z at the input, and both modulate every
    convolution. Where there are both, a look encoder gives the z of real
    faces from what surrounds their mouths. With a flow it is not z itself
    that joins but the look code that the flow makes of it.

    Args:
        image_size: Side of the images in pixels: 32, 64, 128 or 256.
        filters: The paper's n.
        latent_dim: The paper's N_z, the length of z; no z with "audio".
        skip_connections: Whether h0 is concatenated after every up-sampling.
        vanishing_residuals: Whether the blocks carry their input.
        conditioning: "noise", "audio", "audio+noise" or "audio+face".
        speech: Front end and mouth box, a `SpeechConfig` or its dictionary;
            needed with sound.
        audio_encoder: "compact" or "full".
        look_flow: Couplings of the flow from z to look codes, with
            "audio+noise"; 0 takes z for the code.
        film: Whether, with sound, the input modulates the convolutions.
        untied_bias: Whether every pixel has biases of its own; see `Decoder`.
        pose: How look codes move within a clip: principal axes, float
            [k, latent_dim], each of the length of a standard deviation, which
            `training.pose_axes` finds. None where that is not known.
        blinking: How they change when eyes shut, a `Blinking` or its
            dictionary, which `training.blinks` finds. None where that is not
            known, and nobody blinks.
        mean_sound: The mean of `hear` over clips of the training data, [F],
            which `training.mean_sound` finds. None where that is not known,
            and the articulation does nothing.
        articulation: How far a sound's features go from it, over how far the
            encoder has them go, in [0, 3]: more than 1 opens mouths wider. As
            in classifier-free guidance, what the condition changes is made
            larger than was learnt.
        seed: Seed of the initial weights; None draws a new one.
        **kwargs: Of `keras.Model`.

    Call arguments:
        inputs: Noise float [B, latent_dim], drawn uniformly from [-1, 1];
            with sound {"noise": that, "mfcc": raw windows float
            [B, window_frames, n_mfcc]}, without "noise" for "audio".

    Output shape:
        float32 [B, image_size, image_size, 3], in [-1, 1] but for overshoot.

    Raises:
        ConfigError: There is to be sound, and no `speech`; or the pose, the
            mean sound or the articulation makes no sense.

    Example:
        >>> generator = Generator(image_size=32, filters=8, latent_dim=16)
        >>> generator(keras.random.uniform((4, 16), -1, 1)).shape
        TensorShape([4, 32, 32, 3])

    Reference:
        Berthelot et al., BEGAN, arXiv 1703.10717, section 3.5. Guidance: Ho,
        Salimans, arXiv 2207.12598.
    """

    def __init__(
        self,
        image_size: int = 64,
        filters: int = 32,
        latent_dim: int = 64,
        skip_connections: bool = True,
        vanishing_residuals: bool = False,
        conditioning: str = "noise",
        speech: SpeechConfig | Mapping[str, Any] | None = None,
        audio_encoder: str = "compact",
        look_flow: int = 0,
        film: bool = True,
        untied_bias: bool = False,
        pose: Any = None,
        blinking: Blinking | Mapping[str, Any] | None = None,
        mean_sound: Any = None,
        articulation: float = 1.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        # Raw windows must arrive as they are; layers cast for themselves.
        super().__init__(vanishing_residuals, **{"autocast": False, **kwargs})
        self.image_size = image_size
        self.filters = filters
        self.latent_dim = latent_dim
        self.skip_connections = skip_connections
        self.conditioning = conditioning
        self.speech = _as_speech(conditioning, speech)
        self.audio_encoder_size = audio_encoder
        self.look_flow = look_flow
        self.film = film
        self.untied_bias = untied_bias
        self.pose = _as_axes(pose, latent_dim)
        self.blinking = _as_blinking(blinking, latent_dim)
        check_articulation(articulation)
        self.articulation = float(articulation)
        self.seed = seed
        self.audio_encoder: Any = None
        self.look_encoder: Any = None
        self.flow: Any = None
        features = 0
        if self.speech is not None:
            self.audio_encoder = new_audio_encoder(
                audio_encoder,
                self.speech,
                seed=offset_seed(seed, 2_000),
                dtype=self.dtype_policy,
                name="audio_encoder",
            )
            features = self.audio_encoder.dense_units[-1]
            face = self.speech.face(image_size)
            self.mouth_slices = face.mouth_slices()
            self.mouth = box_mask(image_size, self.mouth_slices)
            self.eyes = box_mask(image_size, *face.eye_slices())
        if self.has_look:
            self.look_encoder = Encoder(
                image_size,
                filters,
                latent_dim,
                seed=offset_seed(seed, 3_000),
                dtype=self.dtype_policy,
                name="look_encoder",
            )
        if look_flow and conditioning == "audio+noise":
            self.flow = Flow(
                look_flow,
                seed=offset_seed(seed, 4_000),
                dtype="float32",  # half precision has no inverse
                name="flow",
            )
        self.mean_sound = _as_features(mean_sound, features)
        self.input_dim = features + (
            0 if conditioning == "audio" else latent_dim
        )
        self.decoder = Decoder(
            image_size,
            filters,
            skip_connections=skip_connections,
            untied_bias=untied_bias,
            condition_dim=self.input_dim if self.takes_sound and film else 0,
            seed=seed,
            dtype=self.dtype_policy,
            name="decoder",
        )
        self.build((None, self.input_dim))

    @property
    def takes_sound(self) -> bool:
        """Whether the inputs hold MFCC windows."""
        return self.speech is not None

    @property
    def has_look(self) -> bool:
        """Whether there is a look encoder: there are both sound and z."""
        return self.conditioning in CONDITIONINGS_WITH_LOOK

    def build(self, input_shape: tuple) -> None:
        if not self.decoder.built:
            self.decoder.build((None, self.input_dim))
            if self.look_encoder is not None:
                self.look_encoder.build(
                    (None, self.image_size, self.image_size, 3)
                )
            if self.flow is not None:
                self.flow.build((None, self.latent_dim))
        self.built = True

    def call(self, inputs: Any) -> Any:
        if not self.takes_sound:
            return self.decoder(inputs, carry=self.carry)
        codes = self.code_of(inputs["noise"]) if self.has_look else None
        return self.paint(codes, self.hear(inputs["mfcc"]))

    def hear(self, windows: Any) -> Any:
        """The features of sounds.

        Args:
            windows: Raw MFCC, float [B, window_frames, n_mfcc].

        Returns:
            [B, F], F being the audio encoder's last `dense_units`.
        """
        features = self.audio_encoder(windows)
        if self.mean_sound is None or self.articulation == 1:
            return features
        mean = ops.cast(self.mean_sound, features.dtype)
        return mean + self.articulation * (features - mean)

    def code_of(self, noise: Any) -> Any:
        """The look codes of z, float [B, latent_dim] to the same."""
        return noise if self.flow is None else self.flow(noise)

    def latent_of(self, look_codes: Any) -> Any:
        """The z of look codes, float [B, latent_dim]: the inverse."""
        return look_codes if self.flow is None else self.flow.invert(look_codes)

    def paint(self, look_codes: Any, sound: Any) -> Any:
        """The faces of look codes and the features of a sound.

        Args:
            look_codes: float [B, latent_dim]; not looked at with "audio".
            sound: [B, F], from `hear`.

        Returns:
            float32 [B, S, S, 3], unclipped.
        """
        codes = sound
        if self.has_look:
            look_codes = ops.cast(look_codes, sound.dtype)
            codes = ops.concatenate([look_codes, sound], axis=-1)
        condition = codes if self.film else None
        return self.decoder(codes, carry=self.carry, condition=condition)

    def encode(self, images: Any) -> Any:
        """The look codes of faces, whose mouths are blanked.

        Args:
            images: float [B, S, S, 3] in [-1, 1].

        Returns:
            float32 [B, latent_dim].
        """
        blanked = blank_mouth(images, self.mouth)
        return self.look_encoder(blanked, carry=self.carry)

    def look(self, images: Any) -> Any:
        """The z of real faces, of which `call` makes their look again.

        Args:
            images: float [B, S, S, 3] in [-1, 1].

        Returns:
            float32 [B, latent_dim].
        """
        return self.latent_of(self.encode(images))

    def compute_output_shape(self, input_shape: Any) -> tuple:
        shape = input_shape["mfcc"] if self.takes_sound else input_shape
        return self.decoder.compute_output_shape(shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "image_size": self.image_size,
            "filters": self.filters,
            "latent_dim": self.latent_dim,
            "skip_connections": self.skip_connections,
            "vanishing_residuals": self.vanishing_residuals,
            "conditioning": self.conditioning,
            "speech": None if self.speech is None else self.speech.to_dict(),
            "audio_encoder": self.audio_encoder_size,
            "look_flow": self.look_flow,
            "film": self.film,
            "untied_bias": self.untied_bias,
            "pose": _as_list(self.pose),
            "blinking": self.blinking and self.blinking.to_dict(),
            "mean_sound": _as_list(self.mean_sound),
            "articulation": self.articulation,
            "seed": self.seed,
        }


def in_float32(generator: Generator, **changes: Any) -> Generator:
    """A copy that computes in float32, whatever it was trained in.

    Args:
        generator: To copy.
        **changes: Arguments of its own, such as `articulation`.
    """
    config = {**generator.get_config(), "dtype": "float32", **changes}
    copy = Generator.from_config(config)
    copy.set_weights(generator.get_weights())
    return copy


def _as_list(array: np.ndarray | None) -> list | None:
    return None if array is None else array.tolist()


def _as_axes(pose: Any, latent_dim: int) -> np.ndarray | None:
    if pose is None:
        return None
    axes = np.asarray(pose, np.float32)
    fits = axes.ndim == 2 and axes.shape[1] == latent_dim
    if not fits or not np.isfinite(axes).all():
        raise ConfigError(
            f"`pose` must be axes of {latent_dim} finite numbers, as many as a"
            f" look code has. Received the shape: {axes.shape}"
        )
    return axes


def _as_blinking(blinking: Any, latent_dim: int) -> Blinking | None:
    if blinking is None or isinstance(blinking, Blinking):
        return blinking
    return Blinking.from_dict(blinking, latent_dim)


def _as_features(mean_sound: Any, count: int) -> np.ndarray | None:
    if mean_sound is None:
        return None
    features = np.asarray(mean_sound, np.float32)
    if features.shape != (count,) or not np.isfinite(features).all():
        raise ConfigError(
            f"`mean_sound` must be {count} finite numbers, as many as a sound"
            f" has features. Received the shape: {features.shape}"
        )
    return features


def _as_speech(conditioning: str, speech: Any) -> SpeechConfig | None:
    if conditioning == "noise":
        return None
    if speech is None:
        raise ConfigError(
            f"A generator for {conditioning} needs `speech`, the front end of"
            " the sound that it will hear. Received: speech=None"
        )
    if isinstance(speech, SpeechConfig):
        return speech
    return SpeechConfig.from_dict(dict(speech))
