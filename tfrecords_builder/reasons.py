"""Why something was refused: the words in the table of sources."""

import enum
import math
from dataclasses import dataclass


class Reason(enum.StrEnum):
    """Why a source, or a part of one, gave no faces."""

    MISSING_FILE = "missing_file"
    EMPTY_FILE = "empty_file"
    TOO_LARGE = "too_large"
    TOO_LONG = "too_long"
    UNREADABLE = "unreadable"
    NO_VIDEO = "no_video"
    NO_AUDIO = "no_audio"
    DAMAGED = "damaged"
    TRUNCATED = "truncated"
    TOO_SHORT = "too_short"
    NO_FACE = "no_face"
    FACE_TOO_SMALL = "face_too_small"
    DUPLICATE = "duplicate"
    DOWNLOAD_FAILED = "download_failed"
    TIMEOUT = "timeout"
    CRASHED = "crashed"


@dataclass(frozen=True)
class Rejection:
    """A part of a source that gave no faces, and why.

    Attributes:
        reason: In a word.
        detail: In a sentence.
        start_s: Where the part begins, in seconds of the source.
        end_s: Where it ends; infinity is the source's end.
    """

    reason: Reason
    detail: str
    start_s: float = 0.0
    end_s: float = math.inf
