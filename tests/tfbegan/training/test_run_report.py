"""The page of a run: whole, of itself, safe, and drawn by a browser."""

import html
import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from tfbegan.errors import OutputError, RunError
from tfbegan.training import notes
from tfbegan.training.notes import write_note
from tfbegan.training.run_folder import RunFolder
from tfbegan.training.run_report import write_run_report

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"


class Page(HTMLParser):
    """The tags and the links of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.sources, self.open = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        values = dict(attributes)
        self.links += [values["href"]] if "href" in values else []
        self.sources += [values["src"]] if "src" in values else []
        assert not [name for name in values if name.startswith("on")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def run(make_run, stats_row, draw_grid):
    """A run with everything."""
    rows = [stats_row(step) for step in range(10, 101, 10)]
    looks = [{"step": step, "spread/ratio": step / 100} for step in (50, 100)]
    folder = make_run(rows=rows, looks=looks)
    write_note(folder, 50, notes.COLLAPSE, f"Warning: {EVIL}")
    write_note(folder, 100, notes.DONE, "All 100 steps are done.")
    for name in ("samples", "reconstructions"):
        for step in (50, 100):
            draw_grid(folder, f"{name}/step-{step:08d}.png")
    draw_grid(folder, "reals.png", mark="")
    return folder


def page_of(folder, target=None):
    return write_run_report(folder, target).read_text(encoding="utf-8")


def test_the_page_has_all_sections(run):
    text = page_of(run)
    page = Page(text)
    assert page.open == []
    for title in ("What was said", "Curves", "The same latents", "Facts",
                  "Files", "newest reconstructions"):  # fmt: skip
        assert title in text
    assert "done, step 100 of 100, M 0.125, k 0.25" in text
    assert page.tags.count("svg") == 6
    assert len(page.sources) == 2 + 1 + 1
    assert '<td class="set">32</td>' in text  # no default image size
    assert "not at hand" in text


def test_it_needs_nothing_from_outside(run):
    text = page_of(run)
    page = Page(text)
    assert all(s.startswith("data:image/png;base64,") for s in page.sources)
    assert {"script", "link", "iframe"}.isdisjoint(page.tags)
    rest = re.sub(r'src="data:[^"]*"', "", text)
    assert not re.search(r"https?:|url\(|@import|javascript:", rest)
    assert all((run.path / link).exists() for link in page.links)
    assert "config.json" in page.links


def test_generated_pictures_are_marked_and_reals_are_not(run):
    import base64

    page = Page(page_of(run))
    marked = [
        b"<mark/>" in base64.b64decode(source.partition(",")[2])
        for source in page.sources
    ]
    assert marked == [True, True, False, True]


def test_whatever_the_files_say_is_only_text(run):
    environment = run.path / "environment.json"
    environment.write_text(json.dumps({EVIL: [EVIL], "more": {EVIL: EVIL}}))
    config = json.loads(run.config_file.read_text())
    config["data"], config["data_sha256"] = EVIL, EVIL
    run.config_file.write_text(json.dumps(config))
    folder = run.path.with_name("00004-<img src=x onerror=alert(1)>")
    run.path.rename(folder)
    text = page_of(RunFolder(folder))
    page = Page(text)
    assert "script" not in page.tags
    assert page.tags.count("img") == 4
    assert html.escape(EVIL) in text


def test_links_hold_where_the_page_lies(run, tmp_path):
    target = tmp_path / "elsewhere" / "page.html"
    links = Page(page_of(run, target)).links
    assert "../runs/00003-noise-faces32-b16-g0.5/config.json" in links
    assert all((target.parent / link).exists() for link in links)


def test_a_run_that_has_only_begun_has_a_page(make_run):
    text = page_of(make_run())
    assert "No row was logged yet." in text
    assert Page(text).open == []


@pytest.mark.parametrize("content", [b"", b"\x89PNG", b"{", b"\xff\x00"])
def test_damage_is_told_and_does_no_harm(run, content):
    for name in ("stats.jsonl", "looks.jsonl", "notes.jsonl", "best.json",
                 "environment.json", "reals.png",
                 "samples/step-00000050.png"):  # fmt: skip
        (run.path / name).write_bytes(content)
    text = page_of(run)
    assert "step-00000050.png can&#x27;t be read" in text
    assert "missing or damaged" in text


def test_no_run_and_no_place_are_told(run, tmp_path):
    with pytest.raises(RunError, match="no run folder"):
        write_run_report(RunFolder(tmp_path))
    with pytest.raises(OutputError, match="it is a folder"):
        write_run_report(run, tmp_path)


def test_an_explosion_can_be_drawn(make_run, stats_row):
    values = [0.2] * 8 + [1e12, float("inf"), float("nan"), 1e300]
    rows = [
        stats_row(step, real_error=value, m_global=value)
        for step, value in enumerate(values, 1)
    ]
    text = page_of(make_run(rows=rows))
    assert Page(text).open == []
    assert "nan," not in text


BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.slow
@pytest.mark.skipif(
    BROWSER is None, reason="no chromium: apt-get install chromium"
)
def test_a_browser_draws_it(run, tmp_path):
    picture = tmp_path / "page.png"
    page = write_run_report(run)
    done = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu",
         "--hide-scrollbars", "--window-size=1300,1500",
         f"--user-data-dir={tmp_path / 'profile'}",
         f"--screenshot={picture}", page.as_uri()],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert picture.is_file(), done.stderr
    with Image.open(picture) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    curve = np.abs(pixels - (0x16, 0x68, 0xC4)).sum(-1) < 30
    assert curve.sum() > 1_000
    faces = np.abs(pixels - 128).sum(-1) == 0
    assert faces.sum() > 50_000  # the grey of the grids


def test_a_run_whose_name_is_no_text_has_its_page(run):
    moved = run.path.with_name(os.fsdecode(b"caf\xe9"))
    run.path.rename(moved)
    assert "caf\\udce9" in page_of(RunFolder(moved))
    page = Page(page_of(RunFolder(moved), moved.parent / "page.html"))
    assert "caf%E9/stats.jsonl" in page.links
