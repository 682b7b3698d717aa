"""What erasing really does to a store: a folder of this test's own, a PostgreSQL database, and a server."""

import hashlib
import shutil
from pathlib import Path

import mlflow
import pytest
from mlflow.store.artifact.local_artifact_repo import _TEMP_ARTIFACT_PREFIX, LocalArtifactRepository

from erasable import take_own_models
from registered import ORIGINAL
from server import listening
from unlearning.purge import store as purge
from unlearning.registry import moves
from unlearning.registry.lookup import download_model, find, logged_model_id
from unlearning.registry.transitions import add
from unlearning.repair import surroundings
from unlearning.tracking import runs, temporary

MODEL = "age-resnet50"


@pytest.fixture
def own(trained):
    """The trained store with artifacts of its own."""
    return take_own_models(trained)


def files(version) -> list[Path]:
    """What the file system has of a version, whatever MLflow says."""
    folders = [place.folder for place in purge.places_of(version)]
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


def erase(version) -> list[str]:
    return [why for place in purge.places_of(version) for why in purge.erase(place, purge.files_of(place))]


def numbers(version) -> tuple:
    """What a tombstone shall still tell."""
    client = mlflow.MlflowClient()
    run, model = client.get_run(version.run_id), client.get_logged_model(logged_model_id(version))
    return find(MODEL, str(version.number)), run.data.metrics, run.data.params, len(model.metrics)


def test_mlflows_own_deletion_of_version_and_run_leaves_every_file(own):
    """The reason for all this; if it fails, MLflow has learned to erase."""
    version = find(MODEL, "3")
    before = files(version)
    client = mlflow.MlflowClient()
    client.delete_model_version(MODEL, "3")
    client.delete_run(version.run_id)
    assert [path for path in before if path.exists()] == before


def test_erasing_leaves_the_evidence_and_every_row(own):
    version = find(MODEL, "original")
    told, rows = numbers(version), purge.rows_of(version)
    assert {path.name for path in files(version)} >= {"member-0.safetensors", "predictions.parquet"}
    assert erase(version) == []
    assert files(version) == []
    assert numbers(version) == told
    assert purge.rows_of(version) == rows


def test_what_a_killed_process_was_writing_into_a_run_is_found_and_erased(own):
    version = find(MODEL, "3")
    half = purge.places_of(version)[1].folder / f"{_TEMP_ARTIFACT_PREFIX}abc"
    half.write_bytes(b"half a table")
    place = purge.places_of(version)[1]
    assert [file.size for file in purge.read(place, purge.files_of(place)) if file.kind == "other"] == [12]
    assert erase(version) == []
    assert not half.exists()


def test_erasing_a_version_touches_no_other_and_may_be_done_again(own):
    others = {n: files(find(MODEL, str(n))) for n in (1, 2, 4)}
    version = find(MODEL, "3")
    erase(version)
    assert {n: files(find(MODEL, str(n))) for n in (1, 2, 4)} == others
    assert [path.name for path in files(version)] == ["20-28.json"]
    assert erase(version) == [], "erasing again finds nothing and fails at nothing"


def test_a_logged_model_that_was_deleted_by_hand_is_found_and_erased(own):
    version = find(MODEL, "3")
    mlflow.MlflowClient().delete_logged_model(logged_model_id(version))
    assert "member-0.safetensors" in {Path(f.path).name for f in purge.files_of(purge.places_of(version)[0])}
    erase(version)
    assert not list(own.rglob(f"{logged_model_id(version)}/**/*.safetensors"))
    purge.mark(version, "purged")


def test_a_store_that_refuses_is_told_in_a_sentence(own, monkeypatch):
    def refuse(self, path=None):
        raise PermissionError("permission denied")

    monkeypatch.setattr(LocalArtifactRepository, "delete_artifacts", refuse)
    version = find(MODEL, "3")
    assert erase(version) == [
        f"the folder of logged model {logged_model_id(version)}: permission denied",
        f"errors_by_age.csv of run {version.run_id}: permission denied",
        f"predictions.parquet of run {version.run_id}: permission denied",
    ]


def test_copies_of_removed_weights_are_found_in_the_store_and_among_temporary_files(own, monkeypatch):
    monkeypatch.setattr(temporary, "others", lambda: [own / "tmpold"])
    version = find(MODEL, "3")
    place = purge.places_of(version)[0]
    read = purge.read(place, purge.files_of(place))
    kept = own / "mlruns" / "0" / "kept.safetensors"
    shutil.copy(place.folder / "artifacts" / "age_model" / "member-0.safetensors", kept)
    erase(version)
    assert purge.same_bytes(read) == ["kept.safetensors"]
    fetched = own / "tmpold" / "member-0.safetensors"
    fetched.parent.mkdir()
    kept.rename(fetched)
    assert purge.same_bytes(read) == [str(fetched)]
    fetched.unlink()
    assert purge.same_bytes(read) == []


def test_another_version_of_the_same_files_is_found_under_any_name(own):
    version = find(MODEL, "3")
    assert purge.others_with_its_files(version) == []
    model_id = logged_model_id(version)
    add("shop", model_id, version.run_id, ORIGINAL, "", moves.install_original)
    assert purge.others_with_its_files(version) == ["shop/1"]


def test_a_model_that_no_version_holds_is_found(own):
    client = mlflow.MlflowClient()
    assert not surroundings.look("", [], "").unregistered()
    version = find(MODEL, "3")
    client.delete_model_version(MODEL, "3")
    assert list(surroundings.look("", [], "").unregistered()) == [logged_model_id(version)]


@pytest.fixture
def hidden(store, monkeypatch):
    """The folder that a server hides from its clients, with a database that is made already."""
    words = ["server", "--backend-store-uri", f"sqlite:///{store}/mlflow.db", "--artifacts-destination", str(store / "hidden")]
    with listening(store, "health", *words, "--workers", "1") as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        yield store / "hidden"


def test_behind_a_server_the_files_go_and_the_tombstone_stays(hidden, tmp_path):
    client = mlflow.MlflowClient()
    experiment = client.create_experiment("behind a server")
    run = client.create_run(experiment, tags={"step": "train"}).info.run_id
    client.log_metric(run, "F", 0.5)
    for name in ("predictions.parquet", "forget/20-28.json", "sisa/shard-0/before-slice-1.safetensors"):
        client.log_text(run, "x", name)
    model_id = client.create_logged_model(experiment, source_run_id=run).model_id
    (tmp_path / "member-0.safetensors").write_bytes(b"weights")
    client.log_model_artifact(model_id, str(tmp_path / "member-0.safetensors"))
    add(MODEL, model_id, run, ORIGINAL, "", moves.install_original)
    version = find(MODEL, "1")

    assert {path.name for path in hidden.rglob("*.*")} >= {"member-0.safetensors", "predictions.parquet"}
    (weights,) = purge.read(purge.places_of(version)[0], purge.files_of(purge.places_of(version)[0]))
    assert (weights.size, weights.sha256) == (7, hashlib.sha256(b"weights").hexdigest())
    assert purge.same_bytes([weights]) == []
    fetched = download_model(version)
    assert fetched.is_relative_to(temporary.own_folder())
    assert (fetched / "member-0.safetensors").read_bytes() == b"weights"
    assert runs.download(run, "predictions.parquet").is_relative_to(temporary.own_folder())

    assert erase(version) == []
    assert {path.name for path in hidden.rglob("*") if path.is_file()} == {"20-28.json", "audit.jsonl", "audit.jsonl.next"}
    assert client.get_run(run).data.metrics == {"F": 0.5}
    rows = purge.rows_of(find(MODEL, "1"))["of the version"]
    assert rows["metrics of the run"] == rows["logged models"] == 1
    assert erase(version) == []
