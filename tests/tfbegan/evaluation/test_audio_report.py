"""The table, its verdict and the page."""

import dataclasses
import json
import re

import numpy as np
import pytest

from tfbegan.errors import ConfigError
from tfbegan.evaluation import audio_report
from tfbegan.evaluation.against_regressor import compare_with_regressor
from tfbegan.evaluation.arms import GeneratorArm
from tfbegan.evaluation.audio_measures import measure_arm, measure_real
from tfbegan.evaluation.audio_report import (
    GENERATED,
    LOOK,
    MEAN_FACE,
    MEASURES,
    REAL,
    REGRESSOR,
    SHUFFLED,
    Candidate,
    measure_audio_mode,
)
from tfbegan.evaluation.held_out import HeldOut
from tfbegan.evaluation.html_report import render_report, show_clips
from tfbegan.evaluation.performance import Performance


class StillSpeaker:
    """One face for every sound."""

    conditioning = "audio"
    latent_dim = 0
    articulation = None

    def speak(self, latents, windows):
        return np.full((len(windows), 32, 32, 3), 0.3, np.float32)


class LitSpeaker(StillSpeaker):
    """The true face, in the light that z tells; it has a look encoder."""

    conditioning = "audio+noise"
    latent_dim = 2

    def __init__(self, perfect):
        self.perfect = perfect

    def speak(self, latents, windows):
        faces = self.perfect.speak(None, windows)
        light = np.broadcast_to(latents, (len(windows), 2))[:, 0]
        return np.clip(faces + 0.3 * light[:, None, None, None], -1, 1)

    def look(self, images):
        light = np.linspace(-1, 1, len(images), dtype=np.float32)
        return np.stack([light, light], axis=1)


def draw(n, dim, seed, truncation):
    return truncation * np.random.default_rng(seed).uniform(-1, 1, (n, dim))


@pytest.fixture(scope="module")
def report(held_out, perfect_speaker):
    return measure_audio_mode(
        Candidate(perfect_speaker, draw),
        held_out,
        regressor=Candidate(StillSpeaker(), draw),
    )


def test_the_perfect_speaker_passes_all_that_is_asked(report):
    failed = [row.name for row in report.rows if row.passed is False]
    assert failed == []
    assert report.passed
    assert report.arms == (GENERATED, SHUFFLED, MEAN_FACE, REGRESSOR, REAL)
    by_name = {row.name: row for row in report.rows}
    assert by_name["ms_ssim_excess"].passed is None  # asked with z alone
    assert by_name["kid_ae_minus_regressor"].passed is True
    assert by_name["kid_ae_minus_regressor"].figures.keys() == {GENERATED}
    assert by_name["retrieval_over_regressor"].passed is True
    # A still, even face has no r and no edge that ours could be put over.
    assert by_name["opening_r_over_regressor"].passed is None
    assert by_name["sharpness_over_regressor"].passed is None


def test_clips_without_silence_are_no_failure(held_out, perfect_speaker):
    loud = dataclasses.replace(held_out.instruments, quiet=-1e9)
    report = measure_audio_mode(
        Candidate(perfect_speaker, draw), HeldOut(held_out.clips, loud)
    )
    rows = {row.name: row for row in report.rows}
    for name in ("silence_offset", "silence_change"):
        assert np.isnan(rows[name].figures[GENERATED].value)
        assert rows[name].passed is None
    assert report.passed


def test_a_generator_worse_than_its_regressor_is_told(
    held_out, perfect_speaker
):
    report = measure_audio_mode(
        Candidate(StillSpeaker(), draw),
        held_out,
        regressor=Candidate(perfect_speaker, draw),
    )
    passed = {row.name: row.passed for row in report.rows}
    assert passed["kid_ae_minus_regressor"] is False
    assert passed["sharpness_over_regressor"] is False
    assert passed["retrieval_over_regressor"] is False


def test_a_still_face_fails(held_out):
    report = measure_audio_mode(Candidate(StillSpeaker(), draw), held_out)
    passed = {row.name: row.passed for row in report.rows}
    assert not report.passed
    for name in ("spread", "opening_r", "amplitude", "retrieval_ratio"):
        assert passed[name] is False
    assert passed["smoothness"] is True


def test_latents_of_the_prior_and_of_the_look_are_two_columns(
    held_out, perfect_speaker
):
    candidate = Candidate(LitSpeaker(perfect_speaker), draw)
    report = measure_audio_mode(candidate, held_out)
    assert report.arms[:2] == (GENERATED, LOOK)
    rows = {row.name: row.figures for row in report.rows}
    assert rows["opening_r"][GENERATED].value > 0.95
    assert rows["latent_share_outside"][GENERATED].value > 0.1


def test_a_truncated_z_has_less_of_the_variance(held_out, perfect_speaker):
    speaker = LitSpeaker(perfect_speaker)
    reports = [
        measure_audio_mode(Candidate(speaker, draw, 2, truncation), held_out)
        for truncation in (1.0, 0.25)
    ]
    shares = [
        {row.name: row.figures for row in report.rows}["latent_share_outside"]
        for report in reports
    ]
    whole, less = (share[GENERATED].value for share in shares)
    assert less < whole / 2
    assert shares[0][LOOK] == shares[1][LOOK]
    assert reports[1].to_dict()["truncation"] == 0.25
    pages = [render_report(report, [], "run", "") for report in reports]
    assert "truncated" not in pages[0]
    assert "random z truncated to 0.25" in pages[1]


def judged_rows(held_out, conditioning, perfect_speaker):
    speaker = LitSpeaker(perfect_speaker)
    speaker.conditioning = conditioning
    candidate = Candidate(speaker, draw)
    report = measure_audio_mode(candidate, held_out, regressor=candidate)
    return {row.name for row in report.rows if row.passed is not None}


def test_what_is_asked_of_whom(held_out, perfect_speaker):
    everybody = {
        "spread", "opening_r", "opening_r_shuffled", "amplitude",
        "retrieval_ratio", "silence_offset", "silence_change", "sharpness",
        "smoothness", "kid_ae_minus_regressor", "code_coverage_ratio",
        "opening_r_over_regressor", "retrieval_over_regressor",
        "sharpness_over_regressor",
    }  # fmt: skip
    with_looks = {"audio_share_opening", "latent_share_outside"}
    asked = {
        kind: judged_rows(held_out, kind, perfect_speaker)
        for kind in ("audio+face", "audio+noise")
    }
    assert asked["audio+face"] - {"audio_share_mouth"} == {
        *everybody, *with_looks, "coverage_ratio", "likeness_ratio"
    }  # fmt: skip
    assert asked["audio+noise"] - {"audio_share_mouth"} == {
        *everybody, *with_looks, "ms_ssim_excess", "coverage_ratio_of_all",
        "kid_ae_minus_regressor_of_all", "code_coverage_ratio_of_all",
    }  # fmt: skip


def test_what_real_faces_do_not_pass_is_asked_of_nobody(
    held_out, perfect_speaker, monkeypatch
):
    measure = MEASURES["latent_share_outside"]
    for low, asked in ((0.5, True), (0.999, False)):
        monkeypatch.setitem(
            audio_report.MEASURES,
            "latent_share_outside",
            dataclasses.replace(measure, low=low),
        )
        judged = judged_rows(held_out, "audio+noise", perfect_speaker)
        assert ("latent_share_outside" in judged) == asked


def test_every_figure_has_a_row(held_out, perfect_speaker):
    performance = Performance(
        GeneratorArm(perfect_speaker, held_out.clips, None), held_out
    )
    for figures in (
        measure_arm(performance),
        measure_real(held_out),
        compare_with_regressor(performance, performance),
    ):
        assert set(figures) <= set(MEASURES) | {"code_coverage"}


def test_a_page_can_tell_the_rows_apart():
    labels = [(measure.id, measure.label) for measure in MEASURES.values()]
    assert len(set(labels)) == len(labels)


def test_the_json_is_whole_and_strict(report):
    text = json.dumps(report.to_dict(), allow_nan=False)
    content = json.loads(text)
    assert set(content["measures"]) <= set(MEASURES)
    figure = content["measures"]["spread"]["figures"][GENERATED]
    assert figure["value"] == pytest.approx(1)
    still = content["measures"]["opening_r"]["figures"][MEAN_FACE]
    assert still == {"value": None, "low": None, "high": None}


def opening_of(report):
    return report.to_dict()["measures"]["opening_r"]


def test_the_opening_is_asked_for_more_where_the_truth_is_known(
    held_out_drawn, perfect_speaker
):
    candidate = Candidate(perfect_speaker, draw)
    opening = opening_of(measure_audio_mode(candidate, held_out_drawn))
    assert opening["passes_at"] == ">= 0.9"
    assert opening["figures"][GENERATED]["value"] > 0.95


def test_the_opening_is_asked_for_less_where_footage_tells_it(report):
    assert opening_of(report)["passes_at"] == ">= 0.75"


def test_the_page_needs_nothing_from_outside(report, held_out, perfect_speaker):
    arms = Candidate(perfect_speaker, draw).arms(held_out)
    shown = show_clips(arms, held_out)
    strip = shown[0].strip
    assert strip.shape == (2 * 34 - 2, 12 * 34 - 2, 3)
    np.testing.assert_array_equal(strip[:32], strip[34:])
    page = render_report(report, shown, "a <run>", mark="<x:xmpmeta/>")
    assert "a &lt;run&gt;" in page
    sources = re.findall(r'(?:src|href)\s*=\s*"([^"]*)', page)
    assert len(sources) == len(shown) == 6
    assert all(s.startswith("data:image/png;base64,") for s in sources)
    outside = re.sub(r'src="data:[^"]*"', "", page)
    assert not re.search(r"https?:|url\(|@import|<script|<link", outside)
    assert page.count("<svg") == page.count("</svg>") == 6
    assert all(row.measure.label in page for row in report.rows[:1])


def test_a_face_that_needs_a_look_and_has_none_is_told(held_out):
    class Blind(StillSpeaker):
        conditioning = "audio+face"
        latent_dim = 2

        def look(self, images):
            raise ConfigError("no look encoder")

    with pytest.raises(ConfigError, match="no look encoder"):
        measure_audio_mode(Candidate(Blind(), draw), held_out)
