"""The example of CONTRIBUTING.md is a method that works."""

import re
import sys
from dataclasses import fields
from functools import partial
from types import ModuleType

import pytest

from forgetting import forget_set
from places import ROOT
from unlearning.data.forget import forget_mask, retain_mask
from unlearning.errors import InputError
from unlearning.methods.card import FORGET, RETAIN, Card
from unlearning.methods.params import make_method
from unlearning.methods.task import UnlearningTask
from unlearning.models.build import build
from unlearning.models.ensemble import weights_digest


@pytest.fixture
def example(monkeypatch):
    """The class that the page prints, from a module of its own."""
    code = re.search(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)[1]
    module = ModuleType("gentle")
    monkeypatch.setitem(sys.modules, "gentle", module)
    exec(code, module.__dict__)
    return module.ForgetGently


def test_the_example_method_runs_as_printed_has_a_card_and_refuses_what_is_not_legal(example, faces, spec, recipe, fabric):
    method = make_method(example, "middle=35")
    forgotten = forget_set("20-28", faces.frame)
    model = build(spec, seed=0)
    before = weights_digest(model)
    retain = faces.where(retain_mask(faces.frame, [forgotten]))
    forget = faces.where(forget_mask(faces.frame, forgotten))
    task = UnlearningTask(model, retain, forget, fabric, 0, partial(build, spec), recipe, epochs=1)
    assert method.middle == 35
    assert weights_digest(method.unlearn(task)) != before
    assert weights_digest(model) == before
    assert task.meter.retain
    assert task.meter.forget
    assert isinstance(example.card, Card)
    assert example.card.touches == (RETAIN, FORGET)
    assert example.epochs == 4
    assert {field.name: field.type for field in fields(example)} == {"lr": "float", "middle": "float"}
    with pytest.raises(InputError, match=r"middle=200\.0 of gentle is not possible; legal: 0 to 150"):
        make_method(example, "middle=200")
