"""Asking to be forgotten: once, however often it is asked."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import mlflow
import pytest

from unlearning.errors import InputError
from unlearning.registry import moves
from unlearning.registry.lookup import find
from unlearning.registry.transitions import transition
from unlearning.registry.writes import write_scores
from unlearning.requests import store as requests
from unlearning.requests.states import FAILED, PROMOTED, RECEIVED, RUNNING
from unlearning.settings.requests import RequestSettings
from unlearning.steps.request import list_requests, request

MODEL = "age-resnet50"


def ask(rule="20-28", **more):
    return request(RequestSettings(rule, "Art. 17, ticket 4711", "2026-12-31", **more))


@pytest.fixture
def forgotten(trained):
    """Version 4, which has forgotten 20-28, is the champion."""
    transition(MODEL, partial(moves.promote, number=4, forget_set="20-28", tags={}))
    write_scores(find(MODEL, "4"), {"certificate": "c" * 64})
    return find(MODEL, "champion")


def test_a_request_is_a_run_in_an_experiment_of_its_own(trained):
    asked = ask()
    run = mlflow.get_run(asked.run_id)
    assert mlflow.get_experiment(run.info.experiment_id).name == "age-unlearning requests"
    assert run.info.status == "SCHEDULED"
    assert run.data.tags["request.state"] == RECEIVED
    assert (asked.state, asked.rule) == (RECEIVED, "20-28")
    assert (asked.reason, str(asked.deadline)) == ("Art. 17, ticket 4711", "2026-12-31")
    assert asked.history[0].user


def test_the_same_request_is_one_three_times_at_once_and_in_other_words(trained):
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: ask(), range(3)))
    assert len({one.run_id for one in [*found, ask("group:0")]}) == 1
    assert len(requests.listed(MODEL)) == 1


def test_a_key_of_ones_own_makes_two_of_the_same_and_never_one_of_two(trained):
    first, second = ask(idempotency_key="ticket 1"), ask(idempotency_key="ticket 2")
    assert first.run_id != second.run_id
    with pytest.raises(InputError, match=r"idempotency_key='ticket 1' is that of request .* \(20-28\), which names other"):
        ask("36-44", idempotency_key="ticket 1")
    assert len(requests.listed(MODEL)) == 2


def test_who_is_meant_is_decided_when_it_is_asked(trained, data):
    """The list may be gone by the time the request is served."""
    chosen = data.manifest[(data.manifest.split == "train") & (data.manifest.copy_of == "")].id[:3]
    Path("person-17.csv").write_text("\n".join(["id", *chosen]) + "\n")
    asked = ask("file:person-17.csv")
    Path("person-17.csv").unlink()
    assert set(requests.manifest_of(asked).ids) == set(chosen)
    assert asked.count == 3


def test_what_the_champion_has_forgotten_is_done_at_once(forgotten):
    asked = ask()
    assert (asked.state, asked.version, asked.certificate) == (PROMOTED, "4", "c" * 64)
    assert [one.state for one in asked.history] == [RECEIVED, PROMOTED]
    why = asked.history[-1].why
    assert f"version 4 (ft-20-28-e2) was made to forget all {asked.count} samples already: not judged yet" in why
    assert "c" * 64 in why
    assert mlflow.get_run(asked.run_id).info.status == "FINISHED"
    assert ask() == asked


def test_some_that_are_forgotten_already_are_counted(forgotten, data):
    ages = data.manifest[data.manifest.split != "test"].age
    asked = ask("26-30")
    known, everybody = ages.between(26, 28).sum(), ages.between(26, 30).sum()
    assert asked.state == RECEIVED
    assert f"version 4 (ft-20-28-e2) was made to forget {known} of {everybody} samples already" in asked.history[0].why


def test_what_was_promoted_is_opened_again_when_a_version_that_remembers_is_served(forgotten):
    asked = ask()
    transition(MODEL, lambda versions: ([], {"champion": 1}))
    again = ask()
    assert (again.run_id, again.state) == (asked.run_id, RECEIVED)
    assert again.history[-1].why.startswith("asked again; it was promoted: ")
    assert (again.version, again.certificate) == ("", "")


def test_what_ended_badly_can_be_asked_again_and_stays_one_request(trained, capfd):
    asked = requests.change_state(ask(), RUNNING, "begun")
    requests.change_state(asked, FAILED, "the folder was missing")
    again = request(RequestSettings("20-28", "ticket 4712", "2027-01-31"))
    assert (again.run_id, again.state) == (asked.run_id, RECEIVED)
    assert "asked again; it was failed: the folder was missing" in again.history[-1].why
    assert (again.reason, str(again.deadline)) == ("ticket 4712", "2027-01-31")
    assert ask() == again
    assert "it stays one request, with the deadline 2027-01-31 as before" in capfd.readouterr().err


def test_who_is_nobody_makes_no_request(untouched):
    with pytest.raises(InputError, match="names no training face"):
        request(RequestSettings("70-80"))
    with pytest.raises(InputError, match="no registered model 'nobody'"):
        request(RequestSettings("20-28", name="nobody"))
    assert requests.listed(MODEL) == []


def test_the_list_shows_what_is_open_and_overdue(trained):
    ask()
    request(RequestSettings("36-44", deadline="2020-01-01"))
    table = list_requests(MODEL)
    assert "2026-12-31" in table
    assert "2020-01-01 OVERDUE" in " ".join(table.split())
    assert table.count("received") == 3
