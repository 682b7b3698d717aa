"""status: what it asks of the registry, and what it shows of very many versions."""

import json

import mlflow
import pytest

from unlearning.registry.lookup import all_versions
from unlearning.settings.registry import FORMATS
from unlearning.steps import status

MODEL = "age-resnet50"
ASKED = ("get_registered_model", "search_model_versions", "get_model_version", "get_model_version_by_alias", "get_run")


def row(number: int, *aliases: str) -> dict:
    own = dict.fromkeys(status.COLUMNS) | {"version": number, "role": "unlearned", "stage": "Staging", "aliases": list(aliases)}
    return own | {"parent": 1 if number > 1 else None, "method": "ft", "forgotten": ["20-28"], "found": "not judged yet"}


MANY = [row(1, "original"), *map(row, range(2, 300)), row(300, "champion", "forgotten"), *map(row, range(301, 1001))]


@pytest.fixture
def asked(monkeypatch):
    """Names of the questions that were asked of the registry."""
    names = []

    def listen(name, call):
        def listening(*arguments, **named):
            names.append(name)
            return call(*arguments, **named)

        return listening

    for name in ASKED:
        monkeypatch.setattr(mlflow.MlflowClient, name, listen(name, getattr(mlflow.MlflowClient, name)))
    return names


def test_one_question_gets_all_versions_and_one_their_aliases(untouched, asked):
    look = status.look_at(MODEL)
    for form in FORMATS:
        status.render(look, form)
    assert asked == ["get_registered_model", "search_model_versions"]


def test_versions_that_come_in_pages_are_all_there(untouched, monkeypatch):
    whole = all_versions(MODEL)
    monkeypatch.setattr("unlearning.tracking.paging.PAGE", 3)
    assert all_versions(MODEL) == whole
    assert [version.number for version in whole] == [1, 2, 3, 4]


def test_of_a_thousand_versions_a_terminal_shows_those_that_are_looked_for_and_programs_get_all():
    shown = status._on_screen(MANY)
    assert len(shown) == status.ON_SCREEN
    assert [one["version"] for one in shown][:3] == [1, 300, 803]
    assert shown == sorted(shown, key=lambda one: one["version"])
    text = status._as_table(status.Look(MODEL, MANY))
    assert "800 older versions are not shown; -P format=json" in text
    assert json.loads(status._as_json(status.Look(MODEL, MANY)))["versions"] == MANY
    assert len(status._as_markdown(status.Look(MODEL, MANY)).splitlines()) == 1002


def test_a_page_about_a_thousand_versions_draws_no_more_than_can_be_read():
    from unlearning.reports.lineage_page import MOST, nodes_of

    nodes = nodes_of(MANY)
    assert len(nodes) <= MOST
    assert {number for node in nodes for number in node.numbers} >= {1, 300}
    few = status._as_page(status.Look(MODEL, MANY[:300]))
    whole = status._as_page(status.Look(MODEL, MANY))
    assert len(whole) - len(few) < 700 * 1000
