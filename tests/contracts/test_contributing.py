"""The examples of CONTRIBUTING.md are a method and a target that work."""

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
from unlearning.methods import METHODS
from unlearning.methods.card import FORGET, RETAIN, Card
from unlearning.methods.params import make_method
from unlearning.methods.task import UnlearningTask
from unlearning.models.build import build
from unlearning.models.ensemble import weights_digest
from unlearning.targets import TARGETS, from_text
from unlearning.training.predict import mean_absolute_error


@pytest.fixture
def example(monkeypatch):
    """The method that the page prints."""
    return printed(monkeypatch, 0, "gentle").ForgetGently


@pytest.fixture
def share(monkeypatch):
    """The target that the page prints, by its name in the registry."""
    kind = printed(monkeypatch, 1, "share").Share
    monkeypatch.setitem(TARGETS, kind.kind, kind)
    return kind


def printed(monkeypatch, place: int, name: str) -> ModuleType:
    """What one of the page's pieces of code defines, as a module of its own."""
    code = re.findall(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)[place]
    module = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    exec(code, module.__dict__)
    return module


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


def test_the_example_target_is_trained_forgotten_by_a_method_and_read_back(share, faces, spec, recipe, fabric):
    target = share.of("filled", "percent", (0.0, 100.0))
    assert from_text(target.as_text()) == target
    shares = faces.labelled(faces.ages.numpy() + 20)
    forgotten = forget_set("20-28", faces.frame)
    model = build(spec.predicting(target), seed=0)
    retain, forget = (
        shares.where(mask(faces.frame, whom)) for mask, whom in ((retain_mask, [forgotten]), (forget_mask, forgotten))
    )
    task = UnlearningTask(model, retain, forget, fabric, 0, partial(build, model.spec), recipe, epochs=1)
    changed = make_method(METHODS["scrub"], "rewind=false").unlearn(task)
    assert weights_digest(changed) != weights_digest(model)
    assert 0 < mean_absolute_error(changed, shares) < 100
    assert 0 < task.error(changed, shares) < 5
