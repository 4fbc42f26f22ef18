"""The builder's settings: what makes two builds the same build."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Self

from tfbegan.config import AudioConfig, Config, FaceConfig
from tfbegan.errors import ConfigError, PlanChangedError

SPLIT_BY = ("auto", "source", "span")


@dataclass(frozen=True)
class TrackingConfig(Config):
    """How faces are found and followed.

    Attributes:
        key_interval_s: Seconds between frames on which MTCNN looks for
            faces; optical flow follows them in between.
        min_confidence: Of MTCNN, in [0, 1].
        min_face_px: Smallest distance of the eyes, in source pixels.
        detection_height: Frames are reduced to at most this height for
            detection, in pixels.
        cut_threshold: Change of the picture, in multiples of the usual, that
            counts as a cut.
        smoothing_s: Standard deviation of the smoothing of a track's
            position, in seconds.
        min_clip_s: Shortest piece of a track that is kept.
        max_faces: Faces followed at once.
    """

    key_interval_s: float = 0.48
    min_confidence: float = 0.9
    min_face_px: float = 12.0
    detection_height: int = 288
    cut_threshold: float = 5.0
    smoothing_s: float = 0.4
    min_clip_s: float = 0.4
    max_faces: int = 4

    def validate(self) -> None:
        self.check_range("key_interval_s", 0.01, 10)
        self.check_range("min_confidence", 0, 1)
        self.check_range("min_face_px", 1, 1_000)
        self.check_range("detection_height", 48, 4_096)
        self.check_range("cut_threshold", 1, 1_000)
        self.check_range("smoothing_s", 0, 10)
        self.check_range("min_clip_s", 0, 10)
        self.check_range("max_faces", 1, 64)


@dataclass(frozen=True)
class BuildPlan(Config):
    """Everything that decides the bytes of a data set, but for its sources.

    Attributes:
        face: Geometry of the crops.
        audio: The MFCC front end.
        tracking: How faces are found and followed.
        clip_s: Longest clip, in seconds.
        span_s: Long videos are worked on in spans of so many seconds.
        validation_fraction: Share of the split units in the validation split.
        split_by: Unit of the split: "source", "span", or "auto", which is by
            source where there are at least 10.
        clips_per_shard: Records in a shard.
        jpeg_quality: Of the faces, 1 to 100.
        salt: Changes the order of records and the split.
        max_source_bytes: Larger files are refused.
        max_source_s: Longer videos are refused.
        timeout_s: Seconds that a span may take before it is given up.
    """

    face: FaceConfig = field(default_factory=FaceConfig)
    audio: AudioConfig = field(default_factory=AudioConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    clip_s: float = 3.0
    span_s: float = 30.0
    validation_fraction: float = 0.1
    split_by: str = "auto"
    clips_per_shard: int = 256
    jpeg_quality: int = 95
    salt: str = "tfbegan"
    max_source_bytes: int = 20_000_000_000
    max_source_s: float = 14_400.0
    timeout_s: float = 600.0

    def validate(self) -> None:
        self.check_range("clip_s", 0.1, 60)
        self.check_range("span_s", self.clip_s, 3_600)
        self.check_range("validation_fraction", 0, 0.9)
        self.check_choice("split_by", SPLIT_BY)
        self.check_range("clips_per_shard", 1, 1_000_000)
        self.check_range("jpeg_quality", 1, 100)
        self.check_range("max_source_bytes", 1, 1e15)
        self.check_range("max_source_s", 0.1, 1e7)
        self.check_range("timeout_s", 1, 86_400)

    @classmethod
    def from_dict(cls, content: Any) -> Self:
        """The inverse of `to_dict`.

        Raises:
            ConfigError: A setting is unknown, or out of its range.
        """
        if not isinstance(content, dict):
            return super().from_dict(content)
        nested: dict[str, type[Config]] = {
            "face": FaceConfig,
            "audio": AudioConfig,
            "tracking": TrackingConfig,
        }
        return super().from_dict(
            {
                name: nested[name].from_dict(value) if name in nested else value
                for name, value in content.items()
            }
        )


def refuse_changed_plan(old: Any, new: Any, folder: str) -> None:
    """Says which setting differs from the one a folder was begun with.

    Args:
        old: The plan in the folder, as JSON types.
        new: The plan that is asked for, as JSON types.
        folder: For the message.

    Raises:
        PlanChangedError: They differ.
    """
    for name in sorted({*_flat(old), *_flat(new)}):
        before, after = _flat(old).get(name), _flat(new).get(name)
        if before != after:
            raise PlanChangedError(
                f"{folder} was begun with {name}={before!r}; now it is"
                f" {after!r}. Name another --out, or use the settings and"
                " sources that it was begun with."
            )


def _flat(content: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(content, dict):
        return {
            prefix: list(content) if isinstance(content, tuple) else content
        }
    flat: dict[str, Any] = {}
    for name, value in content.items():
        flat.update(_flat(value, f"{prefix}.{name}" if prefix else name))
    return flat


def override(plan: BuildPlan, settings: dict[str, Any]) -> BuildPlan:
    """A plan with settings changed by their dotted names.

    Args:
        plan: To start from.
        settings: Such as {"face.image_size": 32, "clip_s": 2.0}.

    Raises:
        ConfigError: A setting is unknown, or out of its range.
    """
    for name, value in settings.items():
        group, _, member = name.rpartition(".")
        target = getattr(plan, group) if group else plan
        if member not in {f.name for f in dataclasses.fields(target)}:
            raise ConfigError(f"There is no setting {name!r}.")
        changed = target.replace(**{member: value})
        plan = plan.replace(**{group: changed}) if group else changed
    return plan
