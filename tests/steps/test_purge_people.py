"""After a purge with people=true nobody without the key can read who was forgotten, and with the key all goes on as before."""

import itertools

import mlflow
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from dying import Killed
from erasable import take_own_models
from unlearning.certificates.keys import VARIABLE, make_key
from unlearning.errors import InputError
from unlearning.once import OF_THE_PROCESS
from unlearning.registry.lookup import find, find_version
from unlearning.settings.forgetting import EvaluateSettings, PromoteSettings
from unlearning.settings.requests import CertifySettings, RequestSettings, VerifySettings
from unlearning.steps.certify import certify
from unlearning.steps.evaluate import evaluate
from unlearning.steps.promote import promote
from unlearning.steps.purge import PurgeSettings, purge
from unlearning.steps.request import request
from unlearning.steps.verify import verify
from unlearning.tracking import runs, sealed
from unlearning.versions import forget_sets
from unlearning.versions.data import account_of
from unlearning.versions.files import predictions_of
from unlearning.versions.lineage import open_parent

MODEL = "age-resnet50"
ORIGINAL = PurgeSettings("original", f"{MODEL}/1", "Art. 17", people=True)


@pytest.fixture(scope="module")
def certified_store(fill, trained_store, signing_key):
    """Version 4, which has forgotten 20-28, is the champion, and certified."""
    promoting, certifying = PromoteSettings("4", "test_mae < 100"), CertifySettings("champion")
    return fill("certified for a purge of people", trained_store, lambda: (promote(promoting), certify(certifying)))


@pytest.fixture
def own(use, certified_store, own_cache):
    """That store with files of the test's own."""
    _forget_what_was_read()
    yield take_own_models(use(certified_store))
    _forget_what_was_read()


def _forget_what_was_read():
    """As a new process, which reads everything anew."""
    sealed.opened_here.clear()
    OF_THE_PROCESS.clear()


def people():
    """Ids and file names of the faces that were forgotten, those of the test set too, copies left out."""
    champion = find(MODEL, "champion")
    [forget] = forget_sets.forgotten_by(champion)
    manifest, _ = account_of(champion.tag("data_run"))
    ids = {*forget.ids, *forget.test_ids}
    return ids, set(manifest.file[manifest.id.isin(ids)]) - {""}


def readable(folder, words) -> set[str]:
    """The files of the store, database included, in which one of these words stands as it is."""
    places = [folder / "mlflow.db", *(folder / "mlruns").rglob("*")]
    texts = ((path, path.read_bytes()) for path in places if path.is_file() and path.suffix != ".parquet")
    plain = (path for path in (folder / "mlruns").rglob("*.parquet") if path.parent.name != sealed.FOLDER)
    tables = ((path, pd.read_parquet(path).to_csv().encode()) for path in plain)
    return {path.name for path, content in itertools.chain(texts, tables) if any(word.encode() in content for word in words)}


def test_who_was_forgotten_is_read_with_the_key_only(own, monkeypatch, tmp_path):
    ids, files = people()
    before = evaluate(EvaluateSettings("4"))
    assert readable(own, ids) >= {"20-28.json", "manifest.csv", "predictions.parquet"}
    assert readable(own, files) == {"manifest.csv"}

    report = purge(ORIGINAL)
    assert readable(own, ids | files) == set()
    [note] = [note for note in report.notes if note.startswith("sealed: ")]
    assert find(MODEL, "champion").tag("certificate") in note

    _forget_what_was_read()
    pd.testing.assert_frame_equal(evaluate(EvaluateSettings("4")), before)
    assert request(RequestSettings("20-28")).state == "promoted"
    assert readable(own, ids | files) == set()
    parent = open_parent(find_version(MODEL, "champion"))
    assert set(parent.forgotten[0].ids) < ids
    certify(CertifySettings("champion", "cert.json", sample=sorted(parent.forgotten[0].ids)[0], proof="proof.json"))
    assert verify(VerifySettings("cert.json", sample=sorted(parent.forgotten[0].ids)[0], proof="proof.json", offline=True)).good

    _forget_what_was_read()
    for refused, names in ((make_key(tmp_path / "other.pem").with_suffix(""), "another key"), ("", f"export {VARIABLE}=FILE")):
        monkeypatch.setenv(VARIABLE, str(refused))
        with pytest.raises(InputError, match=names):
            evaluate(EvaluateSettings("4"))
        with pytest.raises(InputError, match=names):
            open_parent(find_version(MODEL, "champion")).forgotten  # noqa: B018 - it is read when it is asked for
        with pytest.raises(InputError, match=names):
            predictions_of(find_version(MODEL, "2"))


@pytest.mark.parametrize("moment", ["before it is named", "before the plain one is deleted"])
def test_a_purge_that_is_killed_while_it_seals_goes_on_when_it_is_called_again(own, monkeypatch, moment):
    before = people()
    place, name = {
        "before it is named": (sealed, "_unsealed"),
        "before the plain one is deleted": (LocalArtifactRepository, "delete_artifacts"),
    }[moment]
    done, calls = getattr(place, name), itertools.count()

    def die_at_the_third(*words):
        if next(calls) >= 2 and words[-1] != "predictions.parquet":
            raise Killed
        return done(*words)

    with monkeypatch.context() as patch:
        patch.setattr(place, name, die_at_the_third)
        with pytest.raises(Killed):
            purge(ORIGINAL)
    assert readable(own, before[0])
    purge(ORIGINAL)
    assert readable(own, before[0] | before[1]) == set()
    _forget_what_was_read()
    assert people() == before


def test_what_was_logged_without_the_key_is_sealed_by_the_next_call(own):
    ids, files = people()
    [forget] = forget_sets.forgotten_by(find(MODEL, "champion"))
    purge(ORIGINAL)
    _forget_what_was_read()
    with runs.run("train", "by somebody who has the pictures"):
        forget_sets.log([forget])
    assert readable(own, ids) == {"20-28.json"}
    purge(ORIGINAL)
    assert readable(own, ids | files) == set()


def test_a_seal_that_is_refused_fails_the_purge_and_leaves_its_proof(own, monkeypatch):
    def damaged(named):
        raise InputError("a manifest is damaged")

    def away(named):
        raise MlflowException("the store went away")

    seals = {"a manifest is damaged": damaged, "the store went away": away, "read-only": lambda named: ([], ["read-only"])}
    for why, seal in seals.items():
        monkeypatch.setattr("unlearning.versions.people.seal", seal)
        with pytest.raises(InputError, match=rf"NOT complete: 0 files are still there\. {why}\. What this user"):
            purge(ORIGINAL)
    proof = runs.read_json(find(MODEL, "1").tag("purged_run"), "purge.json")
    assert (proof["ended"], proof["refused"]) == (True, ["a manifest is damaged"])
    assert "what names the forgotten may be sealed in part only: purge again with -P people=true" in proof["notes"]


@pytest.mark.parametrize("content", ["", "id\na\n", "near\na\n"])
def test_a_damaged_table_could_name_anybody(store, content):
    with runs.run("prepare", "damaged") as made:
        mlflow.log_text(content, "data/manifest.csv")
    assert sealed.naming(mlflow.get_run(made.info.run_id), {"b"}) == ["data/manifest.csv"]


def test_only_certified_forgetting_is_sealed(trained, signing_key):
    with pytest.raises(InputError, match="the champion of age-resnet50 was made to forget nobody"):
        purge(PurgeSettings("3", f"{MODEL}/3", people=True))
    promote(PromoteSettings("4", "test_mae < 100"))
    with pytest.raises(InputError, match=r"is not certified; first do: mlflow run \. -e certify -P version=champion"):
        purge(ORIGINAL)
    assert find(MODEL, "1").tag("state") == "retired"
    assert not [run for run in sealed.our_runs() if sealed.TAG in run.data.tags]
