"""Who serves what: every server of this project keeps a run in an experiment of its own, and writes there that it lives.

A deletion is not done while a running server answers with the model that remembers, and only a server itself knows what it
answers with. What the registry hears of no more is taken for gone: a server that is cut off from it may still answer, so a
sentence about servers is about those that are heard of.
"""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import mlflow
from mlflow.entities import Run, RunTag
from mlflow.exceptions import MlflowException

from unlearning.canonical import MOMENT, moment
from unlearning.errors import InputError
from unlearning.naming import printable
from unlearning.progress import say
from unlearning.registry.version import Version, as_number
from unlearning.tracking import processes
from unlearning.tracking.abandoned import PROCESS
from unlearning.tracking.answers import first_line
from unlearning.tracking.own_experiments import find_own, own_experiment
from unlearning.tracking.paging import every

EXPERIMENT, HOLDS = "age-unlearning servers", "who serves what"
MODEL, FOLLOWS, ADDRESS, REFRESH = (f"server.{name}" for name in ("model", "follows", "address", "refresh"))
VERSION, SINCE, SEEN, HOLDING = (f"server.{name}" for name in ("version", "since", "seen", "holding"))
MISSED = 3  # signs of life in a row, after which a server is taken for gone
LONGEST = 120.0  # seconds that servers are waited for


@dataclass(frozen=True)
class Server:
    """A server that was heard of lately.

    Args:
        follows: the alias or number that it was started with.
        version: number of the version that it answers with; empty for none.
        since: from when on, in UTC, as ``2026-11-24T12:03:04Z``.
        holding: numbers of other versions that requests are still being answered with.
    """

    address: str
    follows: str
    version: str
    since: str
    seen: str
    holding: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        what = f"version {self.version} since {self.since}" if self.version else "no version"
        return f"{self.address} answers with {what} (follows {self.follows}, seen {self.seen})"


class Heart:
    """A server's own run; each beat is one write."""

    def __init__(self, model: str, follows: str, address: str, refresh: float):
        own = {"mlflow.runName": printable(f"serve {model} at {address}"), "step": "serve", PROCESS: processes.identity()}
        own |= {MODEL: model, FOLLOWS: follows, ADDRESS: address, REFRESH: f"{refresh:g}"}
        self._client = mlflow.MlflowClient()
        self._run = self._client.create_run(own_experiment(EXPERIMENT, HOLDS), tags=own).info.run_id

    def beat(self, version: int | None, since: datetime | None, holding: Iterable[int]) -> None:
        """What the server answers with now, and that it lives."""
        now = {VERSION: "" if version is None else str(version), SINCE: moment(since) if since else ""}
        now |= {SEEN: moment(), HOLDING: " ".join(map(str, holding))}
        self._client.log_batch(self._run, tags=[RunTag(name, value) for name, value in now.items()])

    def stop(self) -> None:
        """The server answers no more."""
        self._client.set_terminated(self._run, "FINISHED")


def heard_of(model: str) -> list[Server]:
    """The servers of a registered model that are heard of, by address; InputError where the store does not tell."""
    client, asked = mlflow.MlflowClient(), f"tags.`{MODEL}` = '{model}' and attributes.status = 'RUNNING'"
    try:
        experiment = find_own(EXPERIMENT, HOLDS)
        found = every(client.search_runs, [experiment], asked) if experiment else []
    except (InputError, MlflowException) as error:
        raise InputError(f"which servers answer is not known: {first_line(error)}") from error
    return sorted((_server(run) for run in found if _lives(run)), key=lambda one: one.address)


def live(model: str) -> list[Server]:
    """The same; where the store does not tell, that is said, and there are none."""
    try:
        return heard_of(model)
    except InputError as error:
        say(str(error))
        return []


def _lives(run: Run) -> bool:
    tags = run.data.tags
    seen = _moment(tags.get(SEEN, ""))
    if seen is None:  # it has begun, and not yet said what it answers with
        return False
    silent = (datetime.now(UTC) - seen).total_seconds()
    patience = MISSED * as_number(tags.get(REFRESH, "")) + 5  # seconds; clocks of two machines may differ by a few
    return silent < (patience if math.isfinite(patience) else 60) and not processes.is_gone(tags.get(PROCESS, ""))


def _moment(text: str) -> datetime | None:
    """The time that a tag holds; None where it holds none, or somebody has changed it."""
    try:
        return datetime.strptime(text, MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return None


def _server(run: Run) -> Server:
    address, follows, version, since, seen = (run.data.tags.get(name, "") for name in (ADDRESS, FOLLOWS, VERSION, SINCE, SEEN))
    return Server(address, follows, version, since, seen, tuple(run.data.tags.get(HOLDING, "").split()))


def followers(version: Version) -> list[Server]:
    """The servers that follow an alias which the version has."""
    return [one for one in live(version.model) if one.follows in version.aliases]


def behind(version: Version) -> list[Server]:
    """Those of its followers that answer with another version, or still have one in memory."""
    return [one for one in followers(version) if one.version != str(version.number) or one.holding]


def holding(version: Version) -> list[Server]:
    """The servers that have the version in memory; InputError where the store does not tell."""
    return [one for one in heard_of(version.model) if str(version.number) in (one.version, *one.holding)]


def still(ask: Callable[[Version], list[Server]], version: Version) -> list[Server]:
    """The servers that ``ask`` names, once they have had the time to follow: one refresh, and loading a version."""
    until = time.monotonic() + LONGEST
    while (late := ask(version)) and time.monotonic() < until:
        time.sleep(1)
    return late


def served_since(version: Version) -> datetime | None:
    """From when on every server of the model answers with a version; None where one does not, or none is heard of.

    It is the latest of what the servers say, by their clocks; one that is ahead of this machine's is not believed.
    """
    known, now = live(version.model), datetime.now(UTC)
    if not known or any(one.version != str(version.number) or one.holding for one in known):
        return None
    times = [time for one in known if (time := _moment(one.since)) and time <= now]
    return max(times) if len(times) == len(known) else None
