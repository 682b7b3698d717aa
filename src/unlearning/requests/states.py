"""Requests to be forgotten: their states, what may follow what, and several requests as one; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from unlearning.data.forget import ForgetSet
from unlearning.errors import InputError

RECEIVED, RUNNING, GATED = "received", "running", "gated"
PROMOTED, REFUSED, FAILED = "promoted", "refused", "failed"
STATES = {
    RECEIVED: "it waits for its turn",
    RUNNING: "a version is being made to forget it",
    GATED: "the version was measured, and the gates have decided",
    PROMOTED: "a version that was made to forget it is served",
    REFUSED: "the version did not pass the gates; what is served has not changed",
    FAILED: "something went wrong; the reason says what",
}
OPEN = (RECEIVED, RUNNING, GATED)
NEXT = {
    RECEIVED: (RUNNING, PROMOTED),
    RUNNING: (RUNNING, GATED, PROMOTED, FAILED),
    GATED: (RUNNING, PROMOTED, REFUSED, FAILED),
    PROMOTED: (RECEIVED,),
    REFUSED: (RECEIVED,),
    FAILED: (RECEIVED,),
}


@dataclass(frozen=True)
class StateChange:
    """A line of a request's history: its state from then on, and when, in UTC, as ``2026-11-24T12:03:04.123Z``."""

    state: str
    time: str
    user: str
    why: str


@dataclass(frozen=True)
class Request:
    """What is asked, and what became of it.

    Args:
        run_id: of the MLflow run that holds it.
        key: two requests with one key are one.
        rule: the forget rule as it was asked for; ``forget_set`` names its manifest, which has ``count`` samples.
        deadline: the last day for it; None where there is none.
        history: every change of its state, oldest first; never empty.
        version: number of the version that was made to forget it; empty before.
        certificate: sha256 of the certificate's file; empty before.
    """

    run_id: str
    model: str
    key: str
    rule: str
    forget_set: str
    forget_sha256: str
    count: int
    reason: str
    deadline: date | None
    history: tuple[StateChange, ...]
    version: str = ""
    certificate: str = ""

    @property
    def state(self) -> str:
        return self.history[-1].state

    @property
    def is_open(self) -> bool:
        """Is there something left to do?"""
        return self.state in OPEN

    @property
    def arrived(self) -> str:
        """When it was received: the last time, where it was asked again."""
        return [change.time for change in self.history if change.state == RECEIVED][-1]

    @property
    def user(self) -> str:
        """Who asked first."""
        return self.history[0].user

    @property
    def label(self) -> str:
        """How a sentence would call it."""
        return f"request {self.run_id[:8]} ({self.rule})"

    def is_overdue(self, today: date) -> bool:
        """Has its last day gone by with it open?"""
        return self.is_open and self.deadline is not None and self.deadline < today


def changed(request: Request, change: StateChange) -> Request:
    """The request with one more line of history; InputError where its state cannot be followed by that one."""
    if change.state not in NEXT[request.state]:
        raise InputError(
            f"{request.label} is {request.state} and cannot become {change.state}; legal: {', '.join(NEXT[request.state])}"
        )
    return replace(request, history=(*request.history, change))


def is_whole(history: Sequence[StateChange], state: str) -> bool:
    """Does a history begin with the request, go on as it may, and lead to a state?"""
    way = [change.state for change in history]
    follows = all(after in NEXT.get(before, ()) for before, after in pairwise(way))
    return way[:1] == [RECEIVED] and follows and way[-1] == state


def in_order(requests: Sequence[Request]) -> list[Request]:
    """By arrival."""
    return sorted(requests, key=lambda request: (request.arrived, request.run_id))


def parse_deadline(text: str) -> date | None:
    """``2026-12-31`` -> that day; None for an empty text; InputError for anything else."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise InputError(f"deadline={text!r} is no day; legal: year-month-day, as 2026-12-31") from error


def remaining(forget: ForgetSet, forgotten: Sequence[ForgetSet]) -> set[str]:
    """The samples of a set that none of the others has: what is still to be forgotten."""
    return set(forget.ids).difference(*(earlier.ids for earlier in forgotten))


def together(sets: Sequence[ForgetSet]) -> ForgetSet:
    """Several manifests of the same data as one: of requests served at once, or of all that a version has forgotten.

    Raises:
        InputError: they were read against different data.
    """
    different = list({forget.sha256: forget for forget in sets}.values())
    if len(different) == 1:
        return different[0]
    digests = sorted({forget.data_digest for forget in different})
    if len(digests) > 1:
        raise InputError(f"these forget sets are of different data ({', '.join(digests)}) and cannot be put together")
    ids, test_ids = (_union(forget.ids for forget in different), _union(forget.test_ids for forget in different))
    rule = " | ".join(_bracketed(forget.rule) for forget in different)
    made = ForgetSet("", rule, digests[0], ids, test_ids)
    return replace(made, name=made.sha256[:10])


def _union(parts) -> tuple[str, ...]:
    return tuple(sorted({one for part in parts for one in part}))


def _bracketed(rule: str) -> str:
    return f"({rule})" if set("&| ") & set(rule) else rule
