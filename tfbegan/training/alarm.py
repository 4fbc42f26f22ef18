"""The collapse alarm: what is the same in a look though it should differ."""

from tfbegan.training.pictures import Look

COLLAPSE_RATIO = 0.3
"""Spread of fakes, or movement of mouths, over the reals' below which a run is
called collapsed. Healthy runs with sound have .4 and .6 at step 500."""


def collapses_of(look: Look, step: int) -> dict[str, str]:
    """What has collapsed, and what to do about it.

    Faces must differ where z or photographs say how they look. Where only the
    sound does, all have one pose and light, and that is no collapse. With
    sound, mouths must move with it.

    Args:
        look: At the model.
        step: At which it was taken.

    Returns:
        A sentence for each of "faces" and "mouths" that collapsed. Mouths are
        only scored where there is a validation split.
    """
    told = {}
    if look.has_looks and look.spread_ratio < COLLAPSE_RATIO:
        cure = (
            "raise --gamma or --lambda-k, or use --preset small-data"
            if look.conditioning == "noise"
            else "raise --code-anchor and --code-prior; --preset talking has"
            " both"
        )
        told["faces"] = (
            f"the faces of step {step} are nearly all the same (spread"
            f" {look.fake_spread:.3f}, real {look.real_spread:.3f}). If this"
            f" lasts, {cure}."
        )
    if look.score is not None and look.score.spread < COLLAPSE_RATIO:
        told["mouths"] = (
            f"the mouths of step {step} hardly move with the sound"
            f" ({look.score.spread:.2f} of the real movement). If this lasts,"
            " raise --code-anchor and --motion; --preset talking has both."
        )
    return told
