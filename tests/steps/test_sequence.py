"""One request after another: what was forgotten stays forgotten."""

from functools import partial

import pytest

from unlearning.data.faces import face_set
from unlearning.data.forget import ForgetSet
from unlearning.errors import InputError
from unlearning.evaluation.on_models import attribution
from unlearning.explain.groups import RETAINED
from unlearning.registry import journal, moves
from unlearning.registry.lookup import find
from unlearning.registry.transitions import transition
from unlearning.registry.version import Version
from unlearning.settings.forgetting import ExplainSettings, PromoteSettings, UnlearnSettings
from unlearning.settings.training import RetrainSettings
from unlearning.steps import explain
from unlearning.steps.promote import promote
from unlearning.steps.retrain import retrain
from unlearning.steps.unlearn import unlearn
from unlearning.versions import forget_sets, measured, references
from unlearning.versions.lineage import open_parent
from unlearning.versions.references import beside, retrained_reference

MODEL = "age-resnet50"
FORGET = ForgetSet("20-28", "20-28", "old", ("face",))


@pytest.fixture(scope="module")
def promoted_store(fill, trained_store):
    """Version 4 has forgotten 20-28 and is the champion; 36-44 has a reference (5)."""

    def act():
        transition(MODEL, partial(moves.promote, number=4, forget_set="20-28", tags={}))
        retrain(RetrainSettings("36-44", epochs=1))

    return fill("one after another", trained_store, act)


@pytest.fixture
def promoted(use, promoted_store):
    use(promoted_store)
    return find(MODEL, "champion")


def test_what_the_champion_has_forgotten_comes_back_by_force_only_and_aloud(promoted, capfd):
    """Version 6 was made from the original, so it knows the faces of 20-28 still."""
    made = unlearn(UnlearnSettings(forget_set="36-44", epochs=(1,), model="original"))[0]
    with pytest.raises(InputError, match=r"version 6 \(.*\) is not promoted: it remembers 20-28 \(\d+ faces\).* -P force=true"):
        promote(PromoteSettings(str(made.number), "test_mae < 100"))
    assert find(MODEL, "champion").number == promoted.number
    promote(PromoteSettings(str(made.number), "test_mae < 100", force=True))
    assert find(MODEL, "champion").tag("remembers_again").startswith("20-28 (")
    assert "WARNING: version 6" in capfd.readouterr().err
    assert "REGAINED: 20-28" in journal.find_journal(MODEL).entries[-1]["reason"]


def test_a_version_is_measured_against_the_reference_that_lacks_what_it_lacks(promoted):
    """The first reference for 36-44 has seen 20-28, as the original has; the champion has forgotten it."""
    retrain(RetrainSettings("36-44", "champion", epochs=1))
    original, champion, seen, fair = (find(MODEL, number) for number in "1456")
    forget = forget_sets.of_version(fair)
    assert fair.aliases == ("retrained-36-44",)
    assert fair.tag("forgotten") == "20-28,36-44"
    assert seen.aliases == ()
    assert retrained_reference(champion, forget).number == beside(champion, forget).retrained.number == 6
    assert retrained_reference(original, forget).number == beside(original, forget).retrained.number == 5


def test_no_kept_face_and_no_baseline_is_one_that_was_forgotten_before(promoted, monkeypatch):
    means = []
    monkeypatch.setattr(attribution, "baseline_of", means.append)
    opened, forget = open_parent(promoted), forget_sets.of_version(find(MODEL, "5"))
    measured._explained(measured.Opened({}, face_set(opened.data), opened), forget)
    monkeypatch.setattr(explain, "baseline_of", lambda faces, device: means.append(faces))
    kept = explain._load(ExplainSettings("original,champion", forget_set="36-44", faces=1000)).parts[RETAINED]
    before = forget_sets.faces_of(promoted)
    assert before
    assert len(means) == 2
    assert all(len(faces) and not set(faces.frame.id) & {*forget.ids, *before} for faces in (*means, kept))


def test_of_two_fair_references_without_the_alias_whoever_asks_gets_the_first(monkeypatch):
    """The alias went to the reference of newer data; the second has seeds of its own."""
    same = {"role": "retrained", "forget_set": "20-28", "forgotten": "20-28", "forget_sha256": FORGET.sha256}

    def reference(number, digest, *aliases):
        return Version(MODEL, number, "None", aliases, same | {"data_digest": digest}, "", "", "")

    known = [reference(2, "old"), reference(3, "old", "retrained-20-28-seeds-7"), reference(4, "new", "retrained-20-28")]
    monkeypatch.setattr(references, "all_versions", lambda model: known)
    monkeypatch.setattr(references, "find_original", lambda version: None)
    version = Version(MODEL, 5, "None", (), {"forgotten": "20-28", "data_digest": "old"}, "", "", "")
    assert retrained_reference(version, FORGET).number == beside(version, FORGET).retrained.number == 2
