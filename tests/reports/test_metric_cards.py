"""The page of all metrics says what the registries say."""

from dataclasses import fields
from itertools import pairwise

from places import ROOT
from unlearning.evaluation.audit.verdicts import VERDICTS, Bounds
from unlearning.evaluation.registry import HEADLINES, METRICS
from unlearning.reports.metric_cards import metric_cards

PAGE = metric_cards()


def test_the_page_in_docs_is_up_to_date():
    assert (ROOT / "docs" / "metrics.md").read_text() == PAGE, "a metric changed: make docs"


def test_every_metric_has_one_card_and_every_verdict_and_bound_is_explained():
    cards = {name: [line for line in PAGE.splitlines() if line.startswith(f"| `{name}`")] for name in METRICS}
    assert [name for name, lines in cards.items() if len(lines) != 1] == []
    assert {name for name, (line,) in cards.items() if "*always*" in line} == set(HEADLINES)
    explained = [*VERDICTS, *(field.name for field in fields(Bounds))]
    assert [name for name in explained if f"| `{name}` |" not in PAGE] == []


def test_every_line_of_a_table_has_as_many_cells_as_its_head():
    for before, line in pairwise(PAGE.splitlines()):
        if before.startswith("|") and line.startswith("|"):
            assert before.count("|") == line.count("|"), line
