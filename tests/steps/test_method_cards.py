"""What methods say of themselves: on a terminal, and in docs/methods.md."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from typing import ClassVar

import pytest

from places import ROOT
from unlearning.methods import METHODS
from unlearning.methods.card import FORGET, RETAIN, Card, knob, rate
from unlearning.steps import method_cards
from unlearning.steps.method_cards import methods, page


@dataclass(frozen=True)
class Sample:
    """The first line.

    A paragraph
    of two lines, with 2*3 and ``a*b``.

    Another.

    Args:
        lr: constant learning
            rate.
        width: how wide | how far, in years.
        kind: of two.
        quiet: say nothing.
        steps: numbers, with commas between.
    """

    name: ClassVar[str] = "sample"
    card: ClassVar[Card] = Card("min |f - y|", (RETAIN, FORGET), "one pass", "always", "nobody, 2025", exact=True, prefix=False)
    epochs: ClassVar[int] = 2
    lr: float = rate(1e-4)
    width: int = knob(3, 1, search=(1, 9), unit="years")
    kind: str = knob("mean", search=("mean", "median"))
    quiet: bool = False
    steps: str = ""


@pytest.fixture
def sample(monkeypatch):
    """A registry of the sample alone; the lines of its card."""
    monkeypatch.setattr(method_cards, "METHODS", {"sample": Sample})
    return methods("sample", "markdown").splitlines()


def test_a_docstring_is_shown_as_its_first_line_its_paragraphs_and_its_settings_in_order(sample):
    assert sample[2:8:2] == ["**The first line.**", "A paragraph of two lines, with 2\\*3 and ``a*b``.", "Another."]
    names = [line.split()[1] for line in sample if line.startswith("| ")]
    assert names == ["setting", "---", "lr", "width", "kind", "quiet", "steps"]


def test_a_card_tells_defaults_units_legal_values_and_ranges_searched(sample):
    assert "| lr | constant learning rate. | 0.0001 | above 0, up to 10 | 1e-06 to 0.01, logarithmic |" in sample
    assert "| width | how wide \\| how far, in years. | 3 years | from 1 years | 1 to 9 |" in sample
    assert "| kind | of two. | mean | mean, median | all |" in sample
    assert "| quiet | say nothing. | false | true, false | no |" in sample
    assert "| steps | numbers, with commas between. | empty | text | no |" in sample
    assert "    min |f - y|" in sample
    assert "* **result**: exact" in sample
    assert "* **reads**: retain and forget" in sample
    assert "* **passes**: 2 if nothing else is asked for; of several numbers asked for, a run for each" in sample
    assert "* **fails**: always" in sample
    assert "* **source**: nobody, 2025" in sample


def test_every_card_can_be_shown_on_a_terminal_and_explains_every_setting():
    for name, method in METHODS.items():
        assert method.card.source.split()[0] in methods(name, "table")
        assert not re.search(r"\| +\|", methods(name, "markdown")), name
        assert name in methods("", "table")


def test_the_page_of_methods_is_up_to_date():
    assert (ROOT / "docs" / "methods.md").read_text() == page() + "\n", "a method changed: make docs"


def test_showing_methods_touches_no_store_and_loads_nothing_heavy(tmp_path):
    code = "import sys; from unlearning.steps.method_cards import methods; methods('ft', 'table'); print(*sys.modules)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": f"{ROOT}/src"}, capture_output=True, text=True, check=True)
    assert not {"mlflow", "torch", "pandas"} & set(done.stdout.split())
    assert not list(tmp_path.iterdir())
