"""Every preset is whole, and the words that name one are checked."""

import dataclasses

import pytest

from tfbegan.config import CONDITIONINGS, ObjectiveConfig
from tfbegan.errors import ConfigError
from tfbegan.training.presets import PRESETS, default_preset, find_preset


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_claims_something_that_a_person_can_run(name):
    preset = find_preset(name)
    assert preset.claim.startswith(("python train.py ", "make "))
    assert ": " in preset.claim


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_is_for_sound_where_its_claim_says_so(name):
    preset = find_preset(name)
    heard = preset.architecture.conditioning
    assert (heard == "noise") == (name in ("small-data", "demo", "paper"))
    assert (
        f"--conditioning {heard}" in preset.claim
        or "--conditioning" not in (preset.claim)
    )


def additions_of(objective):
    """What is off in the paper, and what the paper has not."""
    paper = {"gamma", "lambda_k", "relative_k", "error_norm", "adversarial"}
    how = {"mouth_weight", "eye_weight", "detail_norm"}  # of other terms
    return {
        field.name: getattr(objective, field.name)
        for field in dataclasses.fields(ObjectiveConfig)
        if field.name not in paper | how
    }


def test_the_paper_is_the_paper_to_the_letter():
    paper = find_preset("paper")
    additions = additions_of(paper.objective)
    assert len(additions) == 11
    assert not any(additions.values())
    assert (paper.objective.gamma, paper.objective.lambda_k) == (0.5, 0.001)
    assert paper.objective.adversarial == paper.objective.eye_weight == 1
    assert not paper.objective.relative_k
    assert paper.training.learning_rate == 1e-4
    assert paper.training.clip_norm == 0
    assert paper.architecture.conditioning == "noise"


def test_the_seed_has_the_sound_and_nothing_else():
    seed, paper = find_preset("seed"), find_preset("paper")
    assert seed.objective == paper.objective
    assert seed.architecture.audio_encoder == "full"
    assert not seed.architecture.film
    assert not seed.architecture.look_flow


def test_a_preset_has_a_flow_where_it_is_taught():
    for preset in PRESETS.values():
        flows = bool(preset.architecture.look_flow)
        assert flows == bool(preset.objective.code_flow)
    assert find_preset("talking").architecture.look_flow


def test_the_regressor_is_talking_without_its_gan():
    talking, control = find_preset("talking"), find_preset("regressor")
    assert control.architecture == talking.architecture
    assert control.training == talking.training
    changed = {
        name
        for name, value in talking.objective.to_dict().items()
        if control.objective.to_dict()[name] != value
    }
    assert changed == {
        "adversarial",
        "sync",
        "motion",
        "detail",
        "fixed_pattern",
    }
    assert not any(getattr(control.objective, name) for name in changed)


@pytest.mark.parametrize("conditioning", CONDITIONINGS)
def test_the_default_fits_the_conditioning(conditioning):
    preset = find_preset(default_preset(conditioning))
    assert preset.architecture.takes_sound == (conditioning != "noise")
    assert bool(preset.objective.sync) == (conditioning != "noise")


def test_an_unknown_name_is_told_the_known_ones():
    with pytest.raises(ConfigError) as caught:
        find_preset("best")
    for name in ("'best'", *PRESETS):
        assert name in str(caught.value)
