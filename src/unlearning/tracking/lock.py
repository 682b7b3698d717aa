"""A lock that works on every store: creating a registered model of a fixed name has exactly one winner.

Deleting it is final, so it can be made again. It says who holds it and until when; a lock that was left behind by a dead
process is taken over after its time.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import mlflow
from mlflow.exceptions import MlflowException

from unlearning.errors import InputError

HELD_SECONDS = 120.0
WAIT_SECONDS = 240.0
PAUSE_SECONDS = 0.2
TAKEN = ("RESOURCE_ALREADY_EXISTS", "RESOURCE_DOES_NOT_EXIST")
OWNER, EXPIRES = "owner", "expires"


@contextmanager
def registry_lock(model: str) -> Iterator[None]:
    """Hold the lock of a registered model; InputError when somebody else keeps it for too long."""
    name = f"{model}.lock"
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    _acquire(name, owner)
    try:
        yield
    finally:
        _release(name, owner)


def _acquire(name: str, owner: str) -> None:
    client, until = mlflow.MlflowClient(), time.time() + WAIT_SECONDS
    while not _try_create(client, name, owner):
        holder = _read(client, name)
        if holder and float(holder.get(EXPIRES, 0)) < time.time():
            _delete(client, name)
        elif time.time() > until:
            raise InputError(
                f"{holder.get(OWNER, 'somebody') if holder else 'somebody'} holds the lock {name}; try again later"
            )
        else:
            time.sleep(PAUSE_SECONDS)


def _try_create(client: mlflow.MlflowClient, name: str, owner: str) -> bool:
    tags = {OWNER: owner, EXPIRES: f"{time.time() + HELD_SECONDS:.0f}"}
    try:
        client.create_registered_model(name, tags=tags, description="A transition is under way; this entry goes by itself.")
    except MlflowException as error:
        if error.error_code in TAKEN:
            return False
        raise
    return True


def _read(client: mlflow.MlflowClient, name: str) -> dict[str, str] | None:
    try:
        return dict(client.get_registered_model(name).tags)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise


def _release(name: str, owner: str) -> None:
    """Delete our own lock; one that expired may be somebody else's by now."""
    client = mlflow.MlflowClient()
    holder = _read(client, name)
    if holder and holder.get(OWNER) == owner:
        _delete(client, name)


def _delete(client: mlflow.MlflowClient, name: str) -> None:
    try:
        client.delete_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
