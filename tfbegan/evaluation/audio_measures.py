"""The measures A1 to A11 of one arm: does the sound move the mouth?

A1 to A5, A9 and A10 are taken of whole clips spoken by one identity (one z),
and averaged over a few identities; A6 of every identity with the same sounds;
A7 and A8 of faces of random identities with sounds from all clips. Ratios are
to the same figure of the real frames of the same clips. A11 asks whose face it
is, which says something where a clip's own face is shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfbegan.evaluation.arms import Arm, RealArm, ShuffledArm, perform
from tfbegan.evaluation.diversity import pairwise_ms_ssim
from tfbegan.evaluation.estimates import (
    UNDEFINED,
    Estimate,
    mean_over_clips,
    over_clips,
    over_two_sets,
    ratio_over_clips,
)
from tfbegan.evaluation.feature_distances import (
    FeatureSet,
    KernelSums,
    covered,
)
from tfbegan.evaluation.held_out import (
    DIVERSITY_FACES,
    FEW_IDENTITIES,
    HeldOut,
    random_moments,
)
from tfbegan.evaluation.instruments import spread_frames
from tfbegan.evaluation.mouth_meters import correlation, varies
from tfbegan.evaluation.regions import (
    change_over_time,
    mean_pairwise_distance,
    over_real,
    sharpness,
)
from tfbegan.evaluation.variance_shares import two_way_shares, within_share

_SHUFFLES = 20
_LAYOUT_IDENTITIES = 8
_LAYOUT_SOUNDS = 32
_FEWEST_SILENT = 4
_MEANS_OVER_CLIPS = (
    "spread",
    "opening_r",
    "amplitude",
    "sharpness",
    "smoothness",
)


@dataclass
class ClipFigures:
    """One figure a clip of what is measured of whole clips.

    Attributes:
        silences: Openings and changes in silence, of `_silence`.
    """

    spread: list[float] = field(default_factory=list)
    opening_r: list[float] = field(default_factory=list)
    width_r: list[float] = field(default_factory=list)
    amplitude: list[float] = field(default_factory=list)
    sharpness: list[float] = field(default_factory=list)
    smoothness: list[float] = field(default_factory=list)
    silences: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)


def measure_arm(arm: Arm, held_out: HeldOut) -> dict[str, Estimate]:
    """All measures of one arm.

    Args:
        arm: Who speaks.
        held_out: What it speaks, and what measures it.

    Returns:
        By the names of `audio_report.MEASURES`.
    """
    return {
        **_of_whole_clips(arm, held_out),
        **_retrieval(arm, held_out),
        **_likeness(arm, held_out),
        **_shares(arm, held_out),
        "ms_ssim_excess": _ms_ssim_excess(arm, held_out),
        **_features(arm, held_out),
    }


def measure_real(held_out: HeldOut) -> dict[str, Estimate]:
    """Real against real: the best that each measure can give.

    As `measure_arm` of the real frames, but A6 is the share within clips (of
    opening and mouth box) and between them (outside): what sound and z could
    explain at most. A8 compares training faces with each other.
    """
    arm = RealArm(held_out.clips)
    return {
        **_of_whole_clips(arm, held_out),
        **_retrieval(arm, held_out),
        **_likeness(arm, held_out),
        **_real_shares(held_out),
        "ms_ssim_excess": _ms_ssim_excess(arm, held_out),
        **_feature_figures(held_out.real_features, held_out),
    }


def shuffled_opening_r(arm: Arm, held_out: HeldOut) -> Estimate:
    """A2 with the sound of other clips, over many ways to shuffle them.

    One shuffle is a noisy control: neighbouring frames are alike, and a few
    tens of clips leave r at 0 +- 0.1.
    """
    clips, meter = held_out.clips, held_out.instruments.opening
    openings = [
        meter.measure(perform(arm, index, len(clip))[0])
        for index, clip in enumerate(clips)
    ]
    targets = held_out.targets
    rounds = [
        ShuffledArm.of(arm, clips, held_out.seed + number)
        for number in range(_SHUFFLES)
    ]
    return mean_over_clips(
        np.array(
            [
                _mean(
                    correlation(
                        openings[shuffled.partners[index]][
                            shuffled.heard_frames(index, len(target))
                        ],
                        target,
                    )
                    for shuffled in rounds
                )
                for index, target in enumerate(targets)
            ]
        )
    )


def figures_by_clip(arm: Arm, held_out: HeldOut) -> ClipFigures:
    """What is measured of whole clips: averaged over those who speak each."""
    figures = ClipFigures()
    for index, clip in enumerate(held_out.clips):
        performances = perform(arm, index, len(clip))
        _add_clip(figures, held_out, index, performances)
    _count_stillness(figures.opening_r, held_out.targets)
    _count_stillness(figures.width_r, [clip.width for clip in held_out.clips])
    return figures


def _count_stillness(rs: list[float], targets: Sequence[np.ndarray]) -> None:
    """r is 0 of a clip in which a face stands still though it should move.

    Left undefined, such clips would be left out, and the others flatter. A
    face that stands still in every clip keeps no r at all.
    """
    if not np.isnan(rs).all():
        for index, target in enumerate(targets[: len(rs)]):
            if np.isnan(rs[index]) and varies(target):
                rs[index] = 0.0


def _of_whole_clips(arm: Arm, held_out: HeldOut) -> dict[str, Estimate]:
    figures = figures_by_clip(arm, held_out)
    names = [*_MEANS_OVER_CLIPS, *(["width_r"] if figures.width_r else [])]
    return {
        **{
            name: mean_over_clips(np.array(getattr(figures, name)))
            for name in names
        },
        **_silence_figures(figures.silences),
    }


def _add_clip(
    figures: ClipFigures,
    held_out: HeldOut,
    index: int,
    performances: np.ndarray,
) -> None:
    """Adds one clip's figures, averaged over the identities that speak it."""
    clip, tools = held_out.clips[index], held_out.instruments
    box, real = tools.box, clip.images()
    openings = [tools.opening.measure(faces) for faces in performances]
    real_opening = held_out.real_openings[index]
    target = held_out.targets[index]
    figures.spread.append(
        over_real(
            _mean(mean_pairwise_distance(box.crop(f)) for f in performances),
            mean_pairwise_distance(box.crop(real)),
        )
    )
    figures.opening_r.append(_mean_correlation(openings, target))
    figures.amplitude.append(
        over_real(
            _mean(opening.std() for opening in openings), real_opening.std()
        )
    )
    if held_out.knows_truth and tools.true_mouth is not None:
        measure_width = tools.true_mouth.measure_width
        widths = [measure_width(faces) for faces in performances]
        figures.width_r.append(_mean_correlation(widths, clip.width))
    figures.sharpness.append(
        over_real(
            _mean(sharpness(box.crop(faces)) for faces in performances),
            sharpness(box.crop(real)),
        )
    )
    figures.smoothness.append(
        over_real(
            _mean(change_over_time(box.outside(f)) for f in performances),
            change_over_time(box.outside(real)),
        )
    )
    figures.silences.append(_silence(held_out, index, performances))


def _mean_correlation(
    tracks: Sequence[np.ndarray], target: np.ndarray
) -> float:
    """Mean r of those who speak a clip with what should be.

    One that stands still where another moves has missed the target: r is 0.
    NaN where the target, or all of them, stand still.
    """
    rs = [correlation(track, target) for track in tracks]
    if np.isnan(rs).all():
        return float("nan")
    return _mean(np.nan_to_num(rs))


def _silence(
    held_out: HeldOut, index: int, performances: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Openings and changes in a clip's silence.

    Openings count from the mean opening of the whole clip in the same face
    where there is no truth, since the eigen-mouth has no zero.

    Returns:
        Float [n, 2] openings (generated, real) of silent frames, and float
        [m, 2] changes of the mouth box between two silent frames in a row.
    """
    silent = held_out.silent[index]
    tools, clip = held_out.instruments, held_out.clips[index]
    openings = [tools.opening.measure(faces) for faces in performances]
    real = held_out.real_openings[index]
    if tools.true_mouth is None:
        openings = [opening - opening.mean() for opening in openings]
        real = real - real.mean()
    generated = np.mean(openings, axis=0)
    pairs = silent[:-1][np.diff(silent) == 1]
    changes = np.array(
        [
            (
                _mean(_change(tools.box.crop(f), t) for f in performances),
                _change(tools.box.crop(clip.images(slice(t, t + 2))), 0),
            )
            for t in pairs
        ]
    ).reshape(-1, 2)
    return np.stack([generated[silent], real[silent]], axis=1), changes


def _silence_figures(
    silences: list[tuple[np.ndarray, np.ndarray]],
) -> dict[str, Estimate]:
    """A5: the mean opening above the real one's in std of the real, and the
    ratio of changes. A mouth more closed than the real one is below 0.
    """
    openings = [opening for opening, _ in silences if len(opening)]
    changes = [change for _, change in silences if len(change)]
    if sum(map(len, openings)) < _FEWEST_SILENT or not changes:
        return {"silence_offset": UNDEFINED, "silence_change": UNDEFINED}

    def offset(chosen: np.ndarray) -> float:
        picked = np.concatenate([openings[i] for i in chosen])
        generated, real = picked.mean(axis=0)
        return (generated - real) / max(picked[:, 1].std(), 1e-9)

    means = np.array([change.mean(axis=0) for change in changes])
    return {
        "silence_offset": over_clips(offset, len(openings)),
        "silence_change": ratio_over_clips(means[:, 0], means[:, 1]),
    }


def _retrieval(arm: Arm, held_out: HeldOut) -> dict[str, Estimate]:
    rates, real = held_out.hit_rates(arm), held_out.real_hit_rates
    return {
        "retrieval": mean_over_clips(rates),
        "retrieval_ratio": ratio_over_clips(rates, real),
    }


def _likeness(arm: Arm, held_out: HeldOut) -> dict[str, Estimate]:
    rates, real = held_out.likeness(arm), held_out.real_likeness
    return {
        "likeness": mean_over_clips(rates),
        "likeness_ratio": ratio_over_clips(rates, real),
    }


def _shares(arm: Arm, held_out: HeldOut) -> dict[str, Estimate]:
    """A6, from every one of a few identities with the same sounds."""
    sounds = random_moments(held_out.clips, _LAYOUT_SOUNDS, held_out.seed + 1)
    rows = min(arm.identities, _LAYOUT_IDENTITIES)
    several = min(arm.identities, FEW_IDENTITIES)
    identities = held_out.random_identities(arm, several)[:rows]
    tools = held_out.instruments
    layout = np.stack(
        [
            arm.faces(np.full(len(sounds[0]), identity), sounds)
            for identity in identities
        ]
    )  # [I, J, S, S, 3]
    opening = np.stack([tools.opening.measure(faces) for faces in layout])
    mouths, rest = tools.box.crop(layout), tools.box.outside(layout)

    def share(values: np.ndarray, kind: str) -> Estimate:
        return over_clips(
            lambda chosen: getattr(two_way_shares(values[:, chosen]), kind),
            values.shape[1],
        )

    if rows == 1:
        return {}  # whatever varies is the sound's, were it ever so little
    return {
        "audio_share_mouth": share(_as_components(mouths), "audio"),
        "audio_share_opening": share(opening, "audio"),
        "latent_share_outside": share(_as_components(rest), "latent"),
    }


def _as_components(values: np.ndarray) -> np.ndarray:
    """The same variances in at most I * J numbers a cell instead of pixels.

    Sums of squares do not change under a rotation, and I * J cells span no
    more dimensions than there are cells.
    """
    cells = values.reshape(-1, int(np.prod(values.shape[2:])))
    centred = cells.astype(np.float64) - cells.mean(axis=0)
    variances, axes = np.linalg.eigh(centred @ centred.T)
    kept = axes * np.sqrt(np.maximum(variances, 0))
    return kept.reshape(*values.shape[:2], -1)


def _real_shares(held_out: HeldOut) -> dict[str, Estimate]:
    tools = held_out.instruments
    every = [
        clip.images(spread_frames(len(clip), 16)) for clip in held_out.clips
    ]
    mouths = [tools.box.crop(faces) for faces in every]
    rest = [tools.box.outside(faces) for faces in every]
    within = within_share(mouths)
    between = 1 - within_share(rest)
    opening = within_share(
        [tools.opening.measure(faces)[:, None] for faces in every]
    )
    return {
        "audio_share_mouth": _exact(within),
        "audio_share_opening": _exact(opening),
        "latent_share_outside": _exact(between),
    }


def _ms_ssim_excess(arm: Arm, held_out: HeldOut) -> Estimate:
    """A7: mean over all pairs of 64 faces, minus the real faces' mean."""
    identities = held_out.random_identities(arm, DIVERSITY_FACES)
    faces = arm.faces(identities, held_out.diverse_moments)
    excess = pairwise_ms_ssim(faces) - held_out.real_ms_ssim

    def mean_excess(chosen: np.ndarray) -> float:
        apart = chosen[:, None] != chosen[None]
        return float(excess[np.ix_(chosen, chosen)][apart].mean())

    return over_clips(mean_excess, DIVERSITY_FACES)


def _features(arm: Arm, held_out: HeldOut) -> dict[str, Estimate]:
    """A8, also with as many looks as the real faces have: one each."""
    few = _feature_figures(held_out.features_of(arm, FEW_IDENTITIES), held_out)
    if arm.identities <= FEW_IDENTITIES:
        return few
    every = held_out.features_of(arm, arm.identities)
    more = _feature_figures(every, held_out)
    return {**few, **{f"{name}_of_all": more[name] for name in more}}


def _feature_figures(
    measured: FeatureSet, held_out: HeldOut
) -> dict[str, Estimate]:
    """A8 of some faces against real ones: by all features, by codes alone."""
    real, reference = held_out.real_features, held_out.reference_features
    codes_of = held_out.codes_of
    figures = _distances(measured, real, reference, held_out.seed)
    by_codes = _distances(
        codes_of(measured), codes_of(real), codes_of(reference), held_out.seed
    )
    return {**figures, **{f"code_{name}": by_codes[name] for name in by_codes}}


def _distances(
    measured: FeatureSet, real: FeatureSet, reference: FeatureSet, seed: int
) -> dict[str, Estimate]:
    coverage, of_real = (
        _mean_by_group(covered(reference, some.features), reference.clips)
        for some in (measured, real)
    )
    return {
        "kid_ae": _kid(measured, reference, seed),
        "coverage": mean_over_clips(coverage),
        "coverage_ratio": ratio_over_clips(coverage, of_real),
    }


def _kid(measured: FeatureSet, reference: FeatureSet, seed: int) -> Estimate:
    sums = KernelSums(measured, reference)
    first, second = sums.across[0].shape
    return over_two_sets(sums.distance, first, second, seed)


def _mean_by_group(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    return np.bincount(groups, weights=values) / np.bincount(groups)


def _change(images: np.ndarray, frame: int) -> float:
    return float(np.abs(images[frame + 1] - images[frame]).mean())


def _mean(values: Any) -> float:
    return float(np.mean(list(values)))


def _exact(value: float) -> Estimate:
    return Estimate(value, value, value)
