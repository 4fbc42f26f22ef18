"""The collapse alarm: what is the same in a look though it should differ."""

from tfbegan.training.pictures import Look

COLLAPSE_RATIO = 0.3
"""Spread of fakes, or movement of mouths, over the reals' below which a run is
called collapsed."""


def collapse_of(look: Look, step: int) -> str | None:
    """What has collapsed and what to do about it; None where nothing has.

    Faces must differ where z or photographs say how they look. Where only the
    sound does, all have one pose and light, and that is no collapse: they must
    differ in the mouth.

    Args:
        look: At the model.
        step: At which it was taken.
    """
    preset = "small-data" if look.score is None else "talking"
    if look.has_looks and look.spread_ratio < COLLAPSE_RATIO:
        return (
            f"the faces of step {step} are nearly all the same (spread"
            f" {look.fake_spread:.3f}, real {look.real_spread:.3f}). If this"
            " lasts, raise --gamma or --lambda-k, or use --preset"
            f" {preset}."
        )
    if look.score is not None and look.score.spread < COLLAPSE_RATIO:
        return (
            f"the mouths of step {step} hardly move with the sound"
            f" ({look.score.spread:.2f} of the real movement). If this lasts,"
            f" raise --code-anchor and --motion, or use --preset {preset}."
        )
    return None
