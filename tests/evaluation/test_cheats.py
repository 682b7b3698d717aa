"""Versions that only look as if they had forgotten, and what gives each away."""

import pytest

from evaluation.cheats import CHEATS, fools_f, names, table, tried
from places import ROOT
from unlearning.evaluation.audit.verdicts import BETTER, BETWEEN, DECIDING, OVER, SAME, WORSE

RENEW = "PYTHONPATH=src:tests python -m evaluation.cheats"
FOOLED = {"renamed": False, "sharpened": True, "constant": False, "exploded": False, "memorised": True, "noisy": False}


@pytest.fixture(scope="module")
def audits():
    return {name: tried(name) for name in CHEATS}


@pytest.mark.parametrize("name", FOOLED)
def test_f_alone_is_fooled_by_some_and_no_cheat_passes(audits, name):
    assert fools_f(audits[name]) == FOOLED[name]
    assert {WORSE, BETWEEN, OVER} & {row.verdict for row in audits[name].rows if row.decides}
    assert not audits[name].sentence.startswith("It cannot be told")


def test_the_original_by_another_name_has_done_nothing(audits):
    found = audits["renamed"]
    assert set(DECIDING) <= names(found, WORSE)
    assert found.numbers()["memory_left"] == 100
    assert "as the original model does, digit for digit" in " ".join(found.warnings)
    assert found.sentence.startswith("It has not forgotten")


def test_a_more_accurate_original_has_a_high_f_and_has_done_nothing(audits):
    found = audits["sharpened"]
    assert {"Utility", "F", "test_mae"} <= names(found, BETTER)
    assert {"forget_mae", "test_in_range_mae"} <= names(found, WORSE)
    assert found.sentence.startswith("It has not forgotten")


def test_a_constant_serves_nobody(audits):
    found = audits["constant"]
    assert {"test_mae", "retain_mae", "Utility"} <= names(found, WORSE)
    assert "the version answers every face alike" in found.warnings
    assert "It serves test and retained faces worse than retraining does" in found.sentence


def test_ascent_without_end_over_forgets(audits):
    found = audits["exploded"]
    assert {"forget_mae", "test_in_range_mae"} <= names(found, OVER)
    assert {"test_mae", "forget_w1_predictions"} <= names(found, WORSE)
    assert found.sentence.startswith("It has over-forgotten")


def test_learning_the_retrained_answers_by_heart_is_shown_by_test_faces(audits):
    found = audits["memorised"]
    assert {"Forgetting", "forget_mae", "forget_w1_predictions", "forget_difference"} <= names(found, SAME)
    assert "test_in_range_mae" in names(found, WORSE)
    assert found.numbers()["memory_left"] == 100, "the faces that nobody could learn by heart count"
    assert "mia_auc" in names(found, OVER), "its errors tell who was forgotten"
    assert "as the retrained model does, digit for digit, and no others" in " ".join(found.warnings)


def test_errors_of_the_right_size_on_the_wrong_faces_are_shown_face_by_face(audits):
    found = audits["noisy"]
    assert {"forget_mae", "test_in_range_mae", "mia_auc", "forget_w1_predictions"} <= names(found, SAME)
    assert {"Forgetting", "forget_difference"} <= names(found, BETWEEN)
    assert "not like a retrained model" in found.sentence


def test_the_table_in_the_page_is_up_to_date():
    assert table() in (ROOT / "docs" / "audit.md").read_text(), f"make it anew: {RENEW}"
