"""From a run, or a file, to something that makes faces."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfbegan.config import AudioConfig, FaceConfig, check_articulation
from tfbegan.errors import ConfigError, ModelFileError, RunError
from tfbegan.generation.archive import DAMAGE_ERRORS, check_archive, hears
from tfbegan.generation.bundled import BUNDLED, DEFAULT_BUNDLED, bundled
from tfbegan.generation.latents import draw_latents
from tfbegan.models.blinking import Blinking
from tfbegan.models.compiled import compiled_inverse, run_compiled
from tfbegan.run_names import by_age

_RUNS = Path("runs")
_GENERATOR_NAME = "generator.keras"


@dataclass(frozen=True)
class LoadedGenerator:
    """A generator to use.

    Attributes:
        model: The Keras model, a `Generator` in float32.
        path: Of the file that it was loaded from.
    """

    model: Any
    path: Path

    @property
    def image_size(self) -> int:
        """Side of the faces, in pixels."""
        return self.model.image_size

    @property
    def latent_dim(self) -> int:
        """Length of z; 0 where a face is a function of the sound alone."""
        return 0 if self.conditioning == "audio" else self.model.latent_dim

    @property
    def conditioning(self) -> str:
        """ "noise", "audio", "audio+noise" or "audio+face"."""
        return self.model.conditioning

    @property
    def audio(self) -> AudioConfig | None:
        """The MFCC front end that `speak` expects; None without sound."""
        return self.model.speech and self.model.speech.audio

    @property
    def face(self) -> FaceConfig:
        """Where a face lies in the crops that it learnt from."""
        size = self.image_size
        speech = self.model.speech
        return FaceConfig(size) if speech is None else speech.face(size)

    @property
    def pose(self) -> np.ndarray | None:
        """How looks move within clips, see `Generator`; None if not known."""
        return self.model.pose

    @property
    def blinking(self) -> Blinking | None:
        """What it knows of blinks, see `Generator`; None if nothing."""
        return self.model.blinking

    @property
    def articulation(self) -> float | None:
        """How far mouths move with the sound, see `Generator`; None where that
        can't be changed."""
        return (
            None if self.model.mean_sound is None else self.model.articulation
        )

    def with_articulation(self, articulation: float) -> "LoadedGenerator":
        """The same generator, whose mouths move further or less far.

        Args:
            articulation: In [0, 3]; 1 is what its training taught it, more
                opens mouths wider, 0 lets them rest.

        Raises:
            ConfigError: The number makes no sense, or the generator does not
                know what to measure from.
        """
        from tfbegan.models.generator import in_float32

        check_articulation(articulation)
        if self.audio is None:
            raise ConfigError(
                f"{self.path} was trained without sound, so no mouth moves"
                " with it. Leave the articulation away."
            )
        if self.articulation is None:
            raise ConfigError(
                f"{self.path} has no articulation to change: that is found when"
                " a run that takes sound ends. Of an older one:"
                " python train.py --resume RUN"
            )
        model = in_float32(self.model, articulation=articulation)
        return LoadedGenerator(model, self.path)

    def generate(
        self, n: int, seed: int = 0, truncation: float = 1.0
    ) -> np.ndarray:
        """Faces from noise.

        Args:
            n: How many, at least 1.
            seed: Equal seeds give equal faces; face i does not depend on n.
            truncation: In [0, 1]; below 1 faces are more typical and less
                varied.

        Returns:
            uint8 [n, S, S, 3].

        Raises:
            ConfigError: n, the seed or the truncation makes no sense.
        """
        latents = draw_latents(n, self.latent_dim, seed, truncation)
        return to_uint8(self.decode(latents))

    def decode(self, latents: np.ndarray) -> np.ndarray:
        """The faces of given z; silent ones where the model takes sound.

        Args:
            latents: float [B, latent_dim], in [-1, 1].

        Returns:
            float32 [B, S, S, 3], clipped to [-1, 1].

        Raises:
            ConfigError: The shape is wrong, or the model has no z.
        """
        if self.conditioning == "audio":
            raise ConfigError(
                f"{self.path} makes a face from the sound alone, so it has no"
                " z to choose faces by. Use `speak`, or tfbegan animate."
            )
        latents = self._checked_latents(latents)
        if self.audio is not None:
            return self.speak(latents, _silence(self.audio, len(latents)))
        return run_compiled(self.model, latents)

    def speak(
        self, latents: np.ndarray | None, windows: np.ndarray
    ) -> np.ndarray:
        """The faces of given z and sounds.

        Args:
            latents: float [B, latent_dim], in [-1, 1], or [1, latent_dim] for
                one z all along; None where there is no z ("audio").
            windows: Raw MFCC, float32 [B, window_frames, n_mfcc], of the
                front end `audio`.

        Returns:
            float32 [B, S, S, 3], clipped to [-1, 1].

        Raises:
            ConfigError: The model takes no sound, or a shape is wrong.
        """
        windows = self._checked_windows(windows)
        inputs = {"mfcc": windows}
        if self.latent_dim:
            latents = self._checked_latents(latents)
            if len(latents) not in (1, len(windows)):
                raise ConfigError(
                    "There must be one z for all windows or one for each: 1 or"
                    f" {len(windows)}. Received: {len(latents)}"
                )
            inputs["noise"] = np.broadcast_to(
                latents, (len(windows), self.latent_dim)
            )
        return run_compiled(self.model, inputs)

    def code_of(self, latents: np.ndarray) -> np.ndarray:
        """The look codes of z, float [B, latent_dim] to float32."""
        return np.array(self.model.code_of(np.asarray(latents, np.float32)))

    def latent_of(self, codes: np.ndarray) -> np.ndarray:
        """The z of look codes: the inverse, clipped to [-1, 1]."""
        latents = compiled_inverse(self.model)(codes)
        return np.clip(np.array(latents), -1.0, 1.0)

    def check_looks_at_faces(self) -> None:
        """Raises ConfigError where the model has no look encoder."""
        if not self.model.has_look:
            raise ConfigError(
                f"{self.path} was trained with --conditioning"
                f" {self.conditioning}, so no photograph can set its face."
                " Use a model trained with audio+noise or audio+face."
            )

    def look(self, images: np.ndarray) -> np.ndarray:
        """The z of real faces, which sets who speaks, the pose and the light.

        The mouth is not looked at. The mean of several photographs' z is
        their common look.

        Args:
            images: float32 [B, S, S, 3] in [-1, 1], cropped as the training
                data was.

        Returns:
            float32 [B, latent_dim], clipped to [-1, 1].

        Raises:
            ConfigError: The model has no look encoder.
        """
        self.check_looks_at_faces()
        codes = self.model.look(np.asarray(images, np.float32))
        return np.clip(np.array(codes), -1.0, 1.0)

    def animate(
        self, waveform: Any, sample_rate: int, **settings: Any
    ) -> Iterator[np.ndarray]:
        """The frames of a face that says something, as they come.

        Args:
            waveform: Sound, float [N] or [N, channels] in [-1, 1], or an
                iterable of such chunks, as a microphone gives them.
            sample_rate: Of the waveform, in Hz.
            **settings: Of `animation.AnimationSettings`, such as `fps`,
                `seed`, `natural_pose` and `face`, a z from `look`.

        Returns:
            An iterator over uint8 [S, S, 3], one a frame.

        Raises:
            ConfigError: The model takes no sound, or a setting makes no
                sense.
            SourceError: While iterating: the sound can't be used.

        Example:
            >>> for frame in load_generator().animate(waveform, 16_000):
            ...     show(frame)
        """
        from tfbegan.generation.animation import AnimationSettings, animate

        return animate(
            self, waveform, sample_rate, AnimationSettings(**settings)
        )

    def _checked_latents(self, latents: np.ndarray | None) -> np.ndarray:
        latents = np.asarray(latents, np.float32)
        if latents.ndim != 2 or latents.shape[1] != self.latent_dim:
            raise ConfigError(
                f"Latents must have the shape [B, {self.latent_dim}]."
                f" Received: {latents.shape}"
            )
        return latents

    def _checked_windows(self, windows: np.ndarray) -> np.ndarray:
        if self.audio is None:
            raise ConfigError(
                f"{self.path} was trained without sound, so it can't speak."
                " Train one with: python train.py --conditioning audio+noise"
            )
        windows = np.asarray(windows, np.float32)
        expected = (self.audio.window_frames, self.audio.n_mfcc)
        if (
            windows.ndim != 3
            or windows.shape[1:] != expected
            or not windows.size
        ):
            raise ConfigError(
                f"Windows must have the shape [B, {expected[0]},"
                f" {expected[1]}]. Received: {windows.shape}"
            )
        return windows


def load_generator(source: str | Path | None = None) -> LoadedGenerator:
    """Loads a generator.

    Args:
        source: A run folder, or a `.keras` file of a generator or of a whole
            BEGAN, or the name of a bundled generator, "puppet". None takes
            the newest run in ./runs, and the bundled one where there is none.

    Returns:
        It, in float32 whatever it was trained in.

    Raises:
        RunError: There is no such run, or nothing in it yet.
        ModelFileError: The file is missing, damaged or not ours.

    Example:
        >>> generator = load_generator()
        >>> generator.generate(16, seed=0).shape
        (16, 64, 64, 3)
    """
    path = find_generator(source)
    kind = check_archive(path)
    import keras

    from tfbegan.models.began import BEGAN  # registers the classes
    from tfbegan.models.generator import Generator, in_float32

    try:
        model = keras.models.load_model(path, compile=False)
    except DAMAGE_ERRORS as error:
        raise ModelFileError(
            f"{path} can't be loaded ({str(error).partition(chr(10))[0]})."
            " Restore it from a copy."
        ) from error
    generator = model.ema_generator if isinstance(model, BEGAN) else model
    if not isinstance(generator, Generator):
        raise ModelFileError(f"{path} holds a {kind}, which is no generator.")
    return LoadedGenerator(in_float32(generator), path)


def load_speaker(source: str | Path | None = None) -> LoadedGenerator:
    """As `load_generator`, but None takes the newest run that hears.

    Raises:
        RunError, ModelFileError: As `load_generator`.
    """
    return load_generator(find_speaker(source))


def find_generator(source: str | Path | None = None) -> Path:
    """The file that `load_generator` would load.

    Raises:
        RunError: There is no such run, or nothing in it yet.
    """
    if source is None:
        found = _generators_in(_RUNS)
        return found[-1] if found else bundled(DEFAULT_BUNDLED)
    if str(source) in BUNDLED and not Path(source).exists():
        return bundled(str(source))
    path = Path(source)
    if path.is_dir():
        generator = path / _GENERATOR_NAME
        if generator.is_file():
            return generator
        if found := _generators_in(path):
            return found[-1]
        raise RunError(
            f"There is no {_GENERATOR_NAME} in {path}: it is no run folder, or"
            " the run has not come to its first checkpoint yet."
        )
    if path.suffix == ".keras":
        return path
    raise RunError(
        f"{source} is neither a run folder nor a .keras file, and no"
        f" generator of that name is bundled (there is: {', '.join(BUNDLED)})."
        " Train one with: python train.py --conditioning noise"
    )


def find_speaker(source: str | Path | None = None) -> Path:
    """The file that `load_speaker` would load.

    Raises:
        RunError: As `find_generator`.
    """
    if source is None:
        found = [path for path in _generators_in(_RUNS) if hears(path)]
        return found[-1] if found else bundled(DEFAULT_BUNDLED)
    return find_generator(source)


def _silence(audio: AudioConfig, count: int) -> np.ndarray:
    """The raw windows of no sound: float32 [count, W, n_mfcc]."""
    windows = np.zeros((count, audio.window_frames, audio.n_mfcc), np.float32)
    # Of -100 dB in every band an orthonormal DCT leaves this in c0.
    windows[..., 0] = -100.0 * np.sqrt(audio.n_mels)
    return windows


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Float images in [-1, 1] to uint8 in [0, 255], rounded."""
    return np.rint((np.clip(images, -1, 1) + 1) * 127.5).astype(np.uint8)


def _generators_in(runs: Path) -> list[Path]:
    """Of every run that has come to a checkpoint, the newest last."""
    found = runs.glob(f"*/{_GENERATOR_NAME}") if runs.is_dir() else ()
    return sorted(found, key=lambda path: by_age(path.parent))
