"""Certificates as artifacts of runs, and what runs know for them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import mlflow

from unlearning.errors import InputError
from unlearning.registry.lookup import all_versions
from unlearning.registry.version import Version
from unlearning.tracking import artifacts, runs
from unlearning.tracking.answers import store_name
from unlearning.tracking.store import prepare_store

ENVELOPE, PAGE = "certificate/certificate.json", "certificate/certificate.html"
TAG = "certificate"  # of a version: the sha256 of its certificate


@dataclass(frozen=True)
class Made:
    """When a run ended, or began where it has not ended, and by which code."""

    time: datetime
    code: str


def made_by(run_id: str) -> Made:
    """When and by which code a run made what it made; InputError when it is gone for good."""
    run = runs.find_run(run_id)
    if run is None:
        raise InputError(f"when, and by which code, it was made is not known any more, for its run {run_id} is gone for good")
    moment = datetime.fromtimestamp((run.info.end_time or run.info.start_time) / 1000, UTC)
    digest, commit = run.data.tags.get("code.digest", "unknown"), run.data.tags.get("code.commit", "")
    return Made(moment, f"sources {digest}" + (f", commit {commit}" if commit else ""))


def attach(run_id: str, envelope: bytes, page: str) -> None:
    """Leave a certificate and its page on a run."""
    client = mlflow.MlflowClient()
    client.log_text(run_id, envelope.decode(), ENVELOPE)
    client.log_text(run_id, page, PAGE)


def read(run_id: str) -> bytes:
    """The certificate of a run; InputError when it has none."""
    return runs.download(run_id, ENVELOPE).read_bytes()


def has(run_id: str) -> bool:
    """Was a certificate left on a run, as far as there is one?"""
    return runs.find_run(run_id) is not None and ENVELOPE in artifacts.listed(run_id, str(Path(ENVELOPE).parent))


def registered(model: str, number: str) -> Version:
    """The version that a certificate names; InputError when the registry has none, or does not answer."""
    prepare_store()
    known = all_versions(model)
    found = [version for version in known if str(version.number) == number]
    if not found:
        raise InputError(f"the registry {store_name()} has no version {number} of a model {model}")
    return found[0]
