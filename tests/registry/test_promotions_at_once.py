"""Eight processes that promote at the same moment, and a version that is served or purged, never both, whoever comes first."""

import multiprocessing
import os
import threading
from functools import partial
from pathlib import Path

import mlflow
import pytest

from registered import fill, promoting
from unlearning.errors import InputError
from unlearning.purge import rules
from unlearning.purge.rules import Deed
from unlearning.registry import journal, moves
from unlearning.registry.entries import replay
from unlearning.registry.lookup import all_versions, find, state_of
from unlearning.registry.moves import Act
from unlearning.registry.transitions import transition
from unlearning.registry.version import GONE
from unlearning.repair import mending

CANDIDATES = range(3, 11)
SECONDS = 240


def promote_at_once(uri: str, folder: str, model: str, number: int, seen: int | None, start, answers) -> None:
    """In a process of its own: promote when all are ready, and say how it went."""
    os.environ["MLFLOW_TRACKING_URI"] = uri
    os.chdir(folder)
    all_versions(model)
    start.wait(SECONDS)
    act = Act("somebody", "2026-11-24T12:00:00Z", seen=seen)
    try:
        transition(model, promoting(number, act=act))
        answers.put((number, ""))
    except InputError as error:
        answers.put((number, str(error)))


def all_at_once(model: str, seen: int | None) -> dict[int, str]:
    """What each process got for an answer: nothing, or why it lost."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mlflow", "mlflow.store.db.utils", "mlflow.store.tracking.sqlalchemy_store"])
    start, answers = context.Barrier(len(CANDIDATES)), context.Queue()
    here = os.environ["MLFLOW_TRACKING_URI"], str(Path.cwd()), model
    processes = [context.Process(target=promote_at_once, args=(*here, n, seen, start, answers)) for n in CANDIDATES]
    for process in processes:
        process.start()
    told = dict(answers.get(timeout=SECONDS) for _ in processes)
    for process in processes:
        process.join(SECONDS)
    assert [process.exitcode for process in processes] == [0] * len(processes)
    return told


def assert_one_champion(model: str, champion: int) -> None:
    known = all_versions(model)
    assert [v.number for v in known if "champion" in v.aliases] == [champion]
    assert [v.number for v in known if v.stage == "Production"] == [champion]
    assert [v.number for v in known if v.tag("state") == "forgotten"] == [champion]
    assert [v.number for v in known if "forgotten" in v.aliases] == [champion]
    seen = mending.examine(model)
    assert seen.found == []
    assert replay(seen.journal.entries)[champion].facts == known[champion - 1].facts
    assert not [one.name for one in mlflow.MlflowClient().search_registered_models() if one.name.startswith(f"{model}.lock")]


@pytest.mark.slow
def test_of_eight_that_decided_on_the_same_champion_one_wins_and_the_others_are_told_why(either_store):
    fill(either_store, len(CANDIDATES))
    told = all_at_once(either_store, seen=1)
    (winner,) = [number for number, answer in told.items() if not answer]
    for number, answer in told.items():
        if number != winner:
            assert (
                f"version {number} (ft-20-28-e{number - 2}) is not promoted: since that was decided, version {winner} "
                in answer
            )
            assert "became the champion by me" in answer
            assert "mlflow run . -e status" in answer
    assert_one_champion(either_store, winner)
    assert [e["what"] for e in journal.find_journal(either_store).entries] == ["install"] * 10 + ["promote"]


@pytest.mark.slow
def test_of_eight_that_insist_each_is_the_champion_in_its_turn_and_the_log_tells_all(either_store):
    fill(either_store, len(CANDIDATES))
    assert set(all_at_once(either_store, seen=None).values()) == {""}
    entries = journal.find_journal(either_store).entries[10:]
    served = [{part["version"] for part in e["versions"] if "champion" in part["after"]["aliases"]} for e in entries]
    assert sorted(int(number) for one in served for number in one) == list(CANDIDATES)
    assert_one_champion(either_store, int(served[-1].pop()))


def test_a_promotion_of_the_version_that_won_meanwhile_is_no_loss(either_store):
    fill(either_store)
    act = Act("me", "2026-11-24T12:00:00Z", seen=1)
    transition(either_store, promoting(3, act=act))
    transition(either_store, promoting(3, act=act))
    with pytest.raises(InputError, match="version 3 "):
        transition(either_store, promoting(4, act=act))


MODEL, TIME = "age-resnet50", "2026-11-24T12:00:00Z"
DEED = Deed("me", TIME, "a run", "Art. 17")
ROUNDS = 4


def purging(number: int):
    return lambda known: rules.begun(state_of(known), number, DEED, MODEL)


def burying(number: int):
    return lambda known: rules.ended(state_of(known), number, DEED, 3, MODEL)


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
