"""What a method is given, and what it cannot reach."""

from dataclasses import fields, replace
from types import SimpleNamespace

import pytest

from unlearning.methods.task import InTurn, SideBySide, UnlearningTask
from unlearning.training import cost
from unlearning.training.losses import absolute_error
from unlearning.training.predict import mean_absolute_error


def test_a_task_holds_neither_test_faces_nor_the_retrained_reference():
    assert {field.name for field in fields(UnlearningTask)} == {
        *("model", "retain", "forget", "fabric", "seed", "fresh", "recipe", "epochs", "after_epoch", "after_step"),
        *("log", "meter", "slices", "checkpoints", "track"),
    }


@pytest.mark.parametrize(
    ("used", "parts"),
    [({}, ["retain"]), ({"forget": True}, ["retain", "forget"]), ({"retain": False, "forget": True}, ["forget"])],
)
def test_only_the_training_part_of_the_named_sets_is_shown_and_flagged(make_task, used, parts):
    shown = {"retain": [], "forget": []}

    def loss(predicted, batch):
        shown["retain"] += batch.ages[~batch.forget].tolist()
        shown["forget"] += batch.ages[batch.forget].tolist()
        return absolute_error(predicted, batch)

    task = make_task()
    task.fit(task.copy(), loss, 1e-4, task.batches(**used))
    for part in shown:
        expected = getattr(task, part).part("train").ages.tolist() if part in parts else []
        assert sorted(shown[part]) == sorted(expected)


def test_the_rate_is_constant_the_epochs_are_those_asked_for_and_every_one_is_told(make_task):
    told, done = [], []
    task = make_task(epochs=2, after_epoch=lambda epoch, model: told.append(epoch), after_step=done.append)
    student = task.copy()
    assert task.fit(student, absolute_error, 1e-4) is student
    assert [epoch.number for epoch in told] == [1, 2]
    assert all(epoch.validation_mae > 0 for epoch in told), "measured on the validation part of the retain set"
    assert done[-1] == 2


def test_the_meter_counts_every_face_that_was_shown_and_no_second_of_measuring(make_task, monkeypatch):
    """By a clock on which a step takes one second, and what is done after an epoch a thousand."""
    passed = []
    monkeypatch.setattr(cost, "time", SimpleNamespace(perf_counter=lambda: sum(passed)))
    told = {"after_step": lambda done: passed.append(1), "after_epoch": lambda epoch, model: passed.append(1000)}
    task = make_task(epochs=2, **told)
    batches = task.batches(forget=True)
    task.fit(task.copy(), absolute_error, 1e-4, batches)
    assert task.meter.retain == 2 * len(task.retain.part("train"))
    assert task.meter.forget == 2 * len(task.forget.part("train"))
    assert task.meter.seconds == 2 * len(batches)


def test_batches_in_turn_show_the_forget_set_first_and_only_in_the_leading_epochs(make_task):
    task = make_task()
    retain, forget = task.batches(), task.batches(retain=False, forget=True)
    turns = InTurn(forget, retain, first_epochs=1)
    assert len(turns) == len(forget) + len(retain)
    flags = [bool(batch.forget.all()) for batch in turns if len(turns) == len(forget) + len(retain)]
    assert flags == [True] * len(forget) + [False] * len(retain)
    assert len(turns) == len(retain)
    assert not any(batch.forget.any() for batch in turns)


def test_batches_side_by_side_cycle_the_forget_set_along_the_retain_set(make_task):
    task = make_task()
    in_pairs = replace(task, recipe=replace(task.recipe, batch_size=2))
    retain, forget = task.batches(), in_pairs.batches(retain=False, forget=True)
    steps = list(SideBySide(retain, forget))
    assert len(steps) == len(retain)
    assert all(step.forget.any() and not step.forget.all() for step in steps)
    assert sum(int((~step.forget).sum()) for step in steps) == len(task.retain.part("train"))


def test_unseen_faces_like_the_forgotten_ones_are_the_validation_part_of_the_forget_set(make_task):
    task = make_task()
    unseen = task.forget.part("validation")
    assert len(unseen)
    assert task.unseen_error() == mean_absolute_error(task.model, unseen)
    alone = replace(task, forget=task.forget.part("train"))
    assert alone.unseen_error() == mean_absolute_error(task.model, task.retain.part("validation"))
