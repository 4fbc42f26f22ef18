"""Seeds of the parts of something that has one."""


def offset_seed(seed: int | None, by: int) -> int | None:
    """A seed for a part of it; None, which draws a new one, for None."""
    return None if seed is None else seed + by
