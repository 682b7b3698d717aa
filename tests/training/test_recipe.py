"""Recipes, and the precision that a processor has."""

from dataclasses import replace

import pytest

from unlearning.errors import InputError
from unlearning.training import precision
from unlearning.training.precision import resolve_precision
from unlearning.training.recipe import OPTIMIZERS, PRECISIONS, PRESETS, SCHEDULES


def test_the_study_preset_holds_the_published_values():
    study = PRESETS["study"]
    assert (study.optimizer, study.lr, study.weight_decay, study.schedule) == ("adam", 1e-5, 0.0, "constant")
    assert (study.epochs, study.patience, study.batch_size) == (142, 15, 32)
    assert (study.flip, study.shift) == (False, 0.0), "the study's augmented copies are made beforehand"


@pytest.mark.parametrize(("field", "legal"), [("optimizer", OPTIMIZERS), ("schedule", SCHEDULES), ("precision", PRECISIONS)])
def test_an_unknown_word_is_refused_with_its_value_and_the_legal_ones(field, legal):
    with pytest.raises(InputError) as refusal:
        replace(PRESETS["scratch"], **{field: "sgdd"})
    assert f"{field}='sgdd'" in str(refusal.value)
    assert ", ".join(legal) in str(refusal.value)


@pytest.mark.parametrize(
    ("field", "values", "legal"),
    [
        ("epochs", (0, -3), "whole numbers from 1"),
        ("patience", (0, -3), "whole numbers from 1"),
        ("batch_size", (0, -3, 1), "whole numbers from 2"),  # batch norm learns nothing from a batch of one
        ("lr", (0.0, -1e-3, float("nan")), "numbers above 0"),
        ("shift", (0.5, -0.1, float("nan")), "0 to below 0.5"),
        ("weight_decay", (-0.1,), "from 0"),
    ],
)
def test_a_number_outside_its_range_is_refused_and_the_edges_are_legal(field, values, legal):
    for value in values:
        with pytest.raises(InputError, match=rf"{field}={value} .*legal: {legal}"):
            replace(PRESETS["scratch"], **{field: value})
    assert replace(PRESETS["scratch"], shift=0.0, weight_decay=0.0, epochs=1, patience=1, batch_size=2)


def test_fine_tuning_changes_rate_schedule_and_epochs_only():
    scratch = PRESETS["scratch"]
    tuned = scratch.fine_tuning(1e-4, 8)
    assert tuned.as_dict() == scratch.as_dict() | {"lr": 1e-4, "epochs": 8, "schedule": "constant"}


@pytest.mark.parametrize("able", [True, False])
def test_auto_is_bfloat16_where_the_processor_has_it_and_any_other_precision_is_as_asked(monkeypatch, able):
    monkeypatch.setattr(precision, "_has_bfloat16", lambda: able)
    auto = "bf16-mixed" if able else "32-true"
    assert [resolve_precision(name) for name in PRECISIONS] == [auto if name == "auto" else name for name in PRECISIONS]


@pytest.mark.parametrize(("capability", "able"), [("avx512_bf16", True), ("amx_bf16", True), ("avx512_f", False)])
def test_a_processor_has_bfloat16_by_its_instructions(monkeypatch, capability, able):
    monkeypatch.setattr(precision.torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(precision.torch.cpu, "get_capabilities", lambda: {capability: True})
    assert resolve_precision("auto") == ("bf16-mixed" if able else "32-true")
