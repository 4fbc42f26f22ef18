"""Every setting, as frozen dataclasses with validation and a JSON form."""

import dataclasses
import math
import numbers
import re
import typing
from dataclasses import dataclass
from typing import Any, NoReturn, Self

from tfbegan.errors import ConfigError

IMAGE_SIZES = (32, 64, 128, 256)
CONDITIONINGS = ("noise", "audio", "audio+noise", "audio+face")
CONDITIONINGS_WITH_LOOK = ("audio+noise", "audio+face")
_MOST_ARTICULATION = 3
AUDIO_ENCODERS = ("compact", "full")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
MERITS = ("m_global", "spread", "quality")

_HALF_EYE_BOX = (0.24, 0.36)
"""Height and width, in eye distances: the lids, and not the brows."""

_LARGEST_WINDOW = 16_384
"""Numbers that G hears at once; the full encoder then has 4 GB of weights."""


@dataclass(frozen=True)
class Config:
    """Base of the settings: checked when made, exact in JSON and back."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            self._check_type(field)
        self.validate()

    def validate(self) -> None:
        """Raises ConfigError where a value is outside of its range."""

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain JSON types."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, content: Any) -> Self:
        """The inverse of `to_dict`.

        Raises:
            ConfigError: `content` is no dictionary, has an unknown key, lacks
                one that has no default, or has a value of the wrong type or
                range.
        """
        if not isinstance(content, dict):
            raise ConfigError(
                f"{cls.__name__} must be a JSON object."
                f" Received: {type(content).__name__}"
            )
        known = {field.name for field in dataclasses.fields(cls)}
        if unknown := sorted(set(content) - known):
            raise ConfigError(
                f"{cls.__name__} has no setting {unknown[0]!r}. Known:"
                f" {', '.join(sorted(known))}"
            )
        required = {
            field.name
            for field in dataclasses.fields(cls)
            if field.default is dataclasses.MISSING
            and field.default_factory is dataclasses.MISSING
        }
        if missing := sorted(required - set(content)):
            raise ConfigError(
                f"{cls.__name__} lacks the setting {missing[0]!r}."
                f" Received: {', '.join(sorted(content)) or 'none'}"
            )
        return cls(**content)

    def replace(self, **changes: Any) -> Self:
        """A copy with some settings changed, checked again."""
        return dataclasses.replace(self, **changes)

    def check_range(
        self, name: str, low: float, high: float, *, open_low: bool = False
    ) -> None:
        """Raises ConfigError where a setting is not in [low, high]."""
        value = getattr(self, name)
        above = value > low if open_low else value >= low
        if not (above and value <= high):
            bracket = "(" if open_low else "["
            self.fail(name, f"in {bracket}{low:g}, {high:g}]")

    def check_choice(self, name: str, choices: tuple) -> None:
        """Raises ConfigError where a setting is none of `choices`."""
        if getattr(self, name) not in choices:
            listed = ", ".join(str(choice) for choice in choices)
            self.fail(name, f"one of {listed}")

    def fail(self, name: str, expected: str) -> NoReturn:
        """Raises the ConfigError that says what was expected."""
        raise ConfigError(
            f"{type(self).__name__}.{name} must be {expected}."
            f" Received: {name}={getattr(self, name)!r}"
        )

    def _check_type(self, field: dataclasses.Field[Any]) -> None:
        expected: Any = field.type
        value = getattr(self, field.name)
        if typing.get_origin(expected) is tuple:
            return
        if expected is float:
            if type(value) is int and _is_finite(value):
                object.__setattr__(self, field.name, float(value))
                return
            matches = type(value) is float and math.isfinite(value)
        else:
            # bool is a subclass of int, and True is no number of filters.
            matches = type(value) is expected
        if not matches:
            name = getattr(expected, "__name__", str(expected))
            self.fail(field.name, f"a finite {name}")


def _is_finite(value: Any) -> bool:
    """Whether it is a number that a float can hold."""
    try:
        return type(value) in (int, float) and math.isfinite(value)
    except OverflowError:  # a whole number of hundreds of digits
        return False


@dataclass(frozen=True)
class AudioConfig(Config):
    """The MFCC front end; the same for data set, model and generation.

    Attributes:
        sample_rate: In Hz, after resampling to mono.
        n_mfcc: Coefficients, with c0 (the energy).
        n_mels: Mel bands under the DCT.
        n_fft: Samples of one Fourier transform.
        win_length: Samples of one analysis window (400 = 25 ms).
        hop_length: Samples between MFCC frames (160 = 10 ms: 100 frames/s).
        window_frames: MFCC frames centred on a video frame (35 = 350 ms);
            odd, so that one is the centre.
    """

    sample_rate: int = 16_000
    n_mfcc: int = 13
    n_mels: int = 40
    n_fft: int = 512
    win_length: int = 400
    hop_length: int = 160
    window_frames: int = 35

    def validate(self) -> None:
        self.check_range("sample_rate", 4_000, 192_000)
        self.check_range("n_mels", 2, 256)
        self.check_range("n_mfcc", 1, self.n_mels)
        self.check_range("n_fft", 16, 65_536)
        self.check_range("win_length", 16, self.n_fft)
        self.check_range("hop_length", 1, self.win_length)
        self.check_range("window_frames", 1, 1_001)
        if self.window_frames % 2 == 0:
            self.fail("window_frames", "odd")

    @property
    def frame_rate(self) -> float:
        """MFCC frames per second."""
        return self.sample_rate / self.hop_length


@dataclass(frozen=True)
class FaceConfig(Config):
    """Where a face lies in every crop, as fractions of the crop's side.

    The similarity transform of a track puts the eyes' midpoint at
    (0.5, `eye_height`) with the eyes `eye_distance` apart.

    Attributes:
        image_size: Side of a crop in pixels: 32, 64, 128 or 256.
        eye_distance: Between the eyes' centres.
        eye_height: Of the eyes' midpoint, from the top.
        mouth_box: left, top, right, bottom of the region in which lips, jaw
            and chin move.
    """

    image_size: int = 64
    eye_distance: float = 0.30
    eye_height: float = 0.40
    mouth_box: tuple[float, float, float, float] = (0.27, 0.58, 0.73, 0.92)

    def __post_init__(self) -> None:
        if isinstance(self.mouth_box, list):  # as JSON gives it
            object.__setattr__(self, "mouth_box", tuple(self.mouth_box))
        super().__post_init__()

    def validate(self) -> None:
        self.check_choice("image_size", IMAGE_SIZES)
        self.check_range("eye_distance", 0.05, 0.8)
        self.check_range("eye_height", 0.1, 0.9)
        box = self.mouth_box
        whole = len(box) == 4 and all(
            isinstance(v, int | float) and 0 <= v <= 1 for v in box
        )
        if not whole or not (box[0] < box[2] and box[1] < box[3]):
            self.fail("mouth_box", "left < right, top < bottom, in [0, 1]")

    def mouth_slices(self) -> tuple[slice, slice]:
        """Rows and columns of the mouth box in pixels of a crop."""
        left, top, right, bottom = (
            round(v * self.image_size) for v in self.mouth_box
        )
        return slice(top, bottom), slice(left, right)

    def eye_slices(self) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """Rows and columns of the left eye's box and the right one's."""
        size = self.image_size
        height, width = (v * self.eye_distance for v in _HALF_EYE_BOX)
        rows = slice(
            max(0, round((self.eye_height - height) * size)),
            round((self.eye_height + height) * size),
        )
        left, right = (
            slice(
                max(0, round((0.5 + side * self.eye_distance - width) * size)),
                round((0.5 + side * self.eye_distance + width) * size),
            )
            for side in (-0.5, 0.5)
        )
        return (rows, left), (rows, right)


@dataclass(frozen=True)
class SpeechConfig(Config):
    """What a model that takes sound must know of the data that it learnt from.

    Saved with the model, so that sound from anywhere is heard as in training.

    Attributes:
        audio: The MFCC front end.
        mfcc_mean: Per coefficient, over the training split.
        mfcc_std: Likewise, above 0.
        mouth_box, eye_distance, eye_height: See `FaceConfig`.
    """

    audio: AudioConfig
    mfcc_mean: tuple[float, ...]
    mfcc_std: tuple[float, ...]
    mouth_box: tuple[float, float, float, float]
    eye_distance: float = FaceConfig.eye_distance
    eye_height: float = FaceConfig.eye_height

    def __post_init__(self) -> None:
        for name in ("mfcc_mean", "mfcc_std", "mouth_box"):
            if not isinstance(getattr(self, name), list | tuple):
                self.fail(name, "a list of numbers")
            object.__setattr__(self, name, tuple(getattr(self, name)))
        super().__post_init__()

    def validate(self) -> None:
        n_mfcc = self.audio.n_mfcc
        if self.audio.window_frames * n_mfcc > _LARGEST_WINDOW:
            self.fail(
                "audio", f"of windows of {_LARGEST_WINDOW} numbers, at most"
            )
        for name in ("mfcc_mean", "mfcc_std"):
            values = getattr(self, name)
            if len(values) != n_mfcc or not all(_is_finite(v) for v in values):
                self.fail(name, f"{n_mfcc} finite numbers, one a coefficient")
        if min(self.mfcc_std) <= 0:
            self.fail("mfcc_std", "above 0")
        self.face(IMAGE_SIZES[0])

    def face(self, image_size: int) -> FaceConfig:
        """Where a face lies in crops of a size."""
        return FaceConfig(
            image_size, self.eye_distance, self.eye_height, self.mouth_box
        )

    @classmethod
    def from_dict(cls, content: Any) -> Self:
        """The inverse of `to_dict`.

        Raises:
            ConfigError: As `Config.from_dict`.
        """
        if isinstance(content, dict) and "audio" in content:
            audio = AudioConfig.from_dict(content["audio"])
            content = {**content, "audio": audio}
        return super().from_dict(content)


@dataclass(frozen=True)
class ModelConfig(Config):
    """The networks of a BEGAN (Berthelot et al. 2017, section 3.4 and 3.5).

    Attributes:
        conditioning: What G makes a face from: "noise"; "audio", the sound
            alone; "audio+noise", where z decides pose, light and look, and
            the sound the mouth; "audio+face", where photographs take z's
            place.
        image_size: Side of the images in pixels: 32, 64, 128 or 256.
        filters: The paper's n.
        latent_dim: The paper's N_h = N_z: length of z and of D's code.
        skip_connections: h0, up-sampled, is concatenated after every
            up-sampling layer of the decoders.
        vanishing_residual_steps: Steps over which the carry of the vanishing
            residuals falls from 1 to 0; 0 builds the networks without them.
            The paper takes 16,000.
        audio_encoder: "compact" or "full", the AudioEncoder's size; the
            compact one has a fortieth of the weights.
        look_flow: With audio+noise: couplings of the flow that turns z into a
            look code as real faces have them (`Flow`); 0 takes z for the
            code.
        film: Whether z and the sound also modulate every convolution of a G
            that takes sound (`FiLM`), beside being its input.
        untied_bias: Whether every pixel of what the two decoders paint has
            biases of its own: in aligned faces much is in the same place.
    """

    conditioning: str = "noise"
    image_size: int = 64
    filters: int = 32
    latent_dim: int = 64
    skip_connections: bool = True
    vanishing_residual_steps: int = 0
    audio_encoder: str = "compact"
    look_flow: int = 0
    film: bool = True
    untied_bias: bool = False

    def validate(self) -> None:
        self.check_choice("conditioning", CONDITIONINGS)
        self.check_choice("audio_encoder", AUDIO_ENCODERS)
        self.check_choice("image_size", IMAGE_SIZES)
        self.check_range("filters", 1, 1_024)
        self.check_range("latent_dim", 1, 4_096)
        self.check_range("vanishing_residual_steps", 0, 10_000_000)
        self.check_range("look_flow", 0, 64)
        if self.look_flow == 1:
            self.fail("look_flow", "0 or 2 or more")
        if self.look_flow and self.latent_dim < 2:
            self.fail("latent_dim", "2 or more where there is a look_flow")

    @property
    def takes_sound(self) -> bool:
        """Whether G hears."""
        return self.conditioning != "noise"


@dataclass(frozen=True)
class ObjectiveConfig(Config):
    """What a BEGAN minimises: the paper's objective and optional additions.

    The defaults are the paper's algorithm to the letter. The additions keep
    noise mode healthy on small data (docs/results/foundation.md has the
    ablation); each is off at weight 0, and none enters k or M.

    Attributes:
        gamma: Diversity ratio in (0, 1]: wanted L(G(z)) / L(x).
        lambda_k: Proportional gain of k.
        relative_k: Update k in units of L(x): the gain then does not depend
            on how far the autoencoder has come.
        error_norm: The paper's eta: 1 (L1) or 2 (squared error).
        adversarial: Weight of L(G(z)) in G's loss, and of what else reaches G
            through D. The paper has 1; 0 takes the GAN away and leaves what
            the additions teach.
        code_constraint: Weight of mean |Enc(G(z)) - z| in D's loss
            (BEGAN-CS, Chang et al. 2018); with noise alone.
        code_cycle: Weight of the same distance in G's loss: a face must show
            the z that it was made from. With sound, Enc is G's look encoder.
        code_anchor: Weight of mean |x - G(Enc(x))| in G's loss, Enc stopped:
            the code of every real face must give that face back. With sound,
            of |x - G(look(x), a)|, the look encoder learning too; for "audio"
            of |x - G(a)|.
        code_prior: Weight, in D's loss, of the sliced Wasserstein distance
            between the codes of a batch and the prior U(-1, 1). With sound,
            of the look codes, in G's loss.
        code_flow: Weight, in G's loss, of how little its flow expects the
            look codes of a batch. It teaches the flow alone. With a
            `look_flow`.
        mouth_weight: How much more an error in the mouth box counts in the
            anchor of a model that takes sound, at least 1.
        eye_weight: Likewise in the boxes of the eyes, where the code is the
            frame's own, at least 1: lids are small and rarely shut, so that
            without it no code knows of blinks.
        mate_share: With sound: share of the anchor's frames that take the
            code of another frame of their clip, and whose paired error counts
            in the mouth box alone. What the code can't know of the mouth, the
            sound must tell.
        sync: Weight, in G's loss, of InfoNCE between the mouths of G and
            their sounds, by a critic that learns from real pairs.
        motion: Weight, in G's loss, of how far its mouths move within a clip
            against the real ones.
        detail: Weight, in G's loss, of how much fine structure its frames
            have, place by place, against the real ones.
        detail_norm: How much that is in a place: 1, the mean magnitude, or 2,
            the root mean square, which a faint lattice raises hardly.
        fixed_pattern: Weight, in G's loss, of what is wrong in the same place
            on all its frames of a batch, by the pixels that have a true pair.
        sound_ramp_steps: Steps in which sync grows to its weight.
    """

    gamma: float = 0.5
    lambda_k: float = 0.001
    relative_k: bool = False
    error_norm: int = 1
    adversarial: float = 1.0
    code_constraint: float = 0.0
    code_cycle: float = 0.0
    code_anchor: float = 0.0
    code_prior: float = 0.0
    code_flow: float = 0.0
    mouth_weight: float = 1.0
    eye_weight: float = 1.0
    mate_share: float = 0.0
    sync: float = 0.0
    motion: float = 0.0
    detail: float = 0.0
    detail_norm: int = 1
    fixed_pattern: float = 0.0
    sound_ramp_steps: int = 0

    def validate(self) -> None:
        self.check_range("gamma", 0, 1, open_low=True)
        self.check_range("lambda_k", 0, 1)
        self.check_choice("error_norm", (1, 2))
        self.check_range("adversarial", 0, 1e3)
        self.check_range("code_constraint", 0, 1e3)
        self.check_range("code_cycle", 0, 1e3)
        self.check_range("code_anchor", 0, 1e3)
        self.check_range("code_prior", 0, 1e3)
        self.check_range("code_flow", 0, 1e3)
        self.check_range("mouth_weight", 1, 1e3)
        self.check_range("eye_weight", 1, 1e3)
        self.check_range("mate_share", 0, 1)
        self.check_range("sync", 0, 1e3)
        self.check_range("motion", 0, 1e3)
        self.check_range("detail", 0, 1e3)
        self.check_choice("detail_norm", (1, 2))
        self.check_range("fixed_pattern", 0, 1e3)
        self.check_range("sound_ramp_steps", 0, 100_000_000)


@dataclass(frozen=True)
class TrainingConfig(Config):
    """How a model is trained.

    Attributes:
        batch_size: Images a step.
        steps: Steps of the whole run.
        learning_rate: Of both Adams at the start.
        min_learning_rate: The floor of the halvings.
        stall_steps: M must fall within so many steps or the rate is halved;
            0 never halves.
        decay_share: Share of the run, at its end, over which the rate falls
            linearly to 0. A run that is made longer then has had one already.
        beta_1: Adam's decay of the mean gradient.
        clip_norm: Global norm at which each network's gradient is clipped;
            0 never clips.
        ema_decay: Of the moving average of G's weights, which is what
            generates.
        seed: Of weights, noise and the order of the data.
        precision: "float32", "mixed_bfloat16", "mixed_float16" or "auto":
            on CPUs by the measurements in docs/results/training.md, on GPUs
            by what they can do; a run keeps what it was begun with.
        jit_compile: XLA: "on", "off" or "auto": on CPUs off, as measured
            there, on GPUs on.
        checkpoint_steps: Steps between checkpoints.
        log_steps: Steps between rows of stats.jsonl and TensorBoard.
        picture_steps: Steps between sample grids.
        histograms: Show the weights of every layer, and D's codes of real
            faces, in TensorBoard, whenever there is a sample grid.
        profile: FIRST:LAST, such as 100:110: TensorFlow's profiler watches
            these steps; empty watches none.
        keep_checkpoints: Newest checkpoints to keep, beside the best.
        keep_pictures: Pictures of each kind to keep, at most, beside the
            newest: where there are more every other one goes, and from then
            on TensorBoard gets half as many.
        best_by: What makes a checkpoint the best: "m_global" (the lowest, of
            a moving average), "spread" (of fakes over reals), "quality"
            (how well the mouths follow the sound), or "auto": quality where
            it is measured, else m_global. By spread and quality only those
            count at whose step there was a look, see `picture_steps`.
        flip: Mirror every other face, by a coin that the seed decides. For
            portraits of many; a speaker has a left and a right side.
        clips_per_batch: Clips that the frames of a batch come from.
        gain_db: Sounds are made louder or quieter by up to so many decibels.
        silence_share: Share of the sounds whose pauses become the silence of
            a file, which has no room in it.
    """

    batch_size: int = 16
    steps: int = 20_000
    learning_rate: float = 1e-4
    min_learning_rate: float = 2e-5
    stall_steps: int = 4_000
    decay_share: float = 0.0
    beta_1: float = 0.5
    clip_norm: float = 0.0
    ema_decay: float = 0.999
    seed: int = 0
    precision: str = "auto"
    jit_compile: str = "auto"
    checkpoint_steps: int = 1_000
    log_steps: int = 50
    picture_steps: int = 500
    histograms: bool = False
    profile: str = ""
    keep_checkpoints: int = 3
    keep_pictures: int = 100
    best_by: str = "auto"
    flip: bool = False
    clips_per_batch: int = 16
    gain_db: float = 0.0
    silence_share: float = 0.0

    def validate(self) -> None:
        self.check_range("batch_size", 1, 65_536)
        self.check_range("steps", 1, 100_000_000)
        self.check_range("learning_rate", 0, 1, open_low=True)
        self.check_range("min_learning_rate", 0, self.learning_rate)
        self.check_range("stall_steps", 0, 100_000_000)
        self.check_range("decay_share", 0, 1)
        self.check_range("beta_1", 0, 0.9999)
        self.check_range("clip_norm", 0, 1e6)
        self.check_range("ema_decay", 0, 0.999999)
        self.check_range("seed", 0, 2**31 - 1)
        self.check_choice("precision", ("auto", *PRECISIONS))
        self.check_choice("jit_compile", ("auto", "on", "off"))
        self.check_range("checkpoint_steps", 1, 100_000_000)
        self.check_range("log_steps", 1, 100_000_000)
        self.check_range("picture_steps", 1, 100_000_000)
        self._check_profile()
        self.check_range("keep_checkpoints", 1, 1_000)
        self.check_range("keep_pictures", 1, 1_000_000)
        self.check_choice("best_by", ("auto", *MERITS))
        self.check_range("clips_per_batch", 1, self.batch_size)
        self.check_range("gain_db", 0, 60)
        self.check_range("silence_share", 0, 1)

    @property
    def decay(self) -> range:
        """The steps over which the rate falls to 0."""
        first = self.steps - round(self.decay_share * self.steps)
        return range(first, self.steps)

    @property
    def profiled_steps(self) -> range:
        """The steps that the profiler watches; empty without."""
        if not self.profile:
            return range(0)
        first, last = self.profile.split(":")
        return range(int(first), int(last) + 1)

    def _check_profile(self) -> None:
        if self.profile and not (
            re.fullmatch(r"\d{1,9}:\d{1,9}", self.profile, re.ASCII)
            and self.profiled_steps
            and self.profiled_steps[0] >= 1
            and self.profiled_steps[-1] <= self.steps
        ):
            self.fail(
                "profile",
                f"FIRST:LAST, steps from 1 to {self.steps}, such as 1:5",
            )


def check_articulation(articulation: Any) -> None:
    """Raises ConfigError for an articulation that is no number in [0, 3]."""
    numeric = isinstance(articulation, numbers.Real)
    if not numeric or not 0 <= articulation <= _MOST_ARTICULATION:
        raise ConfigError(
            f"The articulation must be in [0, {_MOST_ARTICULATION}]."
            f" Received: {articulation}"
        )
