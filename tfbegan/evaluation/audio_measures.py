"""The measures A1 to A11 of one arm: does the sound move the mouth?

A1 to A5, A9 and A10 are taken of whole clips spoken by one identity (one z),
and averaged over a few identities; A6 of every identity with the same sounds;
A7 and A8 of faces of random identities with sounds from all clips. Ratios are
to the same figure of the real frames of the same clips. A11 asks whether a face
looks like its clip, which says something where that is shown.
"""

import numpy as np

from tfbegan.evaluation.arms import RealArm, ShuffledArm
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
from tfbegan.evaluation.mouth_meters import correlation
from tfbegan.evaluation.performance import Performance
from tfbegan.evaluation.variance_shares import TwoWayLayout, within_share

_SHUFFLES = 20
_LAYOUT_SOUNDS = 32
_FEWEST_SILENT = 4
_MEANS_OVER_CLIPS = (
    "spread",
    "opening_r",
    "amplitude",
    "sharpness",
    "smoothness",
)


def measure_arm(performance: Performance) -> dict[str, Estimate]:
    """All measures of one arm.

    Args:
        performance: Of whom, on what.

    Returns:
        By the names of `audio_report.MEASURES`.
    """
    return {
        **_of_whole_clips(performance),
        **_retrieval(performance),
        **_likeness(performance),
        **_shares(performance),
        "ms_ssim_excess": _ms_ssim_excess(performance),
        **_features(performance),
    }


def measure_real(held_out: HeldOut) -> dict[str, Estimate]:
    """Real against real: the best that each measure can give.

    As `measure_arm` of the real frames, but A6 is the share within clips (of
    opening and mouth box) and between them (outside): what sound and z could
    explain at most. A8 compares training faces with each other.
    """
    real = Performance(RealArm(held_out.clips), held_out)
    return {
        **_of_whole_clips(real),
        **_retrieval(real),
        **_likeness(real),
        **_real_shares(held_out),
        "ms_ssim_excess": _ms_ssim_excess(real),
        **_feature_figures(held_out.real_features, held_out),
    }


def shuffled_opening_r(performance: Performance) -> Estimate:
    """A2 with the sound of other clips, over many ways to shuffle them.

    One shuffle is a noisy control: neighbouring frames are alike, and a few
    tens of clips leave r at 0 +- 0.1.
    """
    held_out, openings = performance.held_out, performance.openings
    targets = held_out.targets
    rounds = [
        ShuffledArm.of(performance.arm, held_out.clips, held_out.seed + number)
        for number in range(_SHUFFLES)
    ]
    return mean_over_clips(
        np.array(
            [
                np.mean(
                    [
                        correlation(
                            openings[shuffled.partners[index]][
                                shuffled.heard_frames(index, len(target))
                            ],
                            target,
                        )
                        for shuffled in rounds
                    ]
                )
                for index, target in enumerate(targets)
            ]
        )
    )


def _of_whole_clips(performance: Performance) -> dict[str, Estimate]:
    figures = performance.by_clip
    names = [*_MEANS_OVER_CLIPS, *(["width_r"] if figures.width_r else [])]
    return {
        **{
            name: mean_over_clips(np.array(getattr(figures, name)))
            for name in names
        },
        **_silence_figures(figures.silences),
    }


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


def _retrieval(performance: Performance) -> dict[str, Estimate]:
    rates, real = performance.hit_rates, performance.held_out.real_hit_rates
    return {
        "retrieval": mean_over_clips(rates),
        "retrieval_ratio": ratio_over_clips(rates, real),
    }


def _likeness(performance: Performance) -> dict[str, Estimate]:
    rates, real = performance.likeness, performance.held_out.real_likeness
    return {
        "likeness": mean_over_clips(rates),
        "likeness_ratio": ratio_over_clips(rates, real),
    }


def _shares(performance: Performance) -> dict[str, Estimate]:
    """A6, from every one of some identities with the same sounds."""
    arm, held_out = performance.arm, performance.held_out
    if arm.identities == 1:
        return {}  # whatever varies is the sound's, were it ever so little
    sounds = random_moments(held_out.clips, _LAYOUT_SOUNDS, held_out.seed + 1)
    several = min(arm.identities, FEW_IDENTITIES)
    tools = held_out.instruments
    openings, mouths, rest = [], [], []
    for identity in range(several):
        faces = arm.faces(np.full(len(sounds[0]), identity), sounds)
        openings.append(tools.opening.measure(faces))
        mouths.append(tools.box.crop(faces))
        rest.append(tools.box.outside(faces))

    def share(values: list[np.ndarray], kind: str) -> Estimate:
        layout = TwoWayLayout.of(values)
        return over_clips(
            lambda chosen: getattr(layout.shares(chosen), kind),
            len(sounds[0]),
        )

    return {
        "audio_share_mouth": share(mouths, "audio"),
        "audio_share_opening": share(openings, "audio"),
        "latent_share_outside": share(rest, "latent"),
    }


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


def _ms_ssim_excess(performance: Performance) -> Estimate:
    """A7: mean over all pairs of 64 faces, minus the real faces' mean."""
    arm, held_out = performance.arm, performance.held_out
    identities = held_out.random_identities(arm, DIVERSITY_FACES)
    faces = arm.faces(identities, held_out.diverse_moments)
    excess = pairwise_ms_ssim(faces) - held_out.real_ms_ssim

    def mean_excess(chosen: np.ndarray) -> float:
        apart = chosen[:, None] != chosen[None]
        return float(excess[np.ix_(chosen, chosen)][apart].mean())

    return over_clips(mean_excess, DIVERSITY_FACES)


def _features(performance: Performance) -> dict[str, Estimate]:
    """A8, also with as many looks as the real faces have: one each."""
    held_out, every = performance.held_out, performance.arm.identities
    few = _feature_figures(performance.features(FEW_IDENTITIES), held_out)
    if every <= FEW_IDENTITIES:
        return few
    more = _feature_figures(performance.features(every), held_out)
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


def _exact(value: float) -> Estimate:
    return Estimate(value, value, value)
