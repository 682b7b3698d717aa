"""Every method on every kind of target: one pass over a few drawn faces."""

import copy
from functools import partial

import numpy as np
import pytest
import torch

from forgetting import forget_set
from unlearning.data.faces import FaceSet
from unlearning.data.forget import forget_mask, retain_mask
from unlearning.errors import InputError
from unlearning.methods import METHODS
from unlearning.methods.params import require_support
from unlearning.methods.task import UnlearningTask
from unlearning.models.build import build
from unlearning.models.ensemble import weights_digest
from unlearning.targets import AGE, TARGETS, Classes, Numeric

MONTHS = Numeric("months", "months", 0.0, 720.0)  # sixty years
SEXES = Classes("gender", ("male", "female"))
OTHERS = {"numeric": (MONTHS, lambda frame: frame.age * 12.0), "classes": (SEXES, lambda frame: frame.gender)}
RUN = {name: method for name, method in METHODS.items() if not method.card.scheme}


@pytest.fixture
def task_of(faces, spec, recipe, fabric):
    """Makes the task of a target, with a network of its own; its faces are those of the others."""

    def make(target, labels_of) -> UnlearningTask:
        frame = faces.frame[::2]
        labelled = FaceSet(frame if target == AGE else frame.assign(label=labels_of(frame)), np.asarray(faces.pixels))
        forgotten, own = forget_set("20-28", faces.frame), spec.predicting(target)
        retain, forget = (labelled.where(mask) for mask in (retain_mask(frame, [forgotten]), forget_mask(frame, forgotten)))
        return UnlearningTask(build(own, seed=0).eval(), retain, forget, fabric, 0, partial(build, own), recipe, epochs=1)

    return make


def test_all_kinds_are_here():
    assert {kind for kind in TARGETS if kind != AGE.kind} == set(OTHERS)


@pytest.mark.slow
@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("method", RUN.values(), ids=RUN)
def test_a_method_changes_a_model_of_another_target_or_refuses_it_in_a_sentence(method, kind, task_of):
    task = task_of(*OTHERS[kind])
    if method.card.numbers_alone and not task.target.numeric:
        with pytest.raises(InputError, match="is of numbers, and this model predicts gender, which has classes"):
            require_support(method, task.target)
        return
    require_support(method, task.target)
    before = copy.deepcopy(task.model.state_dict())
    network = method().unlearn(task)
    assert weights_digest(network) != weights_digest(task.model)
    assert all(torch.equal(value, before[name]) for name, value in task.model.state_dict().items())
    assert all(torch.isfinite(value).all() for value in network.state_dict().values())


def test_numbers_of_a_bell_curve_are_brought_into_the_range_of_their_target():
    drawn = METHODS["amnesiac"](clip=True).draw(300.0, 400.0, 200, torch.Generator().manual_seed(0), MONTHS)
    assert (drawn.min(), drawn.max()) == (0.0, 720.0)


@pytest.mark.parametrize("name", ["ft", "scrub"])
def test_months_are_learned_as_years_are(name, task_of):
    """A range counts as sixty years: the same faces with other numbers come to the same weights but for rounding."""
    years, months = (METHODS[name]().unlearn(task_of(*one)) for one in ((AGE, None), OTHERS["numeric"]))
    for one, other in zip(years.parameters(), months.parameters(), strict=True):
        assert torch.allclose(one, other, atol=2e-3)


def test_a_model_of_classes_is_fine_tuned_and_the_others_refused(task_of):
    task = task_of(*OTHERS["classes"])
    assert weights_digest(METHODS["rnd"]().unlearn(task)) != weights_digest(task.model)
    with pytest.raises(InputError, match="distance=gaussian is of numbers, and gender has classes; use distance=absolute"):
        METHODS["scrub"](distance="gaussian").unlearn(task)
    for target in (SEXES, MONTHS):
        with pytest.raises(InputError, match=f"params: youngest is of ages, and this model predicts {target.name}"):
            require_support(METHODS["rnd_full"](youngest=10.0), target)
    for name, given in (("rnd", {"offset_max": 20}), ("reset", {"scale": 3.0}), ("scrub", {"distance": "gaussian"})):
        require_support(METHODS[name](**given), MONTHS)
        with pytest.raises(InputError, match=f"params: {next(iter(given))} is of numbers, and this model predicts gender"):
            require_support(METHODS[name](**given), SEXES)
    with pytest.raises(InputError, match="as_published=clipped is of ages, and this model predicts gender"):
        METHODS["rnd"](as_published="clipped").unlearn(task)
