"""The page of all metrics says what the registries say."""

from dataclasses import fields
from itertools import pairwise

import pytest

from places import ROOT
from unlearning.evaluation.audit.verdicts import VERDICTS, Bounds
from unlearning.evaluation.audit_metrics import AUDIT_METRICS
from unlearning.evaluation.metrics import GATE_METRICS, METRICS
from unlearning.reports.metric_cards import metric_cards

PAGE = metric_cards()
RENEW = """PYTHONPATH=src python -c "from unlearning.reports import metric_cards as m; print(m.metric_cards(), end='')" """


def test_the_page_in_docs_is_up_to_date():
    assert (ROOT / "docs" / "metrics.md").read_text() == PAGE, f"make it anew: {RENEW}> docs/metrics.md"


@pytest.mark.parametrize("name", GATE_METRICS)
def test_every_metric_has_one_card(name):
    card = [line for line in PAGE.splitlines() if line.startswith(f"| `{name}`")]
    assert len(card) == 1
    assert GATE_METRICS[name].description in card[0] or name in AUDIT_METRICS
    assert ("*always*" in card[0]) == (name in METRICS)


@pytest.mark.parametrize("name", [*VERDICTS, *(field.name for field in fields(Bounds))])
def test_every_verdict_and_every_bound_is_explained(name):
    assert f"| `{name}` |" in PAGE


def test_every_line_of_a_table_has_as_many_cells_as_its_head():
    lines = PAGE.splitlines()
    for before, line in pairwise(lines):
        if before.startswith("|") and line.startswith("|"):
            assert before.count("|") == line.count("|"), line
