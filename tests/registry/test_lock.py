"""The lock: one owner at a time, whoever dies, sleeps or comes late."""

import os
import subprocess
import sys
import threading
import time

import mlflow
import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED, TEMPORARILY_UNAVAILABLE

from unlearning.errors import InputError
from unlearning.registry import lock
from unlearning.tracking import processes
from waiting import wait_until

MODEL = "age-resnet50"
NAME = f"{MODEL}.lock"
ELSEWHERE = "another-machine 17 100"


def leave(token: str, process: str = ELSEWHERE, expires: float = -1.0, name: str = NAME) -> None:
    """A lock as somebody left it; it ends in ``expires`` seconds."""
    tags = {"owner": "anna on far (process 17)", "token": token, "process": process, "expires": f"{time.time() + expires:.3f}"}
    mlflow.MlflowClient().create_registered_model(name, tags=tags)


def names() -> list[str]:
    return sorted(one.name for one in mlflow.MlflowClient().search_registered_models())


def ended_process() -> str:
    """The identity of a process of this machine that is no more."""
    code = "from unlearning.tracking import processes; print(processes.identity())"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_lock_goes_when_its_owner_is_done_or_fails(store):
    with lock.registry_lock(MODEL):
        assert names() == [NAME]
    assert names() == []
    with pytest.raises(ZeroDivisionError), lock.registry_lock(MODEL):
        raise ZeroDivisionError
    assert names() == []


def test_the_lock_of_another_machine_is_taken_over_after_its_time(store, monkeypatch):
    monkeypatch.setattr(lock, "WAIT_SECONDS", 0.5)
    leave("far", expires=60)
    with pytest.raises(InputError, match=r"anna on far \(process 17\) holds the lock"), lock.registry_lock(MODEL):
        pytest.fail("two held the lock")
    mlflow.MlflowClient().set_registered_model_tag(NAME, "expires", f"{time.time() - 1:.0f}")
    with lock.registry_lock(MODEL):
        assert lock.owner_of(MODEL) == processes.owner()
    assert names() == []


def test_a_lock_that_the_store_gives_to_nobody_is_waited_for_no_longer_than_any_other(store, monkeypatch):
    def refuse(*words, **named):
        raise MlflowException("busy", error_code=TEMPORARILY_UNAVAILABLE)

    monkeypatch.setattr(lock, "WAIT_SECONDS", 0.5)
    monkeypatch.setattr(mlflow.MlflowClient, "create_registered_model", refuse)
    with pytest.raises(InputError, match=f"the lock {NAME} could not be taken"), lock.registry_lock(MODEL):
        pytest.fail("nobody gave it")


def test_a_lock_is_held_by_the_last_of_its_line(store, monkeypatch):
    """The first is left behind, and so is the one that followed it; the one after that lives."""
    monkeypatch.setattr(lock, "WAIT_SECONDS", 0.5)
    leave("one")
    leave("two", name=f"{NAME}-after-one")
    leave("three", expires=60, name=f"{NAME}-after-two")
    with pytest.raises(InputError, match="holds the lock"), lock.registry_lock(MODEL):
        pytest.fail("two held the lock")
    mlflow.MlflowClient().set_registered_model_tag(f"{NAME}-after-two", "expires", "0")
    with lock.registry_lock(MODEL):
        assert names() == [NAME, f"{NAME}-after-one", f"{NAME}-after-three", f"{NAME}-after-two"]
    assert names() == []


def test_of_two_that_find_the_same_dead_lock_the_late_one_does_not_take_the_others(store, monkeypatch):
    """It looked at the dead lock, slept, and wakes up when another one has followed that, finished, and a third holds it."""
    leave("dead")
    look, slept = lock._line, []

    def sleepy(client, base):
        line = look(client, base)
        if not slept:
            slept.append(line)
            _others_come_and_go()
        return line

    monkeypatch.setattr(lock, "_line", sleepy)
    monkeypatch.setattr(lock, "WAIT_SECONDS", 0.5)
    with pytest.raises(InputError, match="anna on far"), lock.registry_lock(MODEL):
        pytest.fail("two held the lock")
    assert slept[0][-1].token == "dead"
    assert names() == [NAME]


def _others_come_and_go() -> None:
    mlflow.MlflowClient().delete_registered_model(NAME)
    leave("fresh", expires=60)


def test_many_threads_take_a_dead_lock_over_one_after_the_other(store):
    leave("dead", ended_process(), expires=1000)
    inside, most = [], []

    def work():
        with lock.registry_lock(MODEL):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.05)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 5
    assert names() == []


def test_a_lock_lasts_as_long_as_its_owner_works(store, monkeypatch):
    monkeypatch.setattr(lock, "HELD_SECONDS", 4.0)
    with lock.registry_lock(MODEL) as held:
        begun = held.expires
        wait_until(lambda: held.expires > begun + 1.5)  # so it was made longer twice, before its first time was over
        held.confirm()
        [entry] = lock._line(mlflow.MlflowClient(), NAME)
        assert entry.expires > begun
    assert names() == []


def test_an_owner_that_stood_still_too_long_notices_and_deletes_nobody_elses_lock(store):
    with lock.registry_lock(MODEL) as held:
        held.expires = time.time() - 1
        with pytest.raises(lock.LockLostError, match="ran out"):
            held.confirm()
        leave("next", expires=60, name=held.own.successor)
    assert names() == [NAME, held.own.successor]


def test_an_owner_that_is_late_and_was_not_followed_still_cleans_up(store):
    with lock.registry_lock(MODEL) as held:
        held.expires = time.time() - 1
    assert names() == []


def test_a_lock_that_may_not_be_deleted_is_followed_again(store, monkeypatch):
    """On a server nobody may delete what another user left behind; everybody may create."""
    leave("foreign")
    delete = mlflow.MlflowClient.delete_registered_model

    def only_own(self, name):
        if name == NAME:
            raise MlflowException("Permission denied", error_code=PERMISSION_DENIED)
        delete(self, name)

    monkeypatch.setattr(mlflow.MlflowClient, "delete_registered_model", only_own)
    for _ in range(2):
        with lock.registry_lock(MODEL):
            assert names() == [NAME, f"{NAME}-after-foreign"]
        assert names() == [NAME]


def test_what_was_left_by_a_death_while_releasing_is_cleared(store):
    leave("x", name=f"{NAME}-after-gone")
    leave("y", name=f"other{NAME}-after-gone")
    with lock.registry_lock(MODEL) as held:
        lock.clear_leftovers(held)
    assert names() == [f"other{NAME}-after-gone"]
