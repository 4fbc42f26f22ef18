"""What one worker does at a time: some sources, or a span of a long one."""

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass

from tfrecords_builder.decode import MediaError, probe
from tfrecords_builder.plan import BuildPlan
from tfrecords_builder.reasons import Reason, Rejection
from tfrecords_builder.sources import Source, make_id

_IMAGES_PER_JOB = 64
_SOURCES_TO_SPLIT_BY_SOURCE = 10


@dataclass(frozen=True)
class Job:
    """Work for one worker.

    Attributes:
        job_id: 16 hexadecimal digits, of what is in it.
        sources: To be worked on one after the other. A span of a video is a
            source of its own, with the id of its unit of the split.
        origins: For each, the id of the source that the user named.
    """

    job_id: str
    sources: tuple[Source, ...]
    origins: tuple[str, ...]


def plan_jobs(
    sources: Iterable[Source], plan: BuildPlan
) -> tuple[list[Job], dict[str, Rejection]]:
    """Divides the work.

    Args:
        sources: In their own order.
        plan: All settings.

    Returns:
        The jobs, and the sources that are refused beforehand: by id, why.
    """
    sources = list(sources)
    refused: dict[str, Rejection] = {}
    kept: dict[str, Source] = {}
    for source in sources:
        reason = _refusal(source, plan)
        if reason is not None:
            refused[source.source_id] = reason
        else:
            kept.setdefault(source.source_id, source)
    refused |= _overlapping(kept.values())
    kept = {name: s for name, s in kept.items() if name not in refused}
    by_span = plan.split_by == "span" or (
        plan.split_by == "auto" and len(kept) < _SOURCES_TO_SPLIT_BY_SOURCE
    )
    jobs: list[Job] = []
    together: list[Source] = []
    # Ranges of one file, in order: a job then decodes each stretch once.
    for source in sorted(
        kept.values(), key=lambda s: (str(s.path), s.start_s, s.source_id)
    ):
        if source.kind == "video" and not source.is_range:
            jobs += _spans(source, plan, by_span, refused)
        elif _fits(together, source, plan):
            together.append(source)
        else:
            jobs.append(_job(together))
            together = [source]
    if together:
        jobs.append(_job(together))
    return jobs, refused


def _overlapping(sources: Iterable[Source]) -> dict[str, Rejection]:
    """Ranges whose pictures another source has as well: by id, why not.

    Of the same pictures some could be learnt, and some held out.
    """
    refused: dict[str, Rejection] = {}
    before: Source | None = None
    for source in sorted(
        (source for source in sources if source.kind == "video"),
        key=lambda s: (str(s.path.resolve()), s.is_range, s.start_s, s.end_s),
    ):
        if (
            before is None
            or before.path.resolve() != source.path.resolve()
            or source.start_s >= before.end_s
        ):
            before = source
            continue
        refused[source.source_id] = Rejection(
            Reason.DUPLICATE,
            f"Its pictures from {source.start_s:g} s on are also in "
            + (
                f"the range from {before.start_s:g} s to {before.end_s:g} s."
                if before.is_range
                else "the whole file, which is named as well."
            ),
            source.start_s,
            source.end_s,
        )
    return refused


def duplicates(sources: Iterable[Source]) -> list[tuple[Source, Source]]:
    """Sources with the same content as one before, and that one."""
    first: dict[str, Source] = {}
    return [
        (source, first[source.source_id])
        for source in sources
        if first.setdefault(source.source_id, source) is not source
    ]


def _refusal(source: Source, plan: BuildPlan) -> Rejection | None:
    size = source.path.stat().st_size
    if size > plan.max_source_bytes:
        return Rejection(
            Reason.TOO_LARGE,
            f"It has {size} bytes; max_source_bytes is"
            f" {plan.max_source_bytes}.",
        )
    return None


def _spans(
    source: Source,
    plan: BuildPlan,
    by_span: bool,
    refused: dict[str, Rejection],
) -> list[Job]:
    try:
        duration = probe(source.path).duration_s
    except MediaError as error:
        refused[source.source_id] = Rejection(error.reason, error.detail)
        return []
    if duration is not None and duration > plan.max_source_s:
        refused[source.source_id] = Rejection(
            Reason.TOO_LONG,
            f"It lasts {duration:.0f} s; max_source_s is"
            f" {plan.max_source_s:g}.",
        )
        return []
    # What the header says may be wrong: the last span has no end.
    count = max(1, math.floor((duration or 0) / plan.span_s + 0.5))
    jobs = []
    for index in range(count):
        start = index * plan.span_s
        end = math.inf if index == count - 1 else start + plan.span_s
        unit = source.source_id
        if by_span and count > 1:
            unit = make_id("span", source.source_id, index)
        span = dataclasses.replace(
            source, source_id=unit, start_s=start, end_s=end
        )
        jobs.append(
            Job(
                make_id("job", source.source_id, index),
                (span,),
                (source.source_id,),
            )
        )
    return jobs


def _fits(together: list[Source], source: Source, plan: BuildPlan) -> bool:
    if not together:
        return True
    if source.kind != together[0].kind:
        return False
    if source.kind == "image":
        return len(together) < _IMAGES_PER_JOB
    seconds = sum(s.end_s - s.start_s for s in (*together, source))
    return source.path == together[0].path and seconds <= plan.span_s


def _job(sources: list[Source]) -> Job:
    ids = tuple(source.source_id for source in sources)
    return Job(make_id("job", *ids), tuple(sources), ids)
