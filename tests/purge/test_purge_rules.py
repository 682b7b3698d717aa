"""Who may be purged, what goes, and what cannot be done any more: hand-made registries, no store."""

import json

import pytest

from unlearning.data import unfinished
from unlearning.errors import InputError
from unlearning.purge import cache
from unlearning.purge import rules as purge
from unlearning.purge.report import OUT_OF_REACH, Report
from unlearning.purge.rules import Deed, File
from unlearning.registry.version import Facts

MODEL = "age-resnet50"
DEED = Deed("anna", "2026-11-24T12:00:00Z", "run1", "Art. 17")


def version(role: str, aliases: tuple[str, ...] = (), stage: str = "None", **tags: str) -> Facts:
    return Facts(stage, aliases, {"role": role, **tags}, f"The {role}.")


@pytest.fixture
def state():
    """An original (1), its reference (2), a candidate that lost (3), the champion (4), one that waits (5) and its own (6)."""
    done = {"forget_set": "20-28", "forgotten": "20-28", "parent_version": "1"}
    more = {"forget_set": "36-44", "forgotten": "20-28,36-44", "parent_version": "4"}
    return {
        1: version("original", ("original",), "Archived", state="retired", parent_version="none", forgotten="none"),
        2: version("retrained", ("retrained-20-28",), state="reference", **done),
        3: version("unlearned", ("ft-20-28-e1",), "Staging", state="candidate", **done),
        4: version("unlearned", ("champion", "forgotten"), "Production", state="forgotten", **done),
        5: version("unlearned", ("ft-36-44-e1",), "Staging", state="candidate", **more),
        6: version("retrained", ("retrained-36-44",), state="reference", **(more | {"forgotten": "36-44"})),
    }


def test_what_is_not_known_to_be_evidence_goes():
    evidence = dict.fromkeys(("forget/20-28.json", "certificate/envelope.json", "certificate.html", "audit.html"), "evidence")
    others = {"predictions.parquet": "predictions", "sisa/shard-0/before-slice-1.safetensors": "checkpoints"}
    for path, kind in (evidence | others | {"heat maps/face.png": "other"}).items():
        assert purge.kind_of(path) == kind
        assert File("run 1", path, 1, kind).goes == (kind != "evidence")


def test_the_champion_is_never_purged(state):
    with pytest.raises(InputError, match="version 4 is the champion, which is never purged") as refused:
        purge.require_dethroned(state, 4, "other")
    assert str(refused.value).count("-P name=other") == 2
    with pytest.raises(InputError, match=r"promote .*-P name=other"):
        purge.begun(state, 4, DEED, "other")


def test_a_checkpoint_that_lost_its_note_could_be_of_any_data(monkeypatch, tmp_path):
    monkeypatch.setenv("UNLEARNING_CACHE", str(tmp_path))
    whole = json.dumps({"step": "train", "name": "train", "run": "r", "digest": "of other data"})
    for name, note in (("other", whole), ("half", whole[:9]), ("odd", "5"), ("lost", "")):
        folder = tmp_path / "unfinished" / name
        folder.mkdir(parents=True)
        (folder / "member-0.pt").write_bytes(b"weights")
        if note:
            (folder / "run.json").write_text(note)
    assert {path.parent.name for path in cache.searches_from(MODEL, 1, "of the version")} == {"half", "odd", "lost"}
    assert {work.step for work in unfinished.everything()} == {"train", "some work"}


@pytest.mark.parametrize("typed", ["", "yes", "age-resnet50", "age-resnet50/2", "age-resnet50/1 "])
def test_nothing_but_the_whole_name_confirms(typed):
    with pytest.raises(InputError, match=r"mlflow run \. -e purge -P version=1 -P confirm=age-resnet50/1"):
        purge.require_confirmed(MODEL, 1, typed)
    purge.require_confirmed(MODEL, 1, "age-resnet50/1")


def test_a_candidate_that_forgets_more_than_the_champion_keeps_what_it_is_measured_against(state):
    for number in (1, 6):
        found = purge.losses(state, number)
        with pytest.raises(InputError, match=rf"measured against version {number} .*: 5; .* -P force=true"):
            purge.require_not_awaited(found, number, force=False)
        purge.require_not_awaited(found, number, force=True)
    for number in (2, 3):
        purge.require_not_awaited(purge.losses(state, number), number, force=False)


def test_without_the_original_its_whole_line_loses_a_measure(state):
    sentences = " ".join(loss.sentence for loss in purge.losses(state, 1))
    assert "original.METRIC" in sentences
    assert "versions 2, 3, 4, 5, 6 and what is made from them" in sentences
    assert "say -P model=champion" in sentences
    assert "versions 2, 3, 4 cannot be made again from version 1" in sentences


def test_a_purged_version_needs_nothing_any_more(state):
    state[5].tags["state"] = "purged"
    assert "5" not in purge.losses(state, 1)[0].sentence.split("for ")[1]
    purge.require_not_awaited(purge.losses(state, 1), 1, force=False)


def test_a_second_reference_takes_nothing_along_and_another_of_a_set_is_made_of_the_same_model(state):
    state[7] = version("retrained", ("retrained-20-28-seeds-3",), state="reference", forget_set="20-28", forgotten="20-28")
    assert purge.losses(state, 7) == []
    assert "-e retrain -P forget_set=... -P name=other" in " ".join(loss.sentence for loss in purge.losses(state, 6, "other"))


def test_a_candidate_that_descends_from_a_deleted_version_keeps_its_original(state):
    """With the log's help it can be promoted, and measured against it."""
    del state[3]
    state[5].tags["parent_version"] = "3"
    known = {3: version("unlearned", parent_version="1")}
    assert 5 in purge.losses(state, 1, former=lambda: known)[0].waiting
    assert 5 not in purge.losses(state, 1)[0].waiting
    asked, state[4].tags["parent_version"] = [], "3"
    purge.losses(state, 1, former=lambda: asked.append("the journal") or known)
    assert asked == ["the journal"], "it is downloaded and verified once for all lines"


def test_a_line_that_runs_in_a_circle_has_no_original(state):
    state[4].tags["parent_version"] = "5"
    assert "versions 2, 3 and what" in purge.losses(state, 1)[0].sentence


def test_the_mark_comes_first_and_the_aliases_still_find_the_version(state):
    (change,), aliases = purge.begun(state, 1, DEED, "other")
    assert aliases == {}
    assert (change.stage, change.tags["state"]) == ("Archived", "purging")
    assert change.tags["purged_aliases"] == "original"


def test_the_tombstone_has_no_alias_and_tells_who_when_and_why(state):
    (change,), aliases = purge.ended(state, 1, DEED, 214, "other")
    assert aliases == {"original": None}
    assert change.stage == "Archived"
    who = {"purged_by": "anna", "purged_at": "2026-11-24T12:00:00Z", "purged_run": "run1", "purged_because": "Art. 17"}
    assert change.tags == who | {"state": "purged", "purged_files": "214"}
    assert change.description.startswith("PURGED 2026-11-24T12:00:00Z by anna (Art. 17)")
    assert change.description.endswith("The original.")

    (change,), _ = purge.ended(state, 1, Deed("anna", "2026-11-24T12:00:00Z", "run", "because " * 500), 7, "other")
    assert len(change.description) <= 5000, "every store takes a tombstone with a long reason"


def test_a_version_that_was_deleted_meanwhile_is_named(state):
    with pytest.raises(InputError, match="version 99 was deleted meanwhile"):
        purge.begun(state, 99, Deed("anna", "2026-11-24T12:00:00Z", "run"), "age-resnet50")


WEIGHTS = File("logged model m-1", "member-0.safetensors", 1000, "model", "aa")
TABLE = File("run 1", "predictions.parquet", 200, "predictions", "bb")
MANIFEST = File("run 1", "forget/20-28.json", 30, "evidence", "cc")


def report(**more) -> Report:
    return Report(MODEL, 1, "version 1 (original)", DEED, {"20-28": 23}, [WEIGHTS, TABLE, MANIFEST], **more)


def test_a_plan_has_removed_nothing_then_what_is_gone_was_removed_and_what_is_evidence_was_kept():
    plan = report()
    assert plan.removed == []
    assert "was begun: 2 files (1 model, 1 predictions; 1,200 bytes) are to go" in plan.verdict
    proof = report().ended([MANIFEST], {}, [], [])
    assert proof.removed == [WEIGHTS, TABLE]
    assert (proof.left, proof.kept) == ([], [MANIFEST])
    assert "version 1 (original) of age-resnet50 is purged: 2 files" in proof.verdict


def test_what_the_store_did_not_delete_is_no_purge():
    proof = report().ended([TABLE, MANIFEST], {}, ["predictions.parquet of run 1: permission denied"], [])
    assert (proof.removed, proof.left) == ([WEIGHTS], [TABLE])
    assert "NOT complete: 1 file " in proof.verdict
    assert "STILL THERE" in proof.as_markdown()


def test_the_page_tells_hashes_rows_losses_and_what_is_out_of_reach():
    rows, after = {"of the version": {"metrics": 24, "aliases": 1}}, {"of the version": {"metrics": 24}}
    plan = report(rows_before=rows, losses=["no going back"])
    page = plan.ended([MANIFEST], after, [], ["7 of 23 pictures lie in the image folder"]).as_markdown()
    for part in ("20-28: 23 faces", "| logged model m-1 | member-0.safetensors | model | 1000 | `aa` |", "no going back"):
        assert part in page
    assert "| metrics | 24 | 24 |" in page
    assert "| aliases | 1 | 0 |" in page
    assert "7 of 23 pictures" in page
    assert all(sentence in page for sentence in OUT_OF_REACH)
