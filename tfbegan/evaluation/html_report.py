"""The report on sound as one HTML file."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from tfbegan.evaluation.arms import Arm, whole_clip
from tfbegan.evaluation.audio_report import (
    GENERATED,
    LOOK,
    AudioReport,
    Row,
)
from tfbegan.evaluation.estimates import Estimate
from tfbegan.evaluation.held_out import HeldOut
from tfbegan.evaluation.instruments import spread_frames
from tfbegan.evaluation.mouth_meters import correlation
from tfbegan.reporting.html import data_uri, render_page
from tfbegan.reporting.svg import Chart, Line, draw_chart

_SHOWN_CLIPS = 6
_STRIP_FACES = 12
_STRIP_GAP = 2
_STANDARD_BOUNDS = (-3.0, 3.0)
_TRUE_BOUNDS = (0.0, 1.0)


@dataclass(frozen=True)
class Shown:
    """What is drawn of one held-out clip.

    Attributes:
        title: Of its curves.
        seconds: float [T], of each frame.
        real: Real opening over time, float [T].
        made: Generated, float [T].
        bounds: Of the vertical axis.
        strip: uint8 [rows (S + gap) - gap, N (S + gap) - gap, 3]: true faces
            over those of each arm.
    """

    title: str
    seconds: np.ndarray
    real: np.ndarray
    made: np.ndarray
    bounds: tuple[float, float]
    strip: np.ndarray


def show_clips(arms: Mapping[str, Arm], held_out: HeldOut) -> list[Shown]:
    """A few clips as a generator speaks them, evenly spread over all.

    Every clip is spoken by another identity, unless the arm casts it by clip.

    Args:
        arms: Of the judged generator; the curves are the first one's.
        held_out: The clips.
    """
    return [
        _show_clip(list(arms.values()), held_out, int(index))
        for index in spread_frames(len(held_out.clips), _SHOWN_CLIPS)
    ]


def render_report(
    report: AudioReport, shown: Sequence[Shown], name: str, mark: str
) -> str:
    """The whole page.

    Args:
        report: The figures.
        shown: The clips to draw.
        name: Of the generator.
        mark: XMP packet that marks pictures as generated.

    Returns:
        HTML text without any reference to the outside.
    """
    body = f"""<h1>Does the sound matter?</h1>
<p class="soft">{escape(name)}, {escape(_about_generator(report))};
{report.clips} held-out clips, {report.frames} frames; 95&nbsp;% bootstrap
intervals over clips (of A6 over moments, of A7 over faces).</p>
<p>{_verdict(report)}</p>
<div class="scroll">{_table(report)}</div>
<p class="soft">{escape(_about_opening(report))}</p>
<h2>Opening of the mouth over time</h2>
<p class="soft"><span class="key real"></span>real
<span class="key made"></span>generated, one face a clip
{_about_axis(report)}</p>
<div class="charts">
{_charts(shown)}
</div>
<h2>Film strips</h2>
<p class="soft">Rows: {escape(_about_strips(report))}.</p>
{_strips(shown, mark)}"""
    return render_page(f"{name}: does the sound matter?", body)


def _about_generator(report: AudioReport) -> str:
    told = [report.conditioning]
    if report.truncation != 1:
        told.append(f"random z truncated to {report.truncation:g}")
    if report.articulation not in (None, 1):
        told.append(f"articulation {report.articulation:g}")
    return ", ".join(told)


def _show_clip(arms: Sequence[Arm], held_out: HeldOut, index: int) -> Shown:
    clip, tools = held_out.clips[index], held_out.instruments
    spoken = [_speak(arm, index, len(clip)) for arm in arms]
    made = tools.opening.measure(spoken[0])
    known, real = held_out.knows_truth, held_out.targets[index]
    title = f"clip {index + 1}, r = {correlation(real, made):.2f}"
    if not known:
        scale = max(float(real.std()), 1e-9)
        real, made = ((v - v.mean()) / scale for v in (real, made))
    chosen = spread_frames(len(clip), _STRIP_FACES)
    return Shown(
        title,
        clip.times,
        real,
        made,
        _TRUE_BOUNDS if known else _STANDARD_BOUNDS,
        _film_strip([faces[chosen] for faces in (clip.images(), *spoken)]),
    )


def _speak(arm: Arm, clip: int, length: int) -> np.ndarray:
    """A whole clip by one identity, another one for each clip."""
    cast = arm.cast(clip)
    identity = cast[0] if len(cast) == 1 else clip % arm.identities
    return arm.faces(np.full(length, identity), whole_clip(clip, length))


def _film_strip(films: Sequence[np.ndarray]) -> np.ndarray:
    """Rows of faces [N, S, S, 3] in [-1, 1], white between them."""
    cells = np.stack(films)  # [rows, N, S, S, 3]
    pixels = np.rint((np.clip(cells, -1, 1) + 1) * 127.5).astype(np.uint8)
    gap = ((0, 0), (0, 0), (0, _STRIP_GAP), (0, _STRIP_GAP), (0, 0))
    padded = np.pad(pixels, gap, constant_values=255)
    rows, count, height, width, channels = padded.shape
    strip = padded.transpose(0, 2, 1, 3, 4).reshape(
        rows * height, count * width, channels
    )
    return strip[:-_STRIP_GAP, :-_STRIP_GAP]


def _verdict(report: AudioReport) -> str:
    failed = [row.measure.label for row in report.rows if row.passed is False]
    asked = sum(row.passed is not None for row in report.rows)
    if not failed:
        return f'<span class="yes">Passed</span> all {asked} measures.'
    listed = "; ".join(escape(label) for label in failed)
    return (
        f'<span class="no">Not passed</span>: {len(failed)} of {asked}'
        f" measures ({listed})."
    )


def _table(report: AudioReport) -> str:
    heads = ["", "measure", "passes at", "passed", *report.arms]
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    rows = "\n".join(_table_row(row, report.arms) for row in report.rows)
    return f"<table>\n<tr>{head}</tr>\n{rows}\n</table>"


def _table_row(row: Row, arms: Sequence[str]) -> str:
    word = {None: "", True: "yes", False: "no"}[row.passed]
    cells = "".join(_figure(row.figures.get(arm)) for arm in arms)
    return (
        f"<tr><td>{row.measure.id}</td>"
        f'<td class="label">{escape(row.measure.label)}</td>'
        f"<td>{escape(row.measure.bounds)}</td>"
        f'<td class="{word}">{word}</td>{cells}</tr>'
    )


def _figure(estimate: Estimate | None) -> str:
    if estimate is None:
        return "<td></td>"
    if not math.isfinite(estimate.value):
        return '<td class="soft">undefined</td>'
    interval = ""
    if estimate.low != estimate.high:
        interval = (
            f'<span class="interval">{estimate.low:.3f} to'
            f" {estimate.high:.3f}</span>"
        )
    return f"<td>{estimate.value:.3f}{interval}</td>"


def _about_opening(report: AudioReport) -> str:
    if report.eigen_mouth_r is None:
        return (
            "Opening is the eigen-mouth: the first principal component of"
            " the mouth's movement within training clips, which explains"
            f" {report.eigen_mouth_explained:.0%} of it."
        )
    return (
        "Opening and width are measured by a network that learnt the truth"
        " from training frames; the column of real frames tells how well."
        " The eigen-mouth, which footage without truth is measured by, has"
        f" r = {report.eigen_mouth_r} with the true opening here."
    )


def _about_axis(report: AudioReport) -> str:
    if report.eigen_mouth_r is not None:
        return "(0 is closed, 1 is widest)"
    return "(in standard deviations of the real one, about each one's mean)"


def _about_strips(report: AudioReport) -> str:
    made = [arm for arm in report.arms if arm in (GENERATED, LOOK)]
    return "; ".join(["real", *made])


def _charts(shown: Sequence[Shown]) -> str:
    charts = []
    for clip in shown:
        lines = [
            Line("real", "real", clip.real),
            Line("generated", "made", clip.made),
        ]
        charts.append(
            draw_chart(
                Chart(clip.title, lines, clip.seconds, clip.bounds, unit=" s")
            )
        )
    return "\n".join(charts)


def _strips(shown: Sequence[Shown], mark: str) -> str:
    return "\n".join(
        f'<img class="strip" alt="{escape(clip.title)}: real frames over'
        f' generated ones" src="{data_uri(clip.strip, mark)}">'
        for clip in shown
    )
