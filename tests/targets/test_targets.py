"""What every target owes, and what the kinds of them are."""

import math
import re

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn.functional import cross_entropy, kl_div

from unlearning.errors import InputError
from unlearning.evaluation.registry import METRICS
from unlearning.models.build import build
from unlearning.models.spec import ModelSpec
from unlearning.reports.page import CAPTIONS
from unlearning.reports.words import TITLES
from unlearning.targets import AGE, TARGETS, Classes, Numeric, from_dict, from_text

MONTHS = Numeric("bone_age", "months", 0.0, 228.0)
PLATES = Classes("plate", ("blue", "light", "red"))
KINDS = {"age": AGE, "months": MONTHS, "plates": PLATES}
each = pytest.mark.parametrize("target", KINDS.values(), ids=KINDS)


def labels_of(target, count=40):
    return target.drawn(count, (20.0, 60.0), torch.Generator().manual_seed(0))


def predicted_of(target, count=40):
    random = torch.Generator().manual_seed(1)
    raw = torch.randn(count, target.outputs, generator=random)
    return target.output(raw, ModelSpec("test_resnet", 32).predicting(target))


def test_every_kind_of_the_registry_is_tried_here():
    assert {type(target) for target in KINDS.values()} == set(TARGETS.values())
    assert all(TARGETS[kind.kind] is kind for kind in TARGETS.values())


@each
def test_it_can_be_written_down_and_read_back_by_a_file_and_by_a_tag(target):
    assert from_dict(target.as_dict()) == target
    assert from_text(target.as_text()) == target
    spec = ModelSpec("test_resnet", 32).predicting(target)
    assert ModelSpec.from_dict(spec.as_dict()) == spec


def test_what_says_nothing_of_a_target_predicts_ages():
    old = ModelSpec("test_resnet", 32).as_dict()
    del old["target"]
    assert ModelSpec.from_dict(old).target == AGE == from_text("")
    with pytest.raises(InputError, match="the target 'colour' is not known; a newer version wrote it"):
        from_dict({"kind": "colour", "name": "colour"})


@each
def test_a_network_answers_within_the_range_and_a_right_answer_costs_nothing(target):
    network = build(ModelSpec("test_resnet", 32).predicting(target), seed=0).eval()
    with torch.no_grad():
        said = network(torch.randint(0, 256, (3, 3, 32, 32), dtype=torch.uint8))
    answers = target.answers(said)
    assert len(answers) == 3
    assert answers.min() >= 0
    assert answers.max() <= target.span
    assert torch.allclose(target.apart(said, said), torch.zeros(3))


@each
def test_errors_are_what_a_table_says_beside_the_truth(target):
    predicted, labels = predicted_of(target), labels_of(target)
    said = target.said(target.answers(predicted.double()).numpy(), labels.numpy())
    assert np.allclose(np.abs(said - target.truth(labels.numpy())), target.errors(predicted, labels), atol=1e-4)


@each
def test_wrong_labels_are_in_the_range_and_wrong(target):
    labels, random = labels_of(target), torch.Generator().manual_seed(2)
    wrong = target.perturbed(labels, (3, 6), (20.0, 60.0), random)
    assert wrong.shape == labels.shape
    assert (wrong != labels).all()
    assert wrong.min() >= 0
    assert wrong.max() <= max(target.span, target.outputs - 1)


@each
def test_a_guess_is_worse_than_the_truth_and_no_worse_than_the_range(target):
    labels = labels_of(target).numpy().astype(np.float64)
    assert 0 < target.guess(labels, labels) < target.span


def test_a_range_counts_as_the_sixty_years_of_the_study():
    assert (AGE.scale, AGE.alpha) == (1.0, 15.0)
    assert MONTHS.alpha == 57.0
    assert PLATES.alpha == 0.25
    same = MONTHS.losses(torch.tensor([38.0]), torch.tensor([0.0]))
    assert same.item() == pytest.approx(AGE.losses(torch.tensor([10.0]), torch.tensor([0.0])).item())


def test_a_range_counts_from_its_lowest_number():
    """What squares an answer, as lfssd, would otherwise find no weight important to a picture of 0 degrees."""
    temperature, ages = Numeric("temp", "degrees", -20.0, 40.0), torch.tensor([0.0, 20.0, 60.0])
    assert torch.equal(temperature.plain(ages - 20), AGE.plain(ages))


def test_classes_are_trained_by_cross_entropy_and_teachers_by_divergence():
    predicted, other, labels = predicted_of(PLATES), predicted_of(PLATES).flip(0), labels_of(PLATES)
    assert torch.allclose(PLATES.losses(predicted, labels), cross_entropy(predicted, labels.long(), reduction="none"))
    divergence = kl_div(predicted.log_softmax(1), other.log_softmax(1), reduction="none", log_target=True).sum(1)
    assert torch.allclose(PLATES.apart(predicted, other), divergence, atol=1e-6)


def test_a_column_gives_numbers_and_says_what_is_none():
    found, labels, why = MONTHS.read(pd.Series(["12.5", " 228 ", "229", "", "old", "inf"]))
    assert found == MONTHS
    assert labels[:2].tolist() == [12.5, 228.0]
    assert why.tolist() == [
        *("", "", "bone_age is not in the range: 229; legal: 0 to 228, by -P range"),
        *("bone_age is missing", "bone_age is not a number", "bone_age is not a number"),
    ]


def test_a_column_teaches_the_classes_in_the_order_of_the_alphabet():
    found, labels, why = Classes("plate").read(pd.Series(["red", "blue", "", "light", "red"]))
    assert found == PLATES
    assert labels.tolist() == [2, 0, -1, 1, 2]
    assert why.tolist() == ["", "", "plate is missing", "", ""]
    with pytest.raises(InputError, match="plate has one class, 'red', in this data"):
        Classes("plate").read(pd.Series(["red", "red"]))
    with pytest.raises(InputError, match="plate has no class in this data"):
        Classes("plate").read(pd.Series(["", ""]))
    with pytest.raises(InputError, match="target=p_x is what the probability of its class 'x' is called where it is served"):
        Classes("p_x").read(pd.Series(["x", "y"]))


def test_the_largest_number_is_in_the_last_of_twelve_bands():
    codes, names = Numeric("temp", "degrees", -20.0, 40.0).bands(np.array([-20.0, -15.1, 40.0]))
    assert codes.tolist() == [0, 0, 1]
    assert names == ["-20 to -15", "35 to 40"]


def test_answers_are_told_in_the_words_of_the_target():
    assert AGE.in_words(31.42) == "31.4 years"
    assert MONTHS.in_words(100.0) == "100.0 months"
    assert Numeric("share", high=1.0).in_words(0.26) == "0.260", "and .34 is told apart"
    assert PLATES.in_words([0.2, 0.7, 0.1]) == "light (70%)"
    assert PLATES.served(np.array([[0.2, 0.7, 0.1]])) == {"plate": ["light"], "p_blue": [0.2], "p_light": [0.7], "p_red": [0.1]}
    assert math.isclose(PLATES.errors(torch.zeros(1, 3), torch.zeros(1)).item(), 2 / 3, rel_tol=1e-6)


def test_whatever_pages_say_of_a_number_names_no_ages_for_other_targets():
    texts = [*TITLES.values(), *(text for metric in METRICS.values() for text in (metric.description, metric.formula))]
    texts += [
        text for kind in ("audit", "compare", "explain", "status") for told in CAPTIONS[kind].values() for text in told.values()
    ]
    assert [AGE.told(text) for text in texts] == texts
    of_ages = re.compile(r"\b(ages?|years?|older|younger)\b")
    for target in (MONTHS, PLATES):
        assert not [told for told in map(target.told, texts) if of_ages.search(told)]
    assert MONTHS.told("alpha = 15 years, in a band of 5 years") == "alpha = 57 months, in a twelfth of the range"
    assert PLATES.told("MAE on faces of the same ages") == "mean error on faces of the same classes"
