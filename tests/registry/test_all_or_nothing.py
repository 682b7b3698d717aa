"""Wherever a transition breaks off, the registry and the journal are as they were: now, or after the next transition."""

import multiprocessing
import os
import signal

import mlflow
import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED

from dying import Killed
from registered import SET, UNLEARNED, fill, promoting
from unlearning.errors import InputError
from unlearning.registry import journal, lock, moves, transitions
from unlearning.registry.journal import HEAD, Journal
from unlearning.registry.lookup import all_versions, find
from unlearning.registry.moves import Act
from unlearning.registry.transitions import add, transition
from unlearning.repair import mending
from unlearning.tracking import processes
from unlearning.tracking.runs import find_run

MODEL = "age-resnet50"
WRITES = (
    "set_model_version_tag",
    "delete_model_version_tag",
    "update_model_version",
    "transition_model_version_stage",
    "set_registered_model_alias",
    "delete_registered_model_alias",
    "set_registered_model_tag",
    "delete_registered_model_tag",
    "update_registered_model",
)
ACT = Act("me", "2026-11-24T12:00:00Z", "too low", 1)
MOST_WRITES = 40


class Writes:
    """Counts writes to the store and lets one of them, or all from one on, fail before it is done."""

    def __init__(self, monkeypatch, error):
        self.error, self.count, self.first, self.last = error, 0, 0, 0
        for name in WRITES:
            monkeypatch.setattr(mlflow.MlflowClient, name, self._counted(getattr(mlflow.MlflowClient, name)))
        monkeypatch.setattr(Journal, "write", self._counted(Journal.write))

    def fail(self, first: int, last: int = 0) -> None:
        self.count, self.first, self.last = 0, first, last or first

    def _counted(self, method):
        def counted(*arguments, **named):
            self.count += 1
            if self.first <= self.count <= self.last:
                raise self.error
            return method(*arguments, **named)

        return counted


def told() -> list[dict]:
    return journal.find_journal(MODEL).entries


def roll_back_from_3():
    """Back to the original: all that a transition can do, taking aliases and tags away included."""
    return lambda known: moves.roll_back(known, 1, Act("me", ACT.time, "too low", 3), f"{SET} (9 faces)")


def install(known, number):
    return moves.install_candidate(known, number, "ft-20-28-e9")


ACTS = {
    "roll back": (15, lambda: transition(MODEL, roll_back_from_3(), "rollback", "too low")),
    "install": (5, lambda: add(MODEL, mlflow.MlflowClient().create_logged_model("0").model_id, "", UNLEARNED, "", install)),
}


EVERY = pytest.mark.parametrize("stride", [3, pytest.param(1, marks=pytest.mark.slow)])


@EVERY
@pytest.mark.parametrize("what", ["roll back", "install"])
def test_a_write_that_fails_leaves_everything_as_it_was_whichever_it_is(filled, monkeypatch, what, stride):
    """Every write fails once, those that take aliases and tags away included; after the last failure the act succeeds.

    A rollback writes all that a promotion writes; promotions that break off are tried below.
    """
    least, act = ACTS[what]
    if what == "roll back":
        transition(MODEL, promoting(3, act=ACT))
    before, entries = all_versions(MODEL), told()
    writes = Writes(monkeypatch, OSError("disk full"))
    for failing in range(1, MOST_WRITES, stride):
        writes.fail(failing)
        try:
            act()
            break
        except OSError:
            assert (all_versions(MODEL), told()) == (before, entries), failing
    assert failing > least
    if what == "install":
        made = find(MODEL, "ft-20-28-e9")
        assert (made.stage, "installing" in made.tags) == ("Staging", False)
    else:
        assert find(MODEL, "champion").number == 1
        assert "forgotten" not in find(MODEL, "3").aliases
    assert mending.examine(MODEL).found == []


def test_what_cannot_be_put_back_now_is_said_and_put_back_by_the_next_transition(filled, monkeypatch):
    """From some write on the store is gone for good; then it comes back."""
    before, entries = all_versions(MODEL), told()
    writes = Writes(monkeypatch, OSError("disk full"))
    said = r"disk full; what was changed .* could not be put back .*mlflow run \. -e repair"
    for failing in (3, 6, 10, 13):
        writes.fail(failing, MOST_WRITES)
        with pytest.raises((InputError, OSError), match="disk full" if failing == 3 else said):
            transition(MODEL, promoting(3, act=ACT))
        writes.fail(0)
        assert mending.repair(MODEL) or failing == 3
        assert all_versions(MODEL) == before, failing
        assert [e for e in told() if e["what"] == "install"] == entries


@pytest.fixture
def mortal(monkeypatch):
    """A process that dies leaves its lock and puts nothing back."""
    monkeypatch.setattr(transitions, "_put_back", lambda *arguments: None)
    monkeypatch.setattr(lock.Lock, "release", lambda self: self._ended.set())
    monkeypatch.setattr(processes, "is_gone", lambda process: True)


@EVERY
def test_the_next_process_undoes_or_ends_what_a_dead_one_left_wherever_it_died(filled, monkeypatch, mortal, stride):
    """Killed before its n-th write while it promoted 4: nothing is half done, MLflow's page included; then 3 is promoted."""
    done, writes = False, Writes(monkeypatch, Killed())
    for dying in range(1, MOST_WRITES, stride):
        seen = next(v.number for v in all_versions(MODEL) if "champion" in v.aliases)
        writes.fail(dying)
        try:
            transition(MODEL, promoting(4, act=Act("dead", ACT.time, "", seen)))
            done = True
        except Killed:
            writes.fail(0)
            happened = journal.find_journal(MODEL).is_behind
            assert mending.examine(MODEL).found or happened or dying < 3
            with lock.registry_lock(MODEL) as taken:
                transitions.ready_journal(MODEL, taken)
            assert mending.examine(MODEL).found == [], dying
            transition(MODEL, promoting(3, act=Act("me", ACT.time, "", 4 if happened else seen)))
            assert mending.examine(MODEL).found == [], dying
            fourth = "retired" if happened else "candidate"
            states = [version.tag("state") for version in all_versions(MODEL)]
            assert states == ["retired", "reference", "forgotten", fourth], dying
        if done:
            break
    assert dying > 12


def test_a_version_that_a_dead_process_registered_and_did_not_install_goes(filled, monkeypatch, mortal):
    before, writes = all_versions(MODEL), Writes(monkeypatch, Killed())
    model_id = mlflow.MlflowClient().create_logged_model("0").model_id
    writes.fail(2)
    with pytest.raises(Killed):
        add(MODEL, model_id, "", UNLEARNED, "", install)
    writes.fail(0)
    assert "version 5 was registered and not installed, because its process died" in mending.examine(MODEL).found
    mending.repair(MODEL)
    assert all_versions(MODEL) == before


def promote_and_die(uri: str, folder: str) -> None:
    """In a process of its own: SIGKILL in the middle of a promotion."""
    os.environ["MLFLOW_TRACKING_URI"] = uri
    os.chdir(folder)
    mlflow.MlflowClient.transition_model_version_stage = lambda *arguments, **named: os.kill(os.getpid(), signal.SIGKILL)
    transition(MODEL, promoting(4, act=ACT))


@pytest.mark.slow
def test_a_process_that_is_really_killed_blocks_nobody(filled):
    """The lock is taken over at once and the promotion undone, also before anybody has asked how the process ended."""
    context = multiprocessing.get_context("forkserver")
    process = context.Process(target=promote_and_die, args=(os.environ["MLFLOW_TRACKING_URI"], str(filled)))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert find(MODEL, "1").tag("state") == "retired"
    assert lock.owner_of(MODEL) == ""
    transition(MODEL, promoting(3, act=ACT))
    assert "gates" not in find(MODEL, "4").tags
    assert mending.examine(MODEL).found == []


def test_a_lock_that_was_lost_ends_the_transition_and_leaves_the_rest_to_its_new_owner(filled, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(lock.Lock, "confirm", _lost_at_the_third_question())
        with pytest.raises(lock.LockLostError):
            transition(MODEL, promoting(4, act=ACT))
    assert "a transition was begun and did not end" in mending.examine(MODEL).found[0]


def _lost_at_the_third_question():
    asked = []

    def confirm(self):
        asked.append(self)
        if len(asked) == 3:
            raise lock.LockLostError("lost")

    return confirm


@pytest.mark.parametrize("error", [lock.LockLostError("lost"), OSError("disk full")])
def test_a_version_that_another_process_is_installing_is_left_to_it(filled, monkeypatch, error):
    """After a lost lock nothing is removed at all; after any other failure only what this call has made."""
    client, made = mlflow.MlflowClient(), []

    def fail(self, *arguments, **named):
        if not made:
            made.append(int(client.create_model_version(MODEL, "/elsewhere", tags={"installing": "theirs"}).version))
            raise error

    own = client.create_logged_model("0").model_id
    monkeypatch.setattr(mlflow.MlflowClient, "transition_model_version_stage", fail)
    with pytest.raises(type(error), match=str(error)):
        add(MODEL, own, "", UNLEARNED, "", install)
    mine = [5] if isinstance(error, lock.LockLostError) else []
    assert [version.number for version in all_versions(MODEL)] == [1, 2, 3, 4, *mine, *made]
    assert find(MODEL, str(made[0])).tag("installing") == "theirs"


def test_whoever_lost_the_lock_writes_no_head_and_no_journal_any_more(filled, monkeypatch):
    """A write fails when the lock is gone already: another process has gone on, and what it wrote stays."""
    client, held = mlflow.MlflowClient(), []
    acquire = lock._acquire
    monkeypatch.setattr(lock, "_acquire", lambda base: held.append(acquire(base)) or held[0])

    def fail(self, *arguments, **named):
        held[0].expires = 0
        client.set_registered_model_tag(MODEL, HEAD, "theirs")
        raise OSError("disk full")

    monkeypatch.setattr(mlflow.MlflowClient, "transition_model_version_stage", fail)
    with pytest.raises(lock.LockLostError, match="ran out"):
        transition(MODEL, promoting(4, act=ACT))
    assert journal.find_head(MODEL) == "theirs"


@pytest.mark.parametrize("act", ["roll back", "install", "repair"])
def test_whoever_may_write_and_not_take_away_is_refused_before_anything_is_written(filled, monkeypatch, act):
    """As a server has it with EDIT: what was begun could neither be ended nor put back."""
    client = mlflow.MlflowClient()
    transition(MODEL, promoting(3, act=ACT))
    if act == "repair":
        client.set_registered_model_alias(MODEL, "forgotten-44-52", "3")
        client.delete_model_version_tag(MODEL, "3", "forgotten")
    run = find_run(journal.find_journal(MODEL).run_id)
    before, entries, beside = all_versions(MODEL), told(), journal.read_file(run, journal.NEXT)
    refused = MlflowException("Permission denied", error_code=PERMISSION_DENIED)
    for name in ("delete_model_version_tag", "delete_registered_model_alias", "delete_model_version"):
        monkeypatch.setattr(mlflow.MlflowClient, name, _raising(refused))
    with pytest.raises(InputError, match=r"lets you read age-resnet50 and not change it.*MANAGE.*EDIT.*age-unlearning audit"):
        mending.repair(MODEL) if act == "repair" else ACTS[act][1]()
    assert (all_versions(MODEL), told()) == (before, entries)
    assert journal.read_file(run, journal.NEXT) == beside


def _raising(error):
    def fail(*arguments, **named):
        raise error

    return fail


def test_only_what_differs_is_written(filled, monkeypatch):
    fill("other", 1)
    writes = Writes(monkeypatch, OSError())
    transition(MODEL, lambda known: ([], {}))
    assert writes.count == 4
