"""A build: plan, staged parts, shards, marker; the same again after a crash."""

import csv
import functools
import io
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tfbegan._version import __version__
from tfbegan.errors import DatasetError, OutputError, TFBeganError
from tfbegan.files import (
    atomic_write_text,
    folder_lock,
    read_json,
    refuse_undecodable,
    remove_temporaries,
    write_json,
)
from tfbegan.records import MARKER_NAME, Clip, read_dataset_info
from tfrecords_builder.jobs import Job, duplicates, plan_jobs
from tfrecords_builder.parts import Part, StagedClip, read_part, write_part
from tfrecords_builder.plan import BuildPlan, refuse_changed_plan
from tfrecords_builder.reasons import Reason, Rejection
from tfrecords_builder.sources import Source
from tfrecords_builder.workers import Outcome, run_tasks
from tfrecords_builder.writer import (
    DatasetSpec,
    discard,
    publish,
    write_dataset,
)

GENERATOR = f"tfrecords_builder {__version__}"
# fmt: off
_COLUMNS = (
    "source_id", "file", "start_s", "end_s", "status", "clips", "frames",
    "seconds", "detail",
)
# fmt: on


class Progress(Protocol):
    """Hears how a build goes."""

    def begin(self, jobs: int, staged: int) -> None:
        """Called once: jobs in all, and those staged by an earlier run."""

    def advance(self, frames: int) -> None:
        """Called after every job, with the faces that it gave."""


@dataclass(frozen=True)
class SourceStatus:
    """A row of the table of sources.

    Attributes:
        source: As the user named it.
        status: "ok", "partial", or the reason why it gave nothing.
        clips: That it gave.
        frames: In them.
        seconds: Of the faces.
        detail: Sentences about what was refused.
    """

    source: Source
    status: str
    clips: int
    frames: int
    seconds: float
    detail: str


@dataclass(frozen=True)
class BuildResult:
    """How a build ended.

    Attributes:
        folder: The data set.
        statuses: Of every source.
        already_there: Whether it had been built before.
    """

    folder: Path
    statuses: tuple[SourceStatus, ...]
    already_there: bool = False

    @property
    def complete(self) -> bool:
        """Whether every source is "ok"."""
        return all(status.status == "ok" for status in self.statuses)


_MOST_REASONS = 5
_LEFT_OUT = (
    str(Reason.NO_AUDIO),
    "Left out: most faces of this data set have sound, these have none.",
)

MakeExtract = Callable[[BuildPlan], Any]


def build(
    sources: Sequence[Source],
    out: Path,
    plan: BuildPlan,
    *,
    workers: int = 1,
    progress: Progress | None = None,
    make_extractor: MakeExtract | None = None,
) -> BuildResult:
    """Builds a data set, or finishes one that was begun.

    Args:
        sources: In any order.
        out: The data set's folder. Until it is whole, everything is in a
            folder beside it, `.incomplete` after its name.
        plan: All settings.
        workers: Processes.
        progress: Hears how it goes.
        make_extractor: Makes what cuts sources into clips, in each worker;
            by default the real one.

    Raises:
        PlanChangedError: The folder was begun with another plan.
        LockedError: Another build is at work there.
        DatasetError: Not a single face was found.
        OutputError: The disk is full, or the folder holds something else.
    """
    out = Path(out)
    refuse_undecodable(out)
    whole_plan = {
        "settings": plan.to_dict(),
        "sources": sorted({source.source_id for source in sources}),
    }
    if (out / MARKER_NAME).is_file():
        info = read_dataset_info(out)
        refuse_changed_plan(_listed(info.plan), _listed(whole_plan), str(out))
        return BuildResult(out, (), already_there=True)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(
            f"{out} holds something else than a data set. Name a folder that"
            " is new or empty."
        )
    staging = out.with_name(f"{out.name}.incomplete")
    with folder_lock(staging, "building"):
        _begin(staging, whole_plan)
        jobs, refused = plan_jobs(sources, plan)
        make = functools.partial(
            _Handler, plan, staging / "parts", make_extractor
        )
        parts, failures = _stage(jobs, staging, make, workers, plan, progress)
        parts = _without_silent_minority(parts)
        statuses = _statuses(sources, jobs, refused, parts, failures)
        _refuse_empty(statuses)
        final = staging / "final"
        discard(final)
        write_dataset(
            list(parts.values()),
            final,
            DatasetSpec(
                face=plan.face,
                audio=plan.audio,
                plan=whole_plan,
                generator=GENERATOR,
                validation_fraction=plan.validation_fraction,
                clips_per_shard=plan.clips_per_shard,
                salt=plan.salt,
            ),
        )
        _write_table(final / "sources.csv", statuses)
        publish(final, out)
    discard(staging)
    return BuildResult(out, tuple(statuses))


class _Handler:
    """Works on jobs, in a worker process."""

    def __init__(
        self, plan: BuildPlan, folder: Path, make_extractor: Any
    ) -> None:
        if make_extractor is None:
            from tfrecords_builder.extract import Extractor

            make_extractor = Extractor
        self.plan = plan
        self.folder = folder
        self.extractor = make_extractor(plan)

    def __call__(self, job: Job) -> Part:
        clips: list[Clip] = []
        report: list[dict[str, Any]] = []
        for source, origin in zip(job.sources, job.origins, strict=True):
            for found in self._extract(source):
                if isinstance(found, Clip):
                    clips.append(found)
                    report.append(
                        {
                            "origin": origin,
                            "clip": found.clip_id,
                            "seconds": _seconds(found),
                        }
                    )
                else:
                    report.append(
                        {
                            "origin": origin,
                            "reason": str(found.reason),
                            "detail": found.detail,
                        }
                    )
        return write_part(self.folder / f"{job.job_id}.part", clips, report)

    def _extract(self, source: Source) -> Iterator[Clip | Rejection]:
        """Whatever a file does to a library costs this source alone."""
        try:
            yield from self.extractor.extract(source)
        except TFBeganError:
            raise
        except Exception as error:
            yield Rejection(Reason.CRASHED, f"{type(error).__name__}: {error}")


def _seconds(clip: Clip) -> float:
    times = clip.frame_times
    if len(times) < 2:
        return 0.0
    return float(times[-1] * len(times) / (len(times) - 1))


def _begin(staging: Path, plan: dict[str, Any]) -> None:
    plan_file = staging / "plan.json"
    if plan_file.is_file():
        refuse_changed_plan(read_json(plan_file), _listed(plan), str(staging))
    else:
        write_json(plan_file, plan)
    (staging / "parts").mkdir(exist_ok=True)
    remove_temporaries(staging / "parts")


def _stage(
    jobs: list[Job],
    staging: Path,
    make_handler: Callable[[], Any],
    workers: int,
    plan: BuildPlan,
    progress: Progress | None,
) -> tuple[dict[str, Part], dict[str, Outcome]]:
    """Makes the parts that are not there yet."""
    parts: dict[str, Part] = {}
    failures: dict[str, Outcome] = {}
    for job in jobs:
        part = read_part(staging / "parts" / f"{job.job_id}.part")
        if part is not None:
            parts[job.job_id] = part
    if progress is not None:
        progress.begin(len(jobs), len(parts))
    missing = [job for job in jobs if job.job_id not in parts]
    for outcome in run_tasks(missing, make_handler, workers, plan.timeout_s):
        frames = 0
        if outcome.failure:
            failures[outcome.task.job_id] = outcome
        else:
            parts[outcome.task.job_id] = outcome.result
            frames = sum(clip.frames for clip in outcome.result.clips)
        if progress is not None:
            progress.advance(frames)
    return parts, failures


def _without_silent_minority(parts: dict[str, Part]) -> dict[str, Part]:
    """Leaves out clips without sound where most have some.

    A single silent video would otherwise make the whole data set unfit for
    audio. Where most faces have no sound, they are all kept.
    """
    clips = [clip for part in parts.values() for clip in part.clips]
    heard = sum(clip.frames for clip in clips if clip.has_audio)
    if 2 * heard < sum(clip.frames for clip in clips):
        return parts
    return {
        job_id: Part(
            part.path,
            tuple(clip for clip in part.clips if clip.has_audio),
            part.report,
        )
        for job_id, part in parts.items()
    }


def _statuses(
    sources: Sequence[Source],
    jobs: list[Job],
    refused: dict[str, Rejection],
    parts: dict[str, Part],
    failures: dict[str, Outcome],
) -> list[SourceStatus]:
    """A row for every source, whatever became of it."""
    seconds: dict[str, float] = {}
    clips: dict[str, list[StagedClip]] = defaultdict(list)
    rejections: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for source_id, rejection in refused.items():
        rejections[source_id].append((rejection.reason, rejection.detail))
    for job in jobs:
        if job.job_id in failures:
            outcome = failures[job.job_id]
            for origin in job.origins:
                rejections[origin].append((outcome.failure, outcome.detail))
        part = parts.get(job.job_id)
        if part is None:
            continue
        kept = {clip.clip_id: clip for clip in part.clips}
        for row in part.report:
            if "reason" in row:
                rejections[row["origin"]].append((row["reason"], row["detail"]))
            elif row["clip"] in kept:
                clips[row["origin"]].append(kept[row["clip"]])
                seconds[row["clip"]] = row["seconds"]
            else:
                rejections[row["origin"]].append(_LEFT_OUT)
    twins = {id(twin): first for twin, first in duplicates(sources)}
    return [
        _twin_status(source, twins[id(source)])
        if id(source) in twins
        else _status(
            source,
            clips[source.source_id],
            seconds,
            rejections[source.source_id],
        )
        for source in sources
    ]


def _refuse_empty(statuses: Sequence[SourceStatus]) -> None:
    """Where nothing is written, there is no table to look reasons up in."""
    if any(status.clips for status in statuses):
        return
    reasons = [
        f"{status.source.label}: {status.detail or status.status}"
        for status in statuses[:_MOST_REASONS]
    ]
    more = len(statuses) - len(reasons)
    raise DatasetError(
        "No source gave a single face, so there is no data set to write."
        f" {' '.join(reasons)}" + (f" And {more} more." if more else "")
    )


def _status(
    source: Source,
    clips: list[StagedClip],
    seconds: dict[str, float],
    rejections: list[tuple[str, str]],
) -> SourceStatus:
    # Faces that were kept although they have no sound are all right.
    silent = bool(clips) and not any(clip.has_audio for clip in clips)
    amiss = [r for r in rejections if not (silent and r[0] == Reason.NO_AUDIO)]
    if not amiss:
        status = "ok" if clips else str(Reason.NO_FACE)
    else:
        status = "partial" if clips else str(amiss[0][0])
    details = list(dict.fromkeys(f"{r}: {detail}" for r, detail in rejections))
    return SourceStatus(
        source=source,
        status=status,
        clips=len(clips),
        frames=sum(clip.frames for clip in clips),
        seconds=sum(seconds[clip.clip_id] for clip in clips),
        detail=" ".join(details),
    )


def _twin_status(source: Source, first: Source) -> SourceStatus:
    return SourceStatus(
        source,
        str(Reason.DUPLICATE),
        0,
        0,
        0.0,
        f"The same content as {first.label}.",
    )


def _write_table(path: Path, statuses: Sequence[SourceStatus]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    ordered = sorted(
        statuses, key=lambda s: (s.source.source_id, s.source.label)
    )
    for row in ordered:
        writer.writerow(
            [
                row.source.source_id,
                row.source.path.name,
                f"{row.source.start_s:g}",
                f"{row.source.end_s:g}",
                row.status,
                row.clips,
                row.frames,
                f"{row.seconds:.2f}",
                row.detail,
            ]
        )
    atomic_write_text(path, text.getvalue())


def _listed(plan: Any) -> Any:
    """Tuples as lists, as they come back from JSON."""
    if isinstance(plan, dict):
        return {name: _listed(value) for name, value in plan.items()}
    return list(plan) if isinstance(plan, tuple) else plan


def read_statuses(folder: Path) -> list[dict[str, str]]:
    """The rows of a data set's table of sources.

    Raises:
        DatasetError: There is no such table.
    """
    path = folder / "sources.csv"
    if not path.is_file():
        raise DatasetError(f"{folder} has no table of sources.")
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
