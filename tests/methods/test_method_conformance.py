"""What every method owes, whatever it does. A new method is tested by being in METHODS."""

from dataclasses import MISSING, FrozenInstanceError, fields, is_dataclass

import pytest
import torch

from unlearning.methods import METHODS
from unlearning.models.ensemble import weights_digest

RETAIN_ONLY = {"ft"}

pytestmark = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


def unlearned(method, task) -> str:
    return weights_digest(method().unlearn(task))


def test_it_returns_a_changed_network_with_finite_weights_and_leaves_the_original(method, make_task):
    before = weights_digest(make_task.original)
    model = method().unlearn(make_task())
    assert all(torch.isfinite(value).all() for value in model.state_dict().values())
    assert weights_digest(model) != before
    assert weights_digest(make_task.original) == before


def test_the_seed_decides_the_weights(method, make_task):
    first = unlearned(method, make_task())
    torch.manual_seed(99)
    assert unlearned(method, make_task()) == first, "the same seed, whatever the caller drew before"
    assert unlearned(method, make_task(seed=1)) != first


def test_the_first_epoch_of_three_is_a_run_of_one_bit_for_bit(method, make_task):
    """With batch norm and dropout: so one optimisation gives the versions of all milestones."""
    passing = []
    task = make_task(epochs=3, after_epoch=lambda epoch, model: passing.append(weights_digest(model)))
    modules = {type(module).__name__ for module in task.model.modules()}
    assert "Dropout" in modules
    assert any("BatchNorm" in name for name in modules)
    last = unlearned(method, task)
    assert len(passing) == 3
    assert passing[0] == unlearned(method, make_task(epochs=1))
    assert passing[2] == last


@pytest.mark.parametrize("spoilt", ["test", "validation"])
def test_weights_do_not_depend_on_faces_that_are_not_trained_on(method, make_task, spoilt):
    assert unlearned(method, make_task()) == unlearned(method, make_task(spoilt=spoilt))


def test_weights_depend_on_the_retain_set(method, make_task):
    assert unlearned(method, make_task()) != unlearned(method, make_task(spoilt="retain"))


def test_methods_that_train_on_the_retain_set_alone_never_look_at_forgotten_faces(method, make_task):
    same = unlearned(method, make_task()) == unlearned(method, make_task(spoilt="forget"))
    assert same == (method.name in RETAIN_ONLY)


def test_the_tables_of_the_task_are_left_as_they_were(method, make_task):
    task = make_task()
    before = task.retain.frame.copy(), task.forget.frame.copy(), task.forget.ages.clone(), task.retain.pixels.copy()
    method().unlearn(task)
    assert task.retain.frame.equals(before[0])
    assert task.forget.frame.equals(before[1])
    assert torch.equal(task.forget.ages, before[2])
    assert (task.retain.pixels == before[3]).all()


def test_global_random_numbers_are_left_as_they_were(method, make_task):
    before = torch.get_rng_state()
    method().unlearn(make_task())
    assert torch.equal(torch.get_rng_state(), before)


def test_it_is_frozen_settings_with_a_default_and_a_plain_type_each(method):
    assert is_dataclass(method)
    for field in fields(method):
        assert field.default is not MISSING
        assert field.type in ("int", "float", "str", "bool")
        assert type(field.default).__name__ == field.type
    with pytest.raises(FrozenInstanceError):
        method().name = "another"


def test_its_first_line_describes_it_and_every_setting_is_explained(method):
    first = method.__doc__.splitlines()[0]
    assert first.endswith(".")
    assert len(first) < 128
    assert all(f"{field.name}: " in method.__doc__ for field in fields(method))


def test_its_name_can_be_part_of_an_alias(method):
    assert METHODS[method.name] is method
    assert method.name.replace("_", "").isalnum()
    assert method.name == method.name.lower()
