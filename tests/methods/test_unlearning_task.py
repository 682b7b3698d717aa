"""What a method is given, and what it cannot reach."""

from dataclasses import fields

import pytest

from unlearning.errors import InputError
from unlearning.methods.task import UnlearningTask
from unlearning.models.ensemble import weights_digest
from unlearning.training.losses import absolute_error


def test_a_task_holds_neither_test_faces_nor_the_retrained_reference():
    assert {field.name for field in fields(UnlearningTask)} == {
        *("model", "retain", "forget", "fabric", "seed", "fresh", "recipe", "epochs", "after_epoch", "after_step")
    }


def test_retain_and_forget_set_are_the_training_and_validation_faces_once_each(make_task):
    task, faces = make_task(), make_task.faces.frame
    assert not set(task.retain.frame.id) & set(task.forget.frame.id)
    assert {*task.retain.frame.id, *task.forget.frame.id} == set(faces.id[faces.split != "test"])
    assert task.forget.frame.age.between(20, 28).all()
    assert not task.retain.frame.age.between(20, 28).any()


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
    task.fit(loss, 1e-4, **used)
    for part in shown:
        expected = getattr(task, part).part("train").ages.tolist() if part in parts else []
        assert sorted(shown[part]) == sorted(expected)


def test_the_rate_is_constant_the_epochs_are_those_asked_for_and_every_one_is_told(make_task):
    told, done = [], []
    task = make_task(epochs=2, after_epoch=lambda epoch, model: told.append(epoch), after_step=done.append)
    model = task.fit(absolute_error, 1e-4)
    assert model is task.model
    assert [epoch.number for epoch in told] == [1, 2]
    assert all(epoch.validation_mae > 0 for epoch in told), "measured on the validation part of the retain set"
    assert done[-1] == 2


def test_a_rate_that_cannot_train_is_refused_before_the_first_step(make_task):
    task = make_task()
    before = weights_digest(task.model)
    with pytest.raises(InputError, match="lr=-1"):
        task.fit(absolute_error, -1.0)
    assert weights_digest(task.model) == before


def test_an_untrained_twin_comes_from_a_seed(make_task):
    task = make_task()
    assert weights_digest(task.fresh(5)) == weights_digest(task.fresh(5))
    assert weights_digest(task.fresh(5)) != weights_digest(task.fresh(6))
    assert task.fresh(5).state_dict().keys() == task.model.state_dict().keys()
