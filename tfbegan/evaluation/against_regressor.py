"""A generator against another on the same clips: what the GAN is worth.

Most of what a figure varies by from clip to clip both have in common, and it
falls out of their difference. So the difference is resampled, clip by clip in
pairs: two intervals that overlap may still belong to a clear lead.
"""

import numpy as np

from tfbegan.evaluation.estimates import (
    UNDEFINED,
    Estimate,
    over_two_sets,
    ratio_over_clips,
)
from tfbegan.evaluation.feature_distances import FeatureSet, KernelSums
from tfbegan.evaluation.held_out import FEW_IDENTITIES
from tfbegan.evaluation.performance import Performance


def compare_with_regressor(
    ours: Performance, theirs: Performance
) -> dict[str, Estimate]:
    """Differences in kid_ae, ratios in sync and sharpness.

    Args:
        ours: Of the generator that is judged.
        theirs: Of its control, of the same conditioning, on the same clips.

    Returns:
        By the names of `audio_report.MEASURES`.
    """
    our_clips, their_clips = ours.by_clip, theirs.by_clip
    figures = {
        "opening_r_over_regressor": _ratio(
            our_clips.opening_r, their_clips.opening_r
        ),
        "retrieval_over_regressor": _ratio(ours.hit_rates, theirs.hit_rates),
        "sharpness_over_regressor": _ratio(
            our_clips.sharpness, their_clips.sharpness
        ),
        **_kid_differences(ours, theirs, FEW_IDENTITIES),
    }
    every = min(ours.arm.identities, theirs.arm.identities)
    if every > FEW_IDENTITIES:
        more = _kid_differences(ours, theirs, every)
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
    ours: Performance, theirs: Performance, identities: int
) -> dict[str, Estimate]:
    """kid_ae minus the regressor's: of the same sounds, to the same faces."""
    held_out = ours.held_out
    our_faces, their_faces, reference = (
        ours.features(identities),
        theirs.features(identities),
        held_out.reference_features,
    )
    codes_of, seed = held_out.codes_of, held_out.seed
    return {
        "kid_ae_minus_regressor": _kid_difference(
            our_faces, their_faces, reference, seed
        ),
        "code_kid_ae_minus_regressor": _kid_difference(
            codes_of(our_faces),
            codes_of(their_faces),
            codes_of(reference),
            seed,
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
