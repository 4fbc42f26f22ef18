"""Puppets' clips as a data set folder, by the builder's own writer."""

import contextlib
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from tfbegan._version import __version__
from tfbegan.errors import OutputError
from tfbegan.files import folder_lock, refuse_undecodable
from tfbegan.records import (
    MARKER_NAME,
    Clip,
    DatasetInfo,
    read_dataset_info,
)
from tfrecords_builder.parts import write_part
from tfrecords_builder.plan import refuse_changed_plan
from tfrecords_builder.writer import (
    DatasetSpec,
    discard,
    publish,
    write_dataset,
)

if TYPE_CHECKING:
    from tfrecords_builder.puppets.build import PuppetPlan


def find_finished(out: Path, plan: "PuppetPlan") -> DatasetInfo | None:
    """The data set that a folder holds already, if it is this plan's.

    Raises:
        PlanChangedError: It is another plan's.
        DatasetError: Its marker is damaged.
        OutputError: The folder holds something else, or can't be written.
    """
    refuse_undecodable(out)
    if (out / MARKER_NAME).is_file():
        info = read_dataset_info(out)
        # What a plan of an earlier version has not, it did as is the default.
        earlier = {**type(plan)().to_dict(), **info.plan}
        refuse_changed_plan(earlier, plan.to_dict(), str(out))
        return info
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(
            f"{out} is there already and is no data set. Name another folder,"
            " or remove it."
        )
    return None


def write_folder(
    out: Path, clips: Iterable[Clip], plan: "PuppetPlan"
) -> DatasetInfo:
    """Writes a data set beside its final name, then gives it that name.

    Args:
        out: The folder, missing or empty.
        clips: What to write, those of a source one after another.
        plan: What it was made by.

    Raises:
        LockedError: Another process builds it.
        OutputError: It can't be written.
    """
    with _staging(out) as staging:
        parts = [
            write_part(staging / "parts" / f"{source}.tfrecord", list(own))
            for source, own in groupby(clips, key=lambda c: c.source_id)
        ]
        spec = DatasetSpec(
            face=plan.face,
            audio=plan.audio,
            plan=plan.to_dict(),
            generator=f"tfrecords_builder {__version__}",
            validation_fraction=plan.validation_fraction,
            clips_per_shard=plan.clips_per_shard,
            salt=plan.salt,
        )
        info = write_dataset(parts, staging / "data", spec)
        publish(staging / "data", out)
    return info


@contextlib.contextmanager
def _staging(out: Path) -> Iterator[Path]:
    """A folder beside `out` that only this process works in."""
    staging = out.with_name(f".incomplete-{out.name}")
    with folder_lock(staging, "building puppets"):
        # What an interrupted build left: making it again takes seconds.
        discard(staging / "parts")
        discard(staging / "data")
        try:
            yield staging
        finally:
            discard(staging)
