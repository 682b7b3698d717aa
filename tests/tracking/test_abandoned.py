"""Which runs are taken for those of dead processes, and which are not."""

import os
import subprocess
import sys
import time

import mlflow
import pytest

from places import ROOT
from unlearning.tracking import abandoned, processes, runs
from waiting import wait_until


def of(pid: str, start: str = "1") -> str:
    return f"{processes.place()} {pid} {start}"


@pytest.fixture
def dead() -> str:
    """The id of a process that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return str(ended.pid)


def test_a_process_that_this_user_may_not_see_is_not_taken_for_dead(monkeypatch, dead):
    assert processes.is_gone(of(dead))
    monkeypatch.setattr(processes, "_lives", lambda pid: True)
    assert not processes.is_gone(of(dead))


@pytest.mark.parametrize("tag", ["", "words", of("many"), "elsewhere 7 1", processes.identity()], ids=range(5))
def test_of_this_process_of_other_places_and_of_a_tag_that_was_written_over_nothing_is_gone_for_certain(tag):
    assert not processes.is_gone(tag)


def test_a_process_id_that_was_given_again_does_not_stand_for_the_process_that_had_it():
    assert processes.is_gone(of(str(os.getpid())))


def test_a_process_that_nobody_has_buried_yet_is_gone():
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    identity = of(str(child.pid), processes._start(child.pid))
    wait_until(lambda: processes.is_gone(identity))
    child.wait()


def test_runs_of_the_living_and_requests_stay_open(store):
    client = mlflow.MlflowClient()
    request = client.create_run("0", tags={"step": "forget request"})
    with runs.run("test", "at work") as run:
        abandoned.end_abandoned()
        assert client.get_run(run.info.run_id).info.status == "RUNNING"
    assert client.get_run(request.info.run_id).info.status == "RUNNING"


def test_a_run_that_finished_while_it_was_looked_at_stays_finished(store, monkeypatch, dead):
    client = mlflow.MlflowClient()
    run_id = client.create_run("0", tags={"process": of(dead)}).info.run_id

    def is_gone(process):
        client.set_terminated(run_id)
        return True

    monkeypatch.setattr(processes, "is_gone", is_gone)
    abandoned.end_abandoned()
    assert client.get_run(run_id).info.status == "FINISHED"


def launched(client, hours: float, source: str, **tags: str) -> str:
    """A run as ``mlflow run`` opens it."""
    own = {"mlflow.source.type": "PROJECT", "mlflow.source.name": source, "mlflow.project.entryPoint": "status"}
    return client.create_run("0", int((time.time() - 3600 * hours) * 1000), own | tags).info.run_id


def test_a_run_in_which_no_step_began_for_an_hour_is_ended_and_begins_all_the_same_later(store, monkeypatch):
    client, here = mlflow.MlflowClient(), f"file://{ROOT}"
    stuck, fresh, foreign = (launched(client, *which) for which in ((1.1, here), (0.9, here), (9, "file:///another/project")))
    elsewhere = launched(client, 9, here, process="another-machine 7 1")
    abandoned.end_abandoned()
    given_up = client.get_run(stuck)
    assert given_up.info.status == "KILLED"
    assert "no step has begun in it for an hour" in given_up.data.tags["failure"]
    assert {client.get_run(run_id).info.status for run_id in (fresh, foreign, elsewhere)} == {"RUNNING"}
    monkeypatch.setenv("MLFLOW_RUN_ID", stuck)
    with runs.run("status", "begins late"):
        assert client.get_run(stuck).info.status == "RUNNING"
    begun = client.get_run(stuck)
    assert begun.info.status == "FINISHED"
    assert begun.data.tags.keys().isdisjoint(abandoned.LEFT_TAGS)


def test_a_run_says_whose_it_is_from_its_first_write_on(store, monkeypatch):
    """Killed before its second, it would say RUNNING for ever: nobody could know that its process is gone."""
    monkeypatch.setattr(runs.addresses, "begin", lambda info: pytest.fail("killed"))
    with pytest.raises(pytest.fail.Exception), runs.run("train", "original"):
        raise AssertionError("it does not come so far")
    (left,) = mlflow.search_runs(output_format="list")
    assert (left.data.tags["step"], left.data.tags[abandoned.PROCESS]) == ("train", processes.identity())
    assert left.data.tags["code.digest"]
