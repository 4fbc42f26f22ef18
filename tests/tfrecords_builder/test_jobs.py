"""How work is divided; what is refused before it begins."""

import dataclasses

import pytest

from tfrecords_builder.jobs import duplicates, plan_jobs
from tfrecords_builder.plan import BuildPlan
from tfrecords_builder.reasons import Reason
from tfrecords_builder.sources import Source, find_sources


def image(tmp_path, number):
    path = tmp_path / f"{number}.png"
    path.write_bytes(bytes([number]))
    return Source(f"{number:016x}", "image", path)


def test_images_are_worked_on_in_batches(tmp_path):
    sources = [image(tmp_path, n) for n in range(130)]
    jobs, refused = plan_jobs(sources, BuildPlan())
    assert [len(job.sources) for job in jobs] == [64, 64, 2]
    assert not refused


def test_ranges_of_one_file_go_together_up_to_a_span(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_text("x")
    sources = [
        Source(f"{n:016x}", "video", path, 3.0 * n, 3.0 * n + 3, True)
        for n in (3, 1, 0, 2)
    ]
    jobs, _ = plan_jobs(sources, BuildPlan(span_s=9.0))
    starts = [[s.start_s for s in job.sources] for job in jobs]
    assert starts == [[0, 3, 6], [9]]


def test_ranges_that_share_pictures_are_not_taken_twice(tmp_path):
    """Else one could be learnt from, and the other held out."""
    path, other = tmp_path / "a.mp4", tmp_path / "b.mp4"
    for file in (path, other):
        file.write_text(file.name)
    ranges = [(0.0, 2.0), (1.5, 3.0), (2.0, 4.0), (3.9, 5.0), (0.5, 1.0)]
    sources = [
        Source(f"{n:016x}", "video", file, *times, True)
        for n, (file, times) in enumerate(
            [*((path, times) for times in ranges), (other, (1.0, 3.0))]
        )
    ]
    jobs, refused = plan_jobs(sources, BuildPlan())
    taken = {source.source_id for job in jobs for source in job.sources}
    assert taken == {sources[n].source_id for n in (0, 2, 5)}
    assert set(refused) == {sources[n].source_id for n in (1, 3, 4)}
    told = refused[sources[1].source_id]
    assert told.reason == Reason.DUPLICATE
    assert "from 1.5 s on are also in the range from 0 s to 2 s" in told.detail


def test_a_range_of_a_file_that_is_taken_whole_is_not_taken_again(footage):
    whole = find_sources([footage / "film.mp4"])[0]
    part = dataclasses.replace(
        whole, source_id="0" * 16, start_s=1.0, end_s=2.0, is_range=True
    )
    jobs, refused = plan_jobs([part, whole], BuildPlan())
    assert set(refused) == {part.source_id}
    assert "the whole file" in refused[part.source_id].detail
    assert {origin for job in jobs for origin in job.origins} == {
        whole.source_id
    }


def test_a_long_video_is_cut_into_spans(footage):
    sources = find_sources([footage / "film.mp4"])
    plan = BuildPlan(clip_s=0.5, span_s=1.0, validation_fraction=0.5)
    jobs, _ = plan_jobs(sources, plan)
    spans = [job.sources[0] for job in jobs]
    assert len(spans) >= 2
    assert [span.start_s for span in spans] == list(
        map(float, range(len(spans)))
    )
    assert spans[-1].end_s == float("inf")
    # One source is too few to split by: every span is its own unit.
    assert len({span.source_id for span in spans}) == len(spans)
    by_source = plan.replace(split_by="source")
    jobs, _ = plan_jobs(sources, by_source)
    assert {job.sources[0].source_id for job in jobs} == {sources[0].source_id}


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"max_source_bytes": 10}, Reason.TOO_LARGE),
        ({"max_source_s": 1.0}, Reason.TOO_LONG),
    ],
)
def test_what_is_over_a_limit_is_refused(footage, limits, reason):
    sources = find_sources([footage / "film.mp4"])
    jobs, refused = plan_jobs(sources, BuildPlan(**limits))
    assert not jobs
    assert refused[sources[0].source_id].reason == reason


def test_the_same_content_twice_is_worked_on_once(tmp_path):
    first, twin = image(tmp_path, 1), image(tmp_path, 1)
    jobs, _ = plan_jobs([first, twin], BuildPlan())
    assert len(jobs[0].sources) == 1
    assert duplicates([first, twin]) == [(twin, first)]
