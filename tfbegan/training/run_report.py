"""A run as one HTML page, from what its folder has."""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tfbegan.config import Config
from tfbegan.errors import DatasetError, RunError
from tfbegan.files import atomic_write_text, read_json
from tfbegan.records import SPLITS, read_dataset_info
from tfbegan.reporting.html import data_uri, render_page
from tfbegan.reporting.svg import draw_chart
from tfbegan.training import notes
from tfbegan.training.curves import run_curves
from tfbegan.training.notes import Note, read_notes
from tfbegan.training.run_folder import RunConfig, RunFolder
from tfbegan.training.statistics import Row, read_rows
from tfbegan.training.stills import (
    Still,
    film_strip,
    newest_picture,
    real_faces,
)
from tfbegan.training.survey import RunSummary, summarise

_ALARMS = (notes.COLLAPSE, notes.DAMAGE, notes.DIVERGED, notes.FAILED)
_FILES = (
    "config.json",
    "environment.json",
    "stats.jsonl",
    "looks.jsonl",
    "notes.jsonl",
    "generator.keras",
    "best.json",
    "evaluation.html",
    "evaluation.json",
    "evaluation.png",
    "reals.png",
    "samples",
    "reconstructions",
    "speech",
    "checkpoints",
    "tensorboard",
)
_STYLE = """
.columns { display: grid; gap: 2rem; align-items: start;
  grid-template-columns: repeat(auto-fill, minmax(380px, 1fr)); }
.columns td { white-space: normal; overflow-wrap: anywhere; }
.said td { white-space: normal; }
.said td:nth-child(-n+2) { white-space: nowrap; }
.set { font-weight: 600; }
figure { margin: 0 0 .3rem; display: flex; gap: .7rem; align-items: center; }
figcaption { font-size: 12px; color: var(--soft); flex: 0 0 5.5rem;
  text-align: right; }
figure .strip { margin: 0; min-width: 0; max-width: 1060px; }
"""


def write_run_report(folder: RunFolder, target: Path | None = None) -> Path:
    """Writes the page.

    Args:
        folder: Of the run.
        target: File; None is report.html in the run folder.

    Returns:
        The file.

    Raises:
        RunError: This is no run folder, or a file in it can't be read.
        OutputError: The page can't be written.
    """
    target = folder.report_file if target is None else target
    try:
        page = render_run_report(folder, target.parent)
    except OSError as error:
        raise RunError(
            f"{error.filename} can't be read ({error.strerror})."
        ) from error
    atomic_write_text(target, page)
    return target


def render_run_report(folder: RunFolder, beside: Path) -> str:
    """The page.

    Args:
        folder: Of the run.
        beside: The folder that the page will be in, for its links.

    Returns:
        HTML text. It links to the run's files and needs none of them.

    Raises:
        RunError: This is no run folder.
        OSError: A file in it can't be read.
    """
    config, summary = folder.read_config(), summarise(folder)
    rows, looks = read_rows(folder.stats_file), read_rows(folder.looks_file)
    size = config.architecture.image_size
    sections = [
        _head(summary),
        _said(read_notes(folder)),
        _curves(rows, looks, config),
        _section(
            "The same latents over the steps, and reals",
            _figures([*film_strip(folder, size), *real_faces(folder, size)]),
        ),
        _newest(folder),
        _section("Facts", _facts(folder, config)),
        _section("Files", _links(folder, beside)),
    ]
    return render_page(summary.name, "\n".join(sections), _STYLE)


def _head(summary: RunSummary) -> str:
    figures = {
        "M": summary.m_global,
        "k": summary.k,
        "spread, of reals'": summary.spread_ratio,
        "score": summary.score,
        "images/s": summary.images_per_second,
    }
    known = [
        f"{name} {value:.4g}"
        for name, value in figures.items()
        if value is not None
    ]
    line = ", ".join(
        [
            summary.state,
            f"step {summary.step:,} of {summary.steps:,}",
            *known,
        ]
    )
    return (
        f'<h1>{escape(summary.name)}</h1>\n<p class="soft">{escape(line)}</p>'
    )


def _section(title: str, content: str) -> str:
    return f"<h2>{escape(title)}</h2>\n{content}" if content else ""


def _said(said: Sequence[Note]) -> str:
    lines = [
        f"<tr><td>{_clock(note.time)}</td><td>step {note.step:,}</td>"
        f'<td class="{"no" if note.kind in _ALARMS else ""}">'
        f"{escape(note.text)}</td></tr>"
        for note in said
    ]
    if not lines:
        return ""
    table = f'<table class="said">\n{_joined(lines)}\n</table>'
    return _section("What was said", table)


def _clock(seconds: float) -> str:
    try:
        moment = time.gmtime(seconds)
    except (OverflowError, ValueError, OSError):
        return ""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", moment)


def _curves(
    rows: Sequence[Row], looks: Sequence[Row], config: RunConfig
) -> str:
    charts = run_curves(rows, looks, config.objective)
    if not charts:
        return _section("Curves", '<p class="soft">No row was logged yet.</p>')
    drawn = _joined(draw_chart(chart) for chart in charts)
    return _section("Curves", f'<div class="charts">\n{drawn}\n</div>')


def _newest(folder: RunFolder) -> str:
    kinds = {
        "reconstructions": "The newest reconstructions: reals, D of them,"
        " generated faces, D of them",
        "speech": "The newest speech: real frames over the faces of their"
        " sound",
    }
    return _joined(
        _section(title, _figures(newest_picture(folder, kind)))
        for kind, title in kinds.items()
    )


def _figures(stills: Iterable[Still]) -> str:
    return _joined(map(_figure, stills))


def _figure(still: Still) -> str:
    caption = escape(still.caption)
    image = ""
    if still.pixels is not None:
        uri = data_uri(still.pixels, still.mark)
        image = f'<img class="strip" alt="{caption}" src="{uri}">\n'
    return f"<figure>\n<figcaption>{caption}</figcaption>\n{image}</figure>"


def _facts(folder: RunFolder, config: RunConfig) -> str:
    tables = [
        _settings("Networks", config.architecture),
        _settings("Objective", config.objective),
        _settings("Training", config.training),
        _table("Data set", _data_facts(config)),
        _table("Environment", _environment(folder)),
    ]
    return (
        '<p class="soft">In bold what is not the setting\'s default.</p>\n'
        f'<div class="columns">\n{_joined(tables)}\n</div>'
    )


def _settings(title: str, config: Config) -> str:
    changed = {
        field.name
        for field in fields(config)
        if getattr(config, field.name) != field.default
    }
    return _table(title, config.to_dict(), changed)


def _table(
    title: str, facts: Mapping[str, Any], bold: Iterable[str] = ()
) -> str:
    bold = set(bold)
    lines = [
        f"<tr><td>{escape(str(name))}</td>"
        f'<td class="{"set" if name in bold else ""}">'
        f"{escape(_text(value))}</td></tr>"
        for name, value in facts.items()
    ]
    return (
        f"<div><h3>{escape(title)}</h3>\n<table>\n{_joined(lines)}\n"
        "</table></div>"
    )


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {of}" for name, of in value.items())
    return str(value)


def _data_facts(config: RunConfig) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "path": config.data,
        "SHA-256 of its marker": config.data_sha256,
    }
    try:
        info = read_dataset_info(Path(config.data))
    except (DatasetError, OSError, ValueError):
        return facts | {"content": "not at hand where this was written"}
    for split in SPLITS:
        facts[split] = (
            f"{info.frames(split):,} faces in {info.clips(split):,} clips"
        )
    return facts | {
        "sound": info.has_audio,
        "true mouths": info.has_truth,
        "made by": info.generator,
    }


def _environment(folder: RunFolder) -> dict[str, Any]:
    try:
        content = read_json(folder.path / "environment.json")
    except DatasetError:
        return {"environment.json": "missing or damaged"}
    return content if isinstance(content, dict) else {"": content}


def _links(folder: RunFolder, beside: Path) -> str:
    there = [name for name in _FILES if (folder.path / name).exists()]
    base = Path(os.path.relpath(folder.path.resolve(), beside.resolve()))
    items = [
        f'<li><a href="{quote(bytes(base / name))}">{name}</a></li>'
        for name in there
    ]
    return f"<ul>\n{_joined(items)}\n</ul>"


def _joined(parts: Iterable[str]) -> str:
    return "\n".join(part for part in parts if part)
