from dataclasses import replace

import pytest

from unlearning.errors import InputError
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


@pytest.mark.parametrize(("field", "least"), [("epochs", 1), ("patience", 1), ("batch_size", 2)])
@pytest.mark.parametrize("value", [0, -3])
def test_counts_start_at_one_and_a_batch_at_two(field, least, value):
    """Batch norm learns nothing from a batch of one."""
    with pytest.raises(InputError, match=rf"{field}={value} .*legal: whole numbers from {least}"):
        replace(PRESETS["scratch"], **{field: value})


@pytest.mark.parametrize("lr", [0.0, -1e-3, float("nan")])
def test_a_learning_rate_is_above_zero(lr):
    with pytest.raises(InputError, match=rf"lr={lr} .*legal: numbers above 0"):
        replace(PRESETS["scratch"], lr=lr)


@pytest.mark.parametrize("change", [{"shift": 0.5}, {"shift": -0.1}, {"shift": float("nan")}, {"weight_decay": -0.1}])
def test_shift_and_weight_decay_are_refused_outside_their_ranges(change):
    (name, value), *_ = change.items()
    with pytest.raises(InputError, match=rf"{name}={value} ?\(?.*legal"):
        replace(PRESETS["scratch"], **change)


def test_the_edges_of_the_ranges_are_legal():
    edge = replace(PRESETS["scratch"], shift=0.0, weight_decay=0.0, epochs=1, patience=1, batch_size=2)
    assert (edge.shift, edge.weight_decay, edge.epochs) == (0.0, 0.0, 1)


def test_fine_tuning_changes_rate_schedule_and_epochs_only():
    scratch = PRESETS["scratch"]
    tuned = scratch.fine_tuning(1e-4, 8)
    assert tuned.as_dict() == scratch.as_dict() | {"lr": 1e-4, "epochs": 8, "schedule": "constant"}
