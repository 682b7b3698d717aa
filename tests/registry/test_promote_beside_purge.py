"""A version is served or purged, never both, whichever of the two comes first and however late the other one notices."""

import threading
from functools import partial

import pytest

from registered import fill, promoting
from unlearning.errors import InputError
from unlearning.purge import rules
from unlearning.purge.rules import Deed
from unlearning.registry import moves
from unlearning.registry.lookup import all_versions, find, state_of
from unlearning.registry.moves import Act
from unlearning.registry.transitions import transition
from unlearning.registry.version import GONE
from unlearning.repair import mending

MODEL, TIME = "age-resnet50", "2026-11-24T12:00:00Z"
DEED = Deed("me", TIME, "a run", "Art. 17")
ROUNDS = 4


def purging(number: int):
    return lambda known: rules.begun(state_of(known), number, DEED)


def burying(number: int):
    return lambda known: rules.ended(state_of(known), number, DEED, 3)


def rolling_back(number: int, act: Act):
    return partial(moves.roll_back, number=number, act=act)


@pytest.mark.parametrize("move", [promoting, rolling_back])
def test_what_is_purged_or_gone_after_it_was_decided_is_not_served(filled, move):
    """Gates take minutes: the purge begins, and ends, while they are measured."""
    act = Act("me", TIME, "gates passed", 1)
    for gone in (purging, burying):
        transition(MODEL, gone(3), "purge")
        before = all_versions(MODEL)
        with pytest.raises(InputError, match=r"version 3 is not .*: it was purged, or is being purged; .*-e status"):
            transition(MODEL, move(3, act=act))
        assert all_versions(MODEL) == before
    assert find(MODEL, "champion").number == 1
    with pytest.raises(InputError, match=r"version 17 is not .*: it was deleted"):
        transition(MODEL, move(17, act=Act("me", TIME, "gates passed", 1)))


def test_what_is_served_since_a_purge_was_decided_is_not_purged(filled):
    transition(MODEL, promoting(3))
    before = all_versions(MODEL)
    for gone in (purging, burying):
        with pytest.raises(InputError, match="version 3 is the champion, which is never purged"):
            transition(MODEL, gone(3), "purge")
    assert all_versions(MODEL) == before


def test_many_times_at_the_same_moment_one_of_the_two_happens(store):
    fill(MODEL, ROUNDS)
    for number in range(3, 3 + ROUNDS):
        refused = _at_once({"promote": promoting(number), "purge": purging(number)})
        (loser,) = refused
        version = find(MODEL, str(number))
        served, gone = "champion" in version.aliases, version.tag("state") in GONE
        assert (served, gone) == ((True, False) if loser == "purge" else (False, True))
        assert ("is the champion" if loser == "purge" else "is being purged") in refused[loser]
        assert [v.number for v in all_versions(MODEL) if v.stage == "Production"] == [find(MODEL, "champion").number]
    assert mending.examine(MODEL).found == []


def _at_once(acts: dict) -> dict[str, str]:
    """Start all at the same moment; returns why those were refused that were."""
    ready, refused = threading.Barrier(len(acts)), {}

    def act(what, move):
        ready.wait()
        try:
            transition(MODEL, move, what)
        except InputError as error:
            refused[what] = str(error)

    threads = [threading.Thread(target=act, args=one) for one in acts.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused
