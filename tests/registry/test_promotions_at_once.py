"""Eight processes that promote different versions at the same moment, on SQLite and on PostgreSQL."""

import multiprocessing
import os
from pathlib import Path

import mlflow
import pytest

from registered import fill, promoting
from unlearning.errors import InputError
from unlearning.registry import journal
from unlearning.registry.entries import replay
from unlearning.registry.lookup import all_versions
from unlearning.registry.moves import Act
from unlearning.registry.transitions import transition
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
