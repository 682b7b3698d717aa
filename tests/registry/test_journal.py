"""The journal: what it tells, the chain of its lines, and that nobody changes it unseen."""

import json
from pathlib import Path

import mlflow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certificates.issued import flipped
from registered import fill, promoting
from unlearning.errors import InputError
from unlearning.registry import hash_chain, journal
from unlearning.registry.hash_chain import START, entries, first_broken, head, next_line
from unlearning.registry.lookup import all_versions, find
from unlearning.registry.moves import Act
from unlearning.registry.transitions import transition
from unlearning.repair import mending

MODEL = "age-resnet50"


def journal_file() -> Path:
    """Where the artifact lies."""
    uri = mlflow.get_run(journal.find_journal(MODEL).run_id).info.artifact_uri
    return Path(uri.removeprefix("file://")) / journal.FILE


def test_every_transition_is_an_entry_that_says_who_did_what_when_and_why(filled):
    act = Act("anna", "2026-11-24T12:00:00Z", seen=1)
    transition(MODEL, promoting(3, act=act), "promote", "F > 0.5 passed")
    *installed, promoted = journal.find_journal(MODEL).entries
    assert [entry["what"] for entry in installed] == ["install"] * 4
    assert promoted.keys() == {"model", "what", "time", "user", "reason", "run", "versions"}
    assert (promoted["model"], promoted["what"], promoted["reason"]) == (MODEL, "promote", "F > 0.5 passed")
    original, candidate = promoted["versions"]
    assert (original["before"]["stage"], original["after"]["stage"]) == ("Production", "Archived")
    assert (original["before"]["tags"], original["after"]["tags"]) == ({"state": "remembers"}, {"state": "retired"})
    assert candidate["before"]["aliases"] == ["ft-20-28-e1"]
    assert candidate["after"]["aliases"] == ["champion", "forgotten", "forgotten-20-28", "ft-20-28-e1"]
    written = {"state": "forgotten", "gates": "passed", "promoted_by": "me", "verdict": "as retraining"}
    assert candidate["after"]["tags"] == written


def test_the_journal_is_an_artifact_of_a_run_in_an_experiment_of_its_own(filled):
    run = mlflow.get_run(journal.find_journal(MODEL).run_id)
    assert mlflow.get_experiment(run.info.experiment_id).name == "age-unlearning audit"
    assert run.info.status == "FINISHED"
    assert run.data.tags["audit.model"] == MODEL
    lines = journal_file().read_bytes()
    assert not hash_chain.first_broken(lines)
    assert mlflow.MlflowClient().get_registered_model(MODEL).tags["audit.head"] == hash_chain.head(lines)


def test_the_journal_lies_beside_the_callers_other_artifacts_wherever_the_process_works(store, monkeypatch, tmp_path):
    """``mlflow run`` works in the project's folder, which may be a clone that goes away."""
    first = Path(mlflow.get_experiment("0").artifact_location)
    clone = tmp_path / "clone"
    clone.mkdir()
    monkeypatch.chdir(clone)
    fill(MODEL)
    assert journal_file().is_relative_to(first.parent / "age-unlearning-audit")
    assert list(clone.iterdir()) == []


def test_a_registry_that_is_older_than_its_journal_begins_with_what_is_there(filled):
    """As an installation of this project's first version does at its first transition."""
    mlflow.MlflowClient().delete_run(journal.find_journal(MODEL).run_id)
    for tag in ("audit.run", "audit.head"):
        mlflow.MlflowClient().delete_registered_model_tag(MODEL, tag)
    transition(MODEL, promoting(3))
    begin, promoted = journal.find_journal(MODEL).entries
    assert [begin["what"], promoted["what"]] == ["begin", "promote"]
    assert [part["version"] for part in begin["versions"]] == ["1", "2", "3", "4"]
    assert mending.examine(MODEL).found == []


def test_a_version_that_other_hands_registered_is_noted_when_it_is_moved(filled):
    client = mlflow.MlflowClient()
    made = client.create_model_version(MODEL, client.get_model_version(MODEL, "4").source, tags={"role": "unlearned"})
    transition(MODEL, promoting(int(made.version)))
    found, promoted = journal.find_journal(MODEL).entries[-2:]
    assert (found["what"], found["versions"][0]["version"], promoted["what"]) == ("found", "5", "promote")
    assert "not in the journal" not in str(mending.examine(MODEL).found)


def test_a_journal_that_was_cut_off_is_found_and_nothing_is_changed_until_it_is_mended(filled):
    path = journal_file()
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    path.with_name(journal.NEXT).unlink()
    before = all_versions(MODEL)
    assert "was cut off or written anew" in mending.examine(MODEL).found[0]
    with pytest.raises(InputError, match=r"is damaged: entry 4.*cut off.*mlflow run \. -e repair"):
        transition(MODEL, promoting(3))
    assert all_versions(MODEL) == before


def test_a_journal_that_was_written_anew_without_a_flaw_is_told_by_the_tag(filled):
    path, entries = journal_file(), journal.find_journal(MODEL).entries
    forged = b""
    for entry in entries:
        forged += hash_chain.next_line(forged, entry | {"user": "nobody"})
    path.write_bytes(forged)
    path.with_name(journal.NEXT).write_bytes(forged)
    assert "was cut off or written anew" in mending.examine(MODEL).found[0]


def test_a_damaged_journal_is_kept_aside_and_a_new_one_begins_that_says_so(filled):
    path = journal_file()
    path.write_text(path.read_text().replace('"what":"install"', '"what":"nothing"', 1))
    path.with_name(journal.NEXT).unlink()
    before, damaged = all_versions(MODEL), journal_file().read_bytes()
    assert len(mending.repair(MODEL, reason="somebody edited it")) == 1
    (aside,) = journal_file().parent.glob("audit-damaged-*.jsonl")
    assert aside.read_bytes() == damaged
    begin, repaired = journal.find_journal(MODEL).entries
    assert "entry 1: it was changed" in begin["reason"]
    assert (repaired["what"], repaired["reason"], repaired["versions"]) == ("repair", "somebody edited it", [])
    assert all_versions(MODEL) == before
    assert mending.examine(MODEL).found == []


def test_a_journal_that_is_gone_is_damaged_too(filled):
    journal_file().with_name(journal.NEXT).unlink()
    journal_file().unlink()
    assert "the journal is damaged: it is gone" in mending.examine(MODEL).found
    mending.repair(MODEL)
    assert mending.examine(MODEL).found == []


def test_a_head_that_was_changed_by_hand_to_what_is_no_entrys_hash_is_named(filled):
    """The word stands in the journal that lies beside the lost one, and names no entry."""
    journal_file().unlink()
    mlflow.MlflowClient().set_registered_model_tag(MODEL, "audit.head", "install")
    assert "the journal is damaged: it is gone" in mending.examine(MODEL).found
    mending.repair(MODEL)
    assert mending.examine(MODEL).found == []


def test_what_was_begun_and_then_changed_by_hand_is_no_traceback(filled):
    path = journal_file().with_name(journal.NEXT)
    line = hash_chain.next_line(path.read_bytes(), {"what": "promote", "versions": []})
    path.write_bytes(path.read_bytes() + b"{}\n" + line)
    assert mending.examine(MODEL).found == []


def test_what_was_begun_is_undone_also_where_an_older_entry_was_changed(filled):
    path = journal_file()
    text = path.read_bytes().replace(b'"what":"install"', b'"what":"nothing"', 1)
    path.write_bytes(text)
    path.with_name(journal.NEXT).write_bytes(text + hash_chain.next_line(text, {"what": "promote", "versions": []}))
    assert journal.find_journal(MODEL).begun == ({"what": "promote", "versions": []},)


def test_a_torn_file_is_made_whole_from_the_one_beside_it(filled):
    """As a machine leaves it that dies while the artifact is replaced."""
    path = journal_file()
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    assert mending.examine(MODEL).found == []
    transition(MODEL, promoting(3))
    assert path.read_bytes().startswith(whole)
    assert mending.examine(MODEL).found == []


def test_a_registry_that_is_older_than_its_journal_is_told(filled):
    """As a database that was put back from a backup is."""
    head = hash_chain.head(journal_file().read_bytes())
    transition(MODEL, promoting(3))
    transition(MODEL, promoting(4))
    mlflow.MlflowClient().set_registered_model_tag(MODEL, "audit.head", head)
    (found,) = mending.examine(MODEL).found
    assert "the registry is older than its journal, or the tag was changed" in found
    mending.repair(MODEL)
    assert mending.examine(MODEL).found == []


def test_an_experiment_of_journals_that_was_deleted_is_named_with_the_command_that_brings_it_back(filled):
    experiment = mlflow.get_experiment_by_name("age-unlearning audit").experiment_id
    mlflow.MlflowClient().delete_experiment(experiment)
    with pytest.raises(InputError, match=f"mlflow experiments restore --experiment-id {experiment}"):
        fill("other", 1)


def test_numbers_and_names_of_faces_are_not_in_the_journal(trained):
    """Only what the registry says of versions: ids of faces are in the forget manifests."""
    manifest = mlflow.artifacts.load_dict(f"runs:/{find(MODEL, '2').run_id}/forget/20-28.json")
    text = journal.find_journal(MODEL).text.decode()
    assert not [one for one in manifest["ids"] if one in text]
    assert all(json.loads(line)["entry"]["model"] == MODEL for line in text.splitlines())


WHAT = [{"what": "promote", "version": "3"}, {"what": "certificate", "sha256": "ab"}, {"what": "purge"}, {"what": "promote"}]


def log_of(*what):
    log = b""
    for entry in what:
        log += next_line(log, entry)
    return log


LOG = log_of(*WHAT)
LINES = LOG.splitlines(keepends=True)
OTHER = next_line(LINES[0], {"what": "something else"})


def test_a_log_is_whole_and_gives_back_what_was_entered():
    assert first_broken(LOG) == ""
    assert entries(LOG) == WHAT
    assert [json.loads(line)["number"] for line in LINES] == ["1", "2", "3", "4"]
    assert [json.loads(line)["previous"] for line in LINES] == [START, *(json.loads(line)["sha256"] for line in LINES[:-1])]
    assert next_line(LOG, {"what": "x"}) == next_line(LINES[-1], {"what": "x"}), "the last line is enough to add the next"
    assert (first_broken(b""), entries(b""), head(b"")) == ("", [], "")


@given(st.integers(0, len(LOG) - 1), st.integers(1, 255))
@settings(derandomize=True, max_examples=300, deadline=None)
def test_a_changed_byte_names_its_entry(at, mask):
    number = LOG[:at].count(b"\n") + 1
    assert first_broken(flipped(LOG, at, mask)).startswith(f"entry {number}: ")


@pytest.mark.parametrize(
    ("lines", "broken"),
    [
        (LINES[1:], "entry 1: it is numbered 2: an entry was taken out, put in or moved"),
        ([LINES[0], *LINES[2:]], "entry 2: it is numbered 3: an entry was taken out, put in or moved"),
        ([LINES[0], LINES[2], LINES[1], LINES[3]], "entry 2: it is numbered 3: an entry was taken out, put in or moved"),
        ([LINES[0], OTHER, *LINES[1:]], "entry 3: it is numbered 2: an entry was taken out, put in or moved"),
        ([LINES[0], OTHER, *LINES[2:]], "entry 3: it does not follow the entry before it"),
    ],
    ids=["first taken out", "taken out", "changed places", "put in", "written anew with its hash"],
)
def test_the_first_entry_that_is_not_in_its_place_is_named(lines, broken):
    assert first_broken(b"".join(lines)) == broken


def test_a_line_that_was_not_written_to_its_end_is_named():
    assert first_broken(LOG[:-1]) == "entry 4: it is cut off"
    assert head(LOG[:-1]) == ""
    with pytest.raises(ValueError, match="not whole"):
        next_line(LOG[:-5], {})


def test_a_log_cut_off_between_entries_is_told_by_the_head_that_was_kept_which_others_may_follow():
    short = b"".join(LINES[:2])
    assert first_broken(short) == ""
    gone = f"the entry with the hash {head(LOG)} is gone: the log was cut off or written anew"
    assert first_broken(short, head(LOG)) == f"entry 3: {gone}"
    assert first_broken(LOG, head(short)) == first_broken(LOG, START) == ""


def test_numbers_are_entered_as_strings():
    with pytest.raises(ValueError, match="must be written as a string"):
        next_line(b"", {"version": 3})
