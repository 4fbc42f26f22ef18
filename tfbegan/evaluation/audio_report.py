"""Does the sound matter? A generator beside its controls, with a verdict."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tfbegan.config import CONDITIONINGS_WITH_LOOK
from tfbegan.errors import ConfigError
from tfbegan.evaluation.against_regressor import compare_with_regressor
from tfbegan.evaluation.arms import (
    Arm,
    GeneratorArm,
    MeanFaceArm,
    ShuffledArm,
)
from tfbegan.evaluation.audio_measures import (
    measure_arm,
    measure_real,
    shuffled_opening_r,
)
from tfbegan.evaluation.estimates import (
    UNDEFINED,
    Estimate,
    mean_over_clips,
)
from tfbegan.evaluation.held_out import HeldOut
from tfbegan.evaluation.instruments import spread_faces
from tfbegan.evaluation.mouth_meters import correlation
from tfbegan.evaluation.performance import Performance

GENERATED = "generated"
LOOK = "generated, z of the clip's face"
SHUFFLED = "shuffled sound"
MEAN_FACE = "mean face"
REGRESSOR = "regressor"
REAL = "real"

_PRIOR_IDENTITIES = 1_024
"""More than there are faces in A8."""

_MEAN_FACES = 2_000


@dataclass(frozen=True)
class Measure:
    """One row of the table.

    Attributes:
        id: In the project's recipe, such as "A1".
        label: What it is, for people.
        low: Passes from here on.
        high: Passes up to here.
        conditionings: Of generators that it is asked of.
    """

    id: str
    label: str
    low: float = -math.inf
    high: float = math.inf
    conditionings: tuple[str, ...] = ("audio", "audio+noise", "audio+face")

    @property
    def bounds(self) -> str:
        """The threshold in words; empty where there is none."""
        if math.isfinite(self.low) and math.isfinite(self.high):
            return f"{self.low:g} to {self.high:g}"
        if math.isfinite(self.low):
            return f">= {self.low:g}"
        return f"<= {self.high:g}" if math.isfinite(self.high) else ""

    def passes(self, value: float) -> bool | None:
        """Whether a value does; None where there is no threshold."""
        if not self.bounds:
            return None
        return math.isfinite(value) and self.low <= value <= self.high


_UNDEFINED_WITHOUT_MOVEMENT = (
    "opening_r_shuffled",
    "opening_r_over_regressor",
    "sharpness_over_regressor",
)
"""Of one even face for all: A1 and A9 tell where the judged one is that."""

_RANDOM = ("audio+noise",)
_WITHOUT_RANDOM = ("audio", "audio+face")
_SHOWN = ("audio+face",)
_ALL = "a z for each face instead of 64 for all"
_FOOTAGE_R = 0.75
_PUPPETS_R = 0.9
_IN_SYNC = 0.95
"""Of the regressor's: what sync may cost."""

MEASURES: Mapping[str, Measure] = {
    "spread": Measure(
        "A1", "movement of the mouth within a clip, over real", low=0.7
    ),
    "opening_r": Measure("A2", "opening over time, r", low=_FOOTAGE_R),
    "opening_r_over_regressor": Measure(
        "A2", "opening over time, r, over the regressor's", low=_IN_SYNC
    ),
    "width_r": Measure("A2", "width over time, r", low=0.8),
    "opening_r_shuffled": Measure(
        "A2",
        "opening over time, r, 20 times shuffled sound",
        low=-0.1,
        high=0.1,
    ),
    "amplitude": Measure(
        "A3", "std of the opening, over real", low=0.8, high=1.2
    ),
    "retrieval": Measure("A4", "true sound found among 16 (chance .0625)"),
    "retrieval_ratio": Measure("A4", "the same, over real", low=0.85),
    "retrieval_over_regressor": Measure(
        "A4", "true sound found, over the regressor's", low=_IN_SYNC
    ),
    "silence_offset": Measure(
        "A5", "opening in silence, above real, in std of real", high=1.0
    ),
    "silence_change": Measure(
        "A5", "change of the mouth in silence, over real", high=1.0
    ),
    # The mouth's own; the pixels of its box also vary by light and pose.
    "audio_share_opening": Measure(
        "A6",
        "sound's share of variance, opening",
        low=0.5,
        conditionings=CONDITIONINGS_WITH_LOOK,
    ),
    "audio_share_mouth": Measure(
        "A6",
        "sound's share of variance, mouth box",
        low=0.5,
        conditionings=CONDITIONINGS_WITH_LOOK,
    ),
    "latent_share_outside": Measure(
        "A6",
        "share of variance of z, outside of the box",
        low=0.5,
        conditionings=CONDITIONINGS_WITH_LOOK,
    ),
    "ms_ssim_excess": Measure(
        "A7",
        "MS-SSIM of pairs, minus real",
        high=0.05,
        conditionings=_RANDOM,
    ),
    "kid_ae": Measure("A8", "kid_ae"),
    "kid_ae_minus_regressor": Measure(
        "A8", "kid_ae, minus the regressor's", high=0
    ),
    "kid_ae_of_all": Measure("A8", f"kid_ae, {_ALL}", conditionings=_RANDOM),
    "kid_ae_minus_regressor_of_all": Measure(
        "A8",
        f"kid_ae, minus the regressor's, {_ALL}",
        high=0,
        conditionings=_RANDOM,
    ),
    "coverage": Measure("A8", "coverage (k = 5)"),
    # With z, of as many looks as the real faces have: the next row.
    "coverage_ratio": Measure(
        "A8",
        "coverage, over training faces'",
        low=0.6,
        conditionings=_WITHOUT_RANDOM,
    ),
    "coverage_ratio_of_all": Measure(
        "A8",
        f"coverage, over training faces', {_ALL}",
        low=0.6,
        conditionings=_RANDOM,
    ),
    # By codes alone neither is shown to be better: not asked any more.
    "code_kid_ae": Measure("A8", "kid_ae of codes alone"),
    "code_kid_ae_minus_regressor": Measure(
        "A8", "kid_ae of codes alone, minus the regressor's"
    ),
    "code_kid_ae_of_all": Measure(
        "A8", f"kid_ae of codes alone, {_ALL}", conditionings=_RANDOM
    ),
    "code_kid_ae_minus_regressor_of_all": Measure(
        "A8",
        f"kid_ae of codes alone, minus the regressor's, {_ALL}",
        conditionings=_RANDOM,
    ),
    "code_coverage_ratio": Measure(
        "A8", "coverage of codes alone, over training faces'", low=0.6
    ),
    "code_coverage_ratio_of_all": Measure(
        "A8",
        f"coverage of codes alone, over training faces', {_ALL}",
        low=0.6,
        conditionings=_RANDOM,
    ),
    "sharpness": Measure(
        "A9", "sharpness of the mouth, over real", low=0.7, high=1.3
    ),
    "sharpness_over_regressor": Measure(
        "A9", "sharpness of the mouth, over the regressor's", low=1.0
    ),
    "smoothness": Measure(
        "A10", "change outside of the box, over real", high=1.2
    ),
    "likeness": Measure("A11", "the clip's look found among 16 clips"),
    "likeness_ratio": Measure(
        "A11",
        "the clip's look found, over real",
        low=0.85,
        conditionings=_SHOWN,
    ),
}
"""The rows, in order; the opening needs r >= .9 where the truth is known.

Where real faces do not pass a threshold it is asked of nobody. Figures without
a row are not shown. docs/results/audio.md tells what was asked before.
"""


@dataclass(frozen=True)
class Row:
    """A measure of all arms.

    Attributes:
        name: In `MEASURES`.
        measure: With the thresholds that hold here.
        figures: By the arms' names; an arm may lack it.
        passed: Whether the first arm passes; None where nothing is asked,
            such as what real faces do not pass themselves.
    """

    name: str
    measure: Measure
    figures: Mapping[str, Estimate]
    passed: bool | None


@dataclass(frozen=True)
class AudioReport:
    """The whole table.

    Attributes:
        conditioning: Of the generator.
        truncation: Of its random z, in [0, 1].
        articulation: Of its mouths; None where there is none to change.
        rows: In order.
        arms: The names of the columns, the judged one first.
        clips: Held-out clips.
        frames: In them.
        eigen_mouth_r: Pearson r of the eigen-mouth with the true opening, on
            real held-out frames; None without truth.
        eigen_mouth_explained: Share of the mouths' movement that it explains.
    """

    conditioning: str
    truncation: float
    articulation: float | None
    rows: tuple[Row, ...]
    arms: tuple[str, ...]
    clips: int
    frames: int
    eigen_mouth_r: Estimate | None
    eigen_mouth_explained: float

    @property
    def passed(self) -> bool:
        """Whether all that is asked for is reached."""
        return all(row.passed is not False for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types; what is undefined is null."""
        return {
            "conditioning": self.conditioning,
            "truncation": self.truncation,
            "articulation": self.articulation,
            "passed": self.passed,
            "clips": self.clips,
            "frames": self.frames,
            "eigen_mouth": {
                "explained": self.eigen_mouth_explained,
                "r_with_truth": _plain(self.eigen_mouth_r),
            },
            "measures": {
                row.name: {
                    "id": row.measure.id,
                    "label": row.measure.label,
                    "passes_at": row.measure.bounds,
                    "passed": row.passed,
                    "figures": {
                        arm: _plain(estimate)
                        for arm, estimate in row.figures.items()
                    },
                }
                for row in self.rows
            },
        }


@dataclass(frozen=True)
class Candidate:
    """A generator to be judged.

    Attributes:
        speaker: With `speak`, `look`, `conditioning`, `latent_dim` and
            `articulation`, such as a `LoadedGenerator`.
        draw_latents: (n, latent_dim, seed, truncation) to z of the prior.
        cast_size: How many z speak each clip.
        truncation: Of the z that are drawn, in [0, 1].
    """

    speaker: Any
    draw_latents: Callable[[int, int, int, float], np.ndarray]
    cast_size: int = 2
    truncation: float = 1.0

    def arms(self, held_out: HeldOut) -> dict[str, Arm]:
        """Itself, with z of the prior and z of the clips' own faces."""
        conditioning = self.speaker.conditioning
        clips = held_out.clips
        if conditioning == "audio":
            return {GENERATED: GeneratorArm(self.speaker, clips, None)}
        arms: dict[str, Arm] = {}
        if conditioning == "audio+noise":
            latents = self.draw_latents(
                _PRIOR_IDENTITIES,
                self.speaker.latent_dim,
                held_out.seed,
                self.truncation,
            )
            arms[GENERATED] = GeneratorArm(
                self.speaker, clips, latents, self.cast_size
            )
        looks = self._looks(held_out)
        if looks is not None:
            arms[LOOK] = GeneratorArm(self.speaker, clips, looks, by_clip=True)
        return arms

    def _looks(self, held_out: HeldOut) -> np.ndarray | None:
        """The code of each clip's middle frame, or None without encoder."""
        middles = np.concatenate(
            [clip.images([len(clip) // 2]) for clip in held_out.clips]
        )
        try:
            return self.speaker.look(middles)
        except ConfigError:
            if self.speaker.conditioning == "audio+face":
                raise
            return None


def measure_audio_mode(
    candidate: Candidate,
    held_out: HeldOut,
    regressor: Candidate | None = None,
    progress: Callable[[str], None] = lambda name: None,
) -> AudioReport:
    """Judges a generator that takes sound, beside its controls.

    Args:
        candidate: The generator.
        held_out: Clips that it never saw.
        regressor: Another, trained on pairs with L1 alone, to be better than.
        progress: Told the name of each arm before it is measured.

    Raises:
        ConfigError: The generator's faces or sounds are not the data set's.
    """
    arms = _all_arms(candidate, held_out, regressor)
    figures: dict[str, dict[str, Estimate]] = {}
    performances = {
        name: Performance(arm, held_out) for name, arm in arms.items()
    }
    for name, performance in performances.items():
        progress(name)
        figures[name] = measure_arm(performance)
    progress(REAL)
    figures[REAL] = measure_real(held_out)
    judged = next(iter(arms))
    figures[judged]["opening_r_shuffled"] = shuffled_opening_r(
        performances[judged]
    )
    if REGRESSOR in arms:
        progress(f"{judged}, against the {REGRESSOR}")
        figures[judged] |= compare_with_regressor(
            performances[judged], performances[REGRESSOR]
        )
    return AudioReport(
        conditioning=candidate.speaker.conditioning,
        truncation=candidate.truncation,
        articulation=candidate.speaker.articulation,
        rows=_rows(figures, candidate.speaker.conditioning, held_out),
        arms=tuple(figures),
        clips=len(held_out.clips),
        frames=sum(len(clip) for clip in held_out.clips),
        eigen_mouth_r=check_eigen_mouth(held_out),
        eigen_mouth_explained=held_out.instruments.eigen_mouth.explained,
    )


def check_eigen_mouth(held_out: HeldOut) -> Estimate | None:
    """r of the eigen-mouth with the true opening; None without truth."""
    if not all(clip.has_truth for clip in held_out.clips):
        return None
    meter = held_out.instruments.eigen_mouth
    return mean_over_clips(
        np.array(
            [
                correlation(meter.measure(clip.images()), clip.opening)
                for clip in held_out.clips
            ]
        )
    )


def _all_arms(
    candidate: Candidate, held_out: HeldOut, regressor: Candidate | None
) -> dict[str, Arm]:
    arms = candidate.arms(held_out)
    judged = next(iter(arms.values()))
    arms[SHUFFLED] = ShuffledArm.of(judged, held_out.clips, held_out.seed)
    faces = spread_faces(held_out.instruments.training_clips, _MEAN_FACES)
    arms[MEAN_FACE] = MeanFaceArm(faces.mean(axis=0))
    if regressor is not None:
        arms[REGRESSOR] = next(iter(regressor.arms(held_out).values()))
    return arms


def _rows(
    figures: Mapping[str, Mapping[str, Estimate]],
    conditioning: str,
    held_out: HeldOut,
) -> tuple[Row, ...]:
    rows = []
    judged = next(iter(figures))
    known = held_out.knows_truth
    for name, measure in MEASURES.items():
        if name == "opening_r" and known:
            measure = Measure(measure.id, measure.label, low=_PUPPETS_R)
        found = {
            arm: measured[name]
            for arm, measured in figures.items()
            if name in measured
        }
        if found:
            passed = _passed(name, measure, found, judged, conditioning)
            rows.append(Row(name, measure, found, passed))
    return tuple(rows)


def _passed(
    name: str,
    measure: Measure,
    found: Mapping[str, Estimate],
    judged: str,
    conditioning: str,
) -> bool | None:
    if conditioning not in measure.conditionings:
        return None
    value = found.get(judged, UNDEFINED).value
    if REAL in found and math.isnan(found[REAL].value):
        return None  # the clips don't tell, such as of silence they lack
    if REAL in found and measure.passes(round(found[REAL].value, 6)) is False:
        return None  # a faithful generator would fail
    if name in _UNDEFINED_WITHOUT_MOVEMENT and math.isnan(value):
        return None
    return measure.passes(value)


def _plain(estimate: Estimate | None) -> dict[str, float | None] | None:
    if estimate is None:
        return None
    return {
        name: value if math.isfinite(value) else None
        for name, value in asdict(estimate).items()
    }
