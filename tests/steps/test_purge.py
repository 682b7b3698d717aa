"""A purge from end to end: what remembers is gone, what is evidence stays, and a step that works meanwhile notices."""

from datetime import UTC, datetime

import mlflow
import pytest
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from erasable import take_own_models
from typed import typed
from unlearning.errors import InputError
from unlearning.once import OF_THE_PROCESS
from unlearning.purge import rules
from unlearning.purge.rules import Deed
from unlearning.registry import moves, servers
from unlearning.registry.lookup import find, find_version, state_of
from unlearning.registry.transitions import transition
from unlearning.repair import mending
from unlearning.settings.forgetting import EvaluateSettings, PromoteSettings, UnlearnSettings
from unlearning.settings.requests import CertifySettings
from unlearning.steps import promote as promoting
from unlearning.steps import purge as purging
from unlearning.steps import unlearn as unlearning
from unlearning.steps.certify import certify
from unlearning.steps.evaluate import evaluate
from unlearning.steps.promote import decide, promote
from unlearning.steps.purge import PurgeSettings, purge
from unlearning.tracking import runs
from unlearning.tracking.own_experiments import own_experiment
from unlearning.versions import forget_sets

MODEL = "age-resnet50"
ORIGINAL, LOSER = PurgeSettings("original", f"{MODEL}/1", "Art. 17"), PurgeSettings("3", f"{MODEL}/3")


@pytest.fixture(scope="module")
def promoted_store(fill, trained_store):
    """Version 4, which has forgotten 20-28, is the champion."""
    return fill("promoted for a purge", trained_store, lambda: promote(PromoteSettings("4", "test_mae < 100")))


@pytest.fixture
def own(use, promoted_store, own_cache):
    """That store, with models of the test's own, and a cache that holds what the store was made from and nothing else."""
    return take_own_models(use(promoted_store))


def remembering(folder) -> set:
    """Every file that could tell of a face, by what it is called."""
    return {path for kind in ("*.safetensors", "predictions.parquet", "pixels.npy") for path in folder.rglob(kind)}


def test_nothing_goes_before_the_name_is_typed_back_and_the_champion_never(own, capfd):
    before = remembering(own)
    with pytest.raises(InputError, match=r"nothing was purged: .* -P version=1 -P confirm=age-resnet50/1"):
        purge(PurgeSettings("original"))
    assert remembering(own) == before
    assert find(MODEL, "original").tag("state") == "retired"
    assert "member" not in capfd.readouterr().out
    with pytest.raises(InputError, match="has no version ''"):
        purge(PurgeSettings(""))
    with pytest.raises(InputError, match="version 4 is the champion, which is never purged"):
        purge(PurgeSettings("champion", f"{MODEL}/4", force=True))
    assert remembering(own) == before


def test_what_remembers_is_gone_and_the_tombstone_stays(own, signing_key):
    version = find(MODEL, "original")
    numbers = mlflow.get_run(version.run_id).data.metrics
    report = purge(ORIGINAL)
    assert {"model", "predictions", "pixels"} <= {file.kind for file in report.removed}
    assert all(len(file.sha256) == 64 for file in report.removed)
    assert (report.left, report.refused) == ([], [])
    assert not [path for path in remembering(own) if version.run_id in str(path) or version.source[8:] in str(path)]
    assert not remembering(own / "cache")
    assert report.remembered == {"20-28": len(forget_sets.forgotten_by(find(MODEL, "champion"))[0].ids)}

    stone = find(MODEL, "1")
    assert (stone.stage, stone.aliases) == ("Archived", ())
    assert stone.tags.items() >= {"state": "purged", "purged_because": "Art. 17"}.items()
    assert stone.description.startswith("PURGED ")
    assert mlflow.get_run(version.run_id).data.metrics == numbers
    proof = runs.read_json(stone.tag("purged_run"), "purge.json")
    assert proof["ended"]
    assert proof["rows"]["before"]["of the version"]["versions"] == 1
    assert (
        proof["rows"]["after"]["of the version"]["metrics of the run"]
        == proof["rows"]["before"]["of the version"]["metrics of the run"]
        > 0
    )
    assert mending.examine(MODEL).found == []

    again = typed("purge", "--version", "original", "--confirm", f"{MODEL}/1")
    assert "Nothing of version 1 of age-resnet50 was left" in again.output
    with pytest.raises(InputError, match="version 1 of age-resnet50 was purged"):
        find_version(MODEL, "1")
    easy = "test_mae < 100"
    with pytest.raises(InputError, match=r"F > original\.F cannot be decided: the original model, version 1, was purged"):
        decide(find(MODEL, "4"), f"{easy}, F > original.F")
    assert decide(find(MODEL, "4"), easy).failed == []
    assert list(evaluate(EvaluateSettings("all", audit="tables")).version.unique()) == [2, 3, 4]
    assert certify(CertifySettings("champion")).envelope


def test_searches_that_began_from_a_version_go_with_it(own):
    mine, other = (own / "cache" / "searches" / f"{MODEL}-{number}" / "ft.db" for number in (3, 4))
    for path in (mine, other):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"trials")
    report = purge(LOSER)
    assert "studies" in {file.kind for file in report.removed}
    assert (mine.exists(), other.exists()) == (False, True)


def test_what_was_known_of_servers_is_proved_also_where_the_store_tells_no_more(own, monkeypatch):
    """The experiment of servers is deleted while the purge waits for one to give the version up."""
    servers.Heart(MODEL, "3", "http://here:5001", refresh=30).beat(3, datetime.now(UTC), ())
    client, experiment = mlflow.MlflowClient(), own_experiment(servers.EXPERIMENT, servers.HOLDS)
    monkeypatch.setattr(servers.time, "sleep", lambda seconds: client.delete_experiment(experiment))
    purge(LOSER)
    held, unknown = runs.read_json(find(MODEL, "3").tag("purged_run"), "purge.json")["notes"][-2:]
    assert held.startswith("a server has it in memory still: http://here:5001 answers with version 3")
    assert unknown.startswith("a server may have it in memory still: which servers answer is not known: the experiment")


def test_what_was_not_deleted_is_told_and_a_second_purge_goes_on(own, monkeypatch):
    def refuse(self, path=None):
        raise PermissionError("permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(LocalArtifactRepository, "delete_artifacts", refuse)
        with pytest.raises(InputError, match=r"NOT complete: .*permission denied"):
            purge(LOSER)
    assert find(MODEL, "3").tag("state") == "purging"
    assert mending.examine(MODEL).found == []
    with pytest.raises(InputError, match="was purged"):
        promote(PromoteSettings("3", "test_mae < 100"))
    report = purge(LOSER)
    assert report.removed
    assert any("a purge was begun before and did not end" in note for note in report.notes)
    assert find(MODEL, "3").tag("state") == "purged"


OTHER = "other"
DEED = Deed("me", "2026-11-24T12:00:00Z", "a run")


def _begin_purge(number: int) -> None:
    transition(OTHER, lambda known: rules.begun(state_of(known), number, DEED, OTHER), "purge")


def _around(monkeypatch, module, name: str, act) -> None:
    """Let something happen just after a step has called a function of its module."""
    own = getattr(module, name)

    def called(*arguments, **named):
        result = own(*arguments, **named)
        act()
        return result

    monkeypatch.setattr(module, name, called)


def test_a_version_that_is_purged_while_its_gates_are_measured_is_not_served(two_models, monkeypatch):
    _around(monkeypatch, promoting, "decide", lambda: _begin_purge(4))
    with pytest.raises(InputError, match=r"version 4 is not promoted: it was purged, or is being purged"):
        promoting.promote(PromoteSettings("4", "test_mae < 100", name=OTHER))
    assert find(OTHER, "champion").number == 3
    assert mending.examine(OTHER).found == []


def test_a_version_that_is_served_while_its_files_are_listed_is_not_purged(two_models, monkeypatch):
    def serve():
        transition(OTHER, lambda known: moves.promote(known, 4, "20-28", {}))

    files = {path for path in two_models.rglob("*") if path.suffix in (".safetensors", ".parquet")}
    _around(monkeypatch, purging, "_plan", serve)
    with pytest.raises(InputError, match="version 4 is the champion, which is never purged"):
        purging.purge(PurgeSettings("4", f"{OTHER}/4", name=OTHER))
    assert find(OTHER, "champion").number == 4
    assert files == {path for path in two_models.rglob("*") if path.suffix in (".safetensors", ".parquet")}


def test_what_was_made_from_a_version_that_is_purged_meanwhile_is_kept(two_models, monkeypatch):
    """Its parent is being purged, and its reference's files are gone, when the method has done its work."""

    def lose():
        OF_THE_PROCESS.clear()  # another test may have read the table
        _begin_purge(1)
        purging.purge(PurgeSettings("2", f"{OTHER}/2", name=OTHER))

    _around(monkeypatch, unlearning, "forget", lose)
    (made,) = unlearning.unlearn(UnlearnSettings(epochs=(1,), model="1", name=OTHER))
    assert (made.number, made.tag("state"), made.tag("parent_version")) == (5, "candidate", "1")
    assert float(made.tag("F")) > 0
    assert mending.examine(OTHER).found == []
    promoting.promote(PromoteSettings("5", "test_mae < 100", name=OTHER))
    assert find(OTHER, "champion").tag("state") == "unproven"  # what would have shown it is gone
