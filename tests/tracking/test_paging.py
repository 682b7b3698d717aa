"""Whatever is searched for is found whole, however many pages a store answers with."""

import os
from collections.abc import Callable

import mlflow
import pytest

from registered import fill
from unlearning.purge import store as purging
from unlearning.registry import lock
from unlearning.registry.lookup import all_versions
from unlearning.repair import surroundings
from unlearning.requests import store as requests
from unlearning.tracking import abandoned, finished, paging, processes, sealed

MODEL = "age-resnet50"
SEARCHES = ("search_experiments", "search_runs", "search_model_versions", "search_registered_models", "search_logged_models")


@pytest.fixture
def small_pages(store, monkeypatch):
    """A store that answers with two things at a time."""

    def of_two(search: Callable):
        def searched(*arguments, **named):
            return search(*arguments, **named | {"max_results": 2})

        return searched

    fill(MODEL, 3)
    for name in SEARCHES:
        monkeypatch.setattr(mlflow.MlflowClient, name, of_two(getattr(mlflow.MlflowClient, name)))


def test_runs_of_all_pages_and_all_experiments_are_found(small_pages):
    client = mlflow.MlflowClient()
    for number in range(3):
        experiment = client.create_experiment(f"experiment {number}")
        for _ in range(number + 1):
            made = client.create_run(experiment, tags={"step": "promote", finished.FINGERPRINT: f"mark {number}"})
            client.set_terminated(made.info.run_id)
    assert len(finished.find_by_tags({"step": "promote"})) == 6
    assert [run.data.tags["step"] for run in sealed.our_runs()].count("promote") == 6
    assert finished.find_finished("mark 2")


def test_versions_and_logged_models_of_all_pages_are_found(small_pages):
    assert [version.number for version in all_versions(MODEL)] == [1, 2, 3, 4, 5]
    assert len(purging.registered()) == 5
    run = mlflow.MlflowClient().create_run("0", tags={"step": "unlearn"})
    for _ in range(3):
        mlflow.MlflowClient().create_logged_model("0", source_run_id=run.info.run_id)
    assert len(surroundings.look(MODEL, [], "").unregistered()) == 3


def test_requests_of_all_pages_are_found(small_pages, monkeypatch):
    monkeypatch.setattr(requests, "_request", lambda run: run.info.run_id)
    monkeypatch.setattr(requests.states, "in_order", list)
    experiment = mlflow.MlflowClient().create_experiment(requests.EXPERIMENT)
    for _ in range(5):
        mlflow.MlflowClient().create_run(experiment, tags={requests.MODEL: MODEL})
    assert len(requests.listed(MODEL)) == 5


def test_locks_that_were_left_are_cleared_on_all_pages(small_pages):
    for number in range(5):
        mlflow.MlflowClient().create_registered_model(f"{MODEL}.lock-after-{number}")
    with lock.registry_lock(MODEL) as held:
        lock.clear_leftovers(held)
    left = paging.every(mlflow.MlflowClient().search_registered_models)
    assert [one.name for one in left] == [MODEL]


def test_runs_of_the_dead_are_ended_in_all_experiments_and_on_all_pages(small_pages):
    client, ended = mlflow.MlflowClient(), {abandoned.PROCESS: f"{processes.place()} {os.getpid()} 1"}
    experiments = ["0", *(client.create_experiment(f"experiment {number}") for number in range(3))]
    left = [client.create_run(one, tags=ended).info.run_id for one in experiments for _ in range(2)]
    abandoned.end_abandoned()
    assert {client.get_run(run_id).info.status for run_id in left} == {"KILLED"}
