"""Every preset is whole, and the words that name one are checked."""

import pytest

from tfbegan.errors import ConfigError
from tfbegan.training.presets import DEFAULT_PRESET, PRESETS, find_preset


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_claims_something_that_a_person_can_run(name):
    preset = find_preset(name)
    assert preset.claim.startswith(("python train.py ", "make "))
    assert ": " in preset.claim
    assert preset.training.conditioning == "noise"


def test_the_paper_is_the_paper_to_the_letter():
    paper = find_preset("paper")
    additions = {
        name: value
        for name, value in paper.objective.to_dict().items()
        if name.startswith("code_")
    }
    assert len(additions) == 4
    assert not any(additions.values())
    assert (paper.objective.gamma, paper.objective.lambda_k) == (0.5, 0.001)
    assert not paper.objective.relative_k
    assert paper.training.learning_rate == 1e-4
    assert paper.training.clip_norm == 0


def test_the_default_is_one_of_them():
    assert DEFAULT_PRESET in PRESETS


def test_an_unknown_name_is_told_the_known_ones():
    with pytest.raises(ConfigError) as caught:
        find_preset("best")
    for name in ("'best'", *PRESETS):
        assert name in str(caught.value)
