"""A generator against another on the same clips: what the GAN is worth.

Most of what a figure varies by from clip to clip both have in common, and it
falls out of their difference. So the difference is resampled, clip by clip in
pairs: two intervals that overlap may still belong to a clear lead.
"""

import numpy as np

from tfbegan.evaluation.arms import Arm
from tfbegan.evaluation.audio_measures import figures_by_clip
from tfbegan.evaluation.estimates import (
    UNDEFINED,
    Estimate,
    over_two_sets,
    ratio_over_clips,
)
from tfbegan.evaluation.feature_distances import FeatureSet, KernelSums
from tfbegan.evaluation.held_out import FEW_IDENTITIES, HeldOut


def compare_with_regressor(
    arm: Arm, regressor: Arm, held_out: HeldOut
) -> dict[str, Estimate]:
    """Differences in kid_ae, ratios in sync and sharpness.

    Args:
        arm: The generator that is judged.
        regressor: Its control, of the same conditioning.
        held_out: What both speak.

    Returns:
        By the names of `audio_report.MEASURES`.
    """
    ours, theirs = (figures_by_clip(a, held_out) for a in (arm, regressor))
    figures = {
        "opening_r_over_regressor": _ratio(ours.opening_r, theirs.opening_r),
        "retrieval_over_regressor": _ratio(
            held_out.hit_rates(arm), held_out.hit_rates(regressor)
        ),
        "sharpness_over_regressor": _ratio(ours.sharpness, theirs.sharpness),
        **_kid_differences(arm, regressor, held_out, FEW_IDENTITIES),
    }
    every = min(arm.identities, regressor.identities)
    if every > FEW_IDENTITIES:
        more = _kid_differences(arm, regressor, held_out, every)
        figures |= {f"{name}_of_all": more[name] for name in more}
    return figures


def _ratio(
    ours: np.ndarray | list[float], theirs: np.ndarray | list[float]
) -> Estimate:
    """Of means over the clips in which both are defined."""
    both = np.array([ours, theirs], float)
    defined = both[:, np.isfinite(both).all(axis=0)]
    if not defined.size or defined[1].mean() <= 0:
        return UNDEFINED  # a control against the sound is none to be put over
    return ratio_over_clips(*defined)


def _kid_differences(
    arm: Arm, regressor: Arm, held_out: HeldOut, identities: int
) -> dict[str, Estimate]:
    """kid_ae minus the regressor's: of the same sounds, to the same faces."""
    ours, theirs = (
        held_out.features_of(each, identities) for each in (arm, regressor)
    )
    reference, seed = held_out.reference_features, held_out.seed
    codes_of = held_out.codes_of
    return {
        "kid_ae_minus_regressor": _kid_difference(
            ours, theirs, reference, seed
        ),
        "code_kid_ae_minus_regressor": _kid_difference(
            codes_of(ours), codes_of(theirs), codes_of(reference), seed
        ),
    }


def _kid_difference(
    our_faces: FeatureSet,
    their_faces: FeatureSet,
    reference: FeatureSet,
    seed: int,
) -> Estimate:
    ours, theirs = (
        KernelSums(some, reference) for some in (our_faces, their_faces)
    )

    def difference(sounds: np.ndarray, references: np.ndarray) -> float:
        return ours.distance(sounds, references) - theirs.distance(
            sounds, references
        )

    first, second = ours.across[0].shape
    return over_two_sets(difference, first, second, seed)
