"""Who reads a page and what they may do: the names, passwords and rights of the tracking server, asked for with their own.

Every call to the store carries the name and password of whoever asked for the page, and never those of the process. A store
without users lets everybody do everything who reaches it.
"""

from __future__ import annotations

import base64
import os
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field, replace

import mlflow
from mlflow.store.artifact.artifact_repository_registry import _artifact_repository_registry
from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository
from mlflow.tracking.request_header.abstract_request_header_provider import RequestHeaderProvider
from mlflow.tracking.request_header.registry import _request_header_provider_registry
from mlflow.utils.credentials import get_default_host_creds, read_mlflow_creds
from mlflow.utils.rest_utils import http_request

from unlearning.errors import InputError
from unlearning.requests.store import EXPERIMENT, HOLDS
from unlearning.tracking.answers import store_name
from unlearning.tracking.own_experiments import find_own

CURRENT, PERMISSION = "/api/2.0/mlflow/users/current", "/api/3.0/mlflow/users/permissions/get"
EDIT, MANAGE = "EDIT", "MANAGE"
OWN = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")
OK, NOT_FOUND = 200, 404


class StrangerError(Exception):
    """The store does not know whoever asks, or was not told who it is."""


@dataclass(frozen=True)
class Somebody:
    """Who asks for a page."""

    name: str = ""  # on the server; empty for a store without users
    password: str = field(default="", repr=False)  # there
    may_file: bool = True  # may they file a request?
    may_decide: bool = True  # may they serve requests, and promote?

    @property
    def authorization(self) -> str:
        """The header of HTTP basic authentication."""
        return "Basic " + base64.b64encode(f"{self.name}:{self.password}".encode()).decode()

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to act in this name; the system's name is what the journal writes down."""
        return dict(zip(OWN, (self.name, self.password), strict=False)) | {"LOGNAME": self.name} if self.name else {}


WHO: ContextVar[Somebody | None] = ContextVar("who", default=None)


class OwnHeader(RequestHeaderProvider):
    """MLflow asks it for more headers at each of its calls."""

    def in_context(self) -> bool:
        return WHO.get() is not None

    def request_headers(self) -> dict[str, str]:
        who = WHO.get()
        return {"Authorization": who.authorization} if who else {}


class Carrying(ThreadPoolExecutor):
    """Threads that act for whoever has begun the work; Python's own forget it."""

    def submit(self, fn, /, *args, **kwargs):
        return super().submit(copy_context().run, fn, *args, **kwargs)


class OwnArtifacts(MlflowArtifactsRepository):
    """Artifacts behind a server, fetched in the name of whoever asks."""

    def _create_thread_pool(self) -> ThreadPoolExecutor:
        return Carrying(max_workers=self.max_workers)


def is_server() -> bool:
    """Is the store behind HTTP, where names and rights may be?"""
    return mlflow.get_tracking_uri().startswith("http")


def speak_for_others() -> bool:
    """Let MLflow's calls carry the reader's name; does the store know users?

    Raises:
        InputError: other credentials would take the place of every reader's: a file's, netrc's or those of the store's address.
    """
    if not is_server():
        return False
    for name in OWN:
        os.environ.pop(name, None)
    if read_mlflow_creds().username:
        raise InputError("~/.mlflow/credentials holds a name, in which all who open a page would act; start without that file")
    _request_header_provider_registry.register(OwnHeader)
    _artifact_repository_registry.register("mlflow-artifacts", OwnArtifacts)
    answer = _ask(CURRENT)
    if answer.status_code == OK:
        raise InputError(
            f"{store_name()} knows this process by itself, and all who open a page would act in that name; start without a "
            f"name in MLFLOW_TRACKING_URI, and without ~/.netrc (NETRC=/dev/null)"
        )
    return answer.status_code != NOT_FOUND


def named(header: str) -> Somebody:
    """Name and password of an HTTP header, as the browser sends them; StrangerError where it holds none."""
    kind, _, coded = header.partition(" ")
    try:
        name, colon, password = base64.b64decode(coded, validate=True).decode().partition(":")
    except ValueError:
        raise StrangerError from None
    if kind.lower() != "basic" or not (name.isprintable() and name and colon):
        raise StrangerError
    return Somebody(name, password, may_file=False, may_decide=False)


def welcome(who: Somebody, model: str) -> Somebody:
    """The same with their rights, asked for in their name.

    Raises:
        StrangerError: the server does not accept name and password.
    """
    answer = _ask(CURRENT)
    if answer.status_code != OK or answer.json()["user"]["username"] != who.name:
        raise StrangerError
    if answer.json()["user"]["is_admin"]:
        return replace(who, may_file=True, may_decide=True)
    decides = _permission(who, "registered_model", model) == MANAGE
    requests = find_own(EXPERIMENT, HOLDS)
    files = _permission(who, "experiment", requests) in (EDIT, MANAGE) if requests else decides
    return replace(who, may_file=files, may_decide=decides)


def _permission(who: Somebody, kind: str, key: str) -> str:
    answer = _ask(PERMISSION, username=who.name, resource_type=kind, resource_id=key)
    return str(answer.json().get("permission", "")) if answer.status_code == OK else ""


def _ask(path: str, **asked: str):
    creds = get_default_host_creds(mlflow.get_tracking_uri())
    return http_request(creds, path, "GET", max_retries=1, timeout=30, raise_on_status=False, params=asked)


def refused(what: str, right: str) -> InputError:
    """Why somebody may not."""
    return InputError(f"you may read here, and not {what}; ask who runs {store_name()} for the right {right}")
