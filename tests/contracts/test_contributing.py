"""The example of CONTRIBUTING.md is a method that works."""

import re
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from forgetting import forget_set
from places import ROOT
from unlearning.data.forget import forget_mask, retain_mask
from unlearning.methods.params import make_method
from unlearning.methods.task import UnlearningTask
from unlearning.models.build import build
from unlearning.models.ensemble import weights_digest


def test_the_example_method_runs_as_it_is_printed(faces, spec, recipe, fabric):
    code = re.search(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)[1]
    names = {"dataclass": dataclass, "ClassVar": ClassVar, "__name__": __name__}
    exec(code, names)
    method = make_method(names["ForgetGently"], "middle=35")
    forgotten = forget_set("20-28", faces.frame)
    model = build(spec, seed=0)
    before = weights_digest(model)
    retain = faces.where(retain_mask(faces.frame, [forgotten]))
    forget = faces.where(forget_mask(faces.frame, forgotten))
    task = UnlearningTask(model, retain, forget, fabric, 0, partial(build, spec), recipe, epochs=1)
    assert method.middle == 35
    assert weights_digest(method.unlearn(task)) != before
