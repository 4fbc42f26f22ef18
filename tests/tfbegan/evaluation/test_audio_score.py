"""The cheap score of a training."""

import numpy as np
import pytest

from tfbegan.data.dataset import open_dataset
from tfbegan.evaluation.audio_score import (
    ScoreSheet,
    audio_score,
    scored_clip_ids,
)
from tfbegan.evaluation.retrieval import draw_lineups


@pytest.fixture(scope="module")
def sheet(drawn_clips, instruments):
    lineups = draw_lineups([len(clip) for clip in drawn_clips], 2, 0)
    return ScoreSheet(drawn_clips, instruments.eigen_mouth, lineups)


def test_true_faces_score_full_marks(sheet, perfect_speaker, instruments):
    score = audio_score(perfect_speaker, None, sheet, instruments.probe)
    received = (score.spread, score.opening_r, score.amplitude)
    assert received == pytest.approx((1, 1, 1))
    assert score.retrieval == score.retrieval_real > 0.5


def test_one_face_scores_nothing(sheet):
    class Still:
        def speak(self, latents, windows):
            assert latents.shape == (len(windows), 2)
            return np.zeros((len(windows), 32, 32, 3), np.float32)

    score = audio_score(Still(), np.zeros((1, 2)), sheet)
    assert (score.spread, score.opening_r) == pytest.approx((0, 0))
    assert score.amplitude == pytest.approx(0, abs=1e-6)
    assert score.retrieval is None


def test_a_sheet_is_a_few_frames_of_a_few_clips(puppet_dataset):
    sheet = ScoreSheet.of(open_dataset(puppet_dataset), clips=2, frames=10)
    assert [len(clip) for clip in sheet.clips] == [10] * len(sheet.clips)
    assert all(len(clip.opening) == 10 for clip in sheet.clips)
    assert len(sheet.clips) <= 2
    assert sheet.lineups is None


def test_which_clips_are_scored_is_known_without_decoding_them(puppet_dataset):
    dataset = open_dataset(puppet_dataset)
    sheet = ScoreSheet.of(dataset)
    assert scored_clip_ids(dataset) == [clip.clip_id for clip in sheet.clips]
