"""Artifacts in a bucket: clients that go there themselves, what a purge leaves of it, and the script that starts the server."""

import re
import shutil
import tempfile
from pathlib import Path

import jmespath
import mlflow
import pytest

from buckets import KEYS
from buckets import buckets as buckets
from made import small
from places import ROOT
from postgres import another_database, free_port
from postgres import postgres as postgres
from registered import ORIGINAL
from server import ADMIN, PASSWORD, Server, as_user, listening
from unlearning.certificates.keys import make_key
from unlearning.errors import InputError
from unlearning.purge import store as purge_store
from unlearning.purge.buckets import old_versions
from unlearning.registry import moves
from unlearning.registry.lookup import find
from unlearning.registry.transitions import add
from unlearning.repair import mending
from unlearning.settings.registry import PurgeSettings
from unlearning.settings.requests import CertifySettings, ProcessSettings, RequestSettings, VerifySettings
from unlearning.steps.certify import certify
from unlearning.steps.process import process
from unlearning.steps.purge import purge
from unlearning.steps.request import request
from unlearning.steps.train import train
from unlearning.steps.verify import verify
from unlearning.tracking import runs
from unlearning.tracking.answers import in_words

MODEL = "age-resnet50"
PAGE = (ROOT / "docs" / "scale.md").read_text()


@pytest.fixture(scope="module")
def direct(buckets, postgres, tmp_path_factory):
    """The bucket that clients of a server go to by themselves, and such a client: this process."""
    bucket, folder = buckets("direct"), tmp_path_factory.mktemp("direct")
    words = ["--backend-store-uri", another_database(postgres, "direct"), "--default-artifact-root", bucket.uri]
    words += ["--no-serve-artifacts", "--workers", "1"]
    with (
        listening(folder, "health", "server", *words, **bucket.settings) as address,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.chdir(folder)
        for name, value in {**bucket.settings, "MLFLOW_TRACKING_URI": address}.items():
            patch.setenv(name, value)
        yield bucket


def test_clients_that_go_to_the_bucket_themselves_train_forget_purge_and_verify(direct, own_cache, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.json"
    make_key(key)
    train(small())
    request(RequestSettings("20-28", "Art. 17"))
    process(ProcessSettings(epochs=(1,), gates="test_mae < 100", reference="none", key=str(key)))
    certify(CertifySettings(out=str(certificate), key=str(key)))
    version = find(MODEL, "original")
    weights = f"0/models/{version.source.removeprefix('models:/')}/artifacts/artifacts/age_model/member-0.safetensors"
    assert weights in direct.files()

    report = purge(PurgeSettings("original", f"{MODEL}/1", "Art. 17", force=True))
    assert {"model", "predictions"} <= {file.kind for file in report.removed}
    assert (report.left, report.refused) == ([], [])
    assert not any("old versions" in note for note in report.notes)
    assert not [name for name in direct.files() if version.source.removeprefix("models:/") in name]
    assert f"0/{version.run_id}/artifacts/predictions.parquet" not in direct.files()
    assert verify(VerifySettings(str(certificate), key=f"{key}.pub")).good
    assert mending.examine(MODEL).found == []


def hand_made(bucket) -> None:
    """A version with the least that a purge erases, in a bucket of its own."""
    client = mlflow.MlflowClient()
    experiment = client.create_experiment(bucket.name, bucket.uri)
    run = client.create_run(experiment, tags={"step": "train"}).info.run_id
    for name in ("predictions.parquet", "forget/20-28.json"):
        for text in ("first", "then"):
            client.log_text(run, text, name)
    model_id = client.create_logged_model(experiment, source_run_id=run).model_id
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "member-0.safetensors").write_bytes(b"weights")
        client.log_model_artifact(model_id, f"{place}/member-0.safetensors")
    add(bucket.name, model_id, run, ORIGINAL, "", moves.install_original)


def test_a_bucket_with_versioning_keeps_what_a_purge_deletes_until_the_documented_command(direct, buckets):
    bucket = buckets("versioned", versioned=True)
    hand_made(bucket)
    places = purge_store.places_of(find(bucket.name, "1"))
    assert [why for place in places for why in purge_store.erase(place, purge_store.files_of(place))] == []
    assert [Path(key).name for key in bucket.files()] == ["20-28.json"]
    model, run = old_versions(places)
    assert model.startswith("the bucket versioned keeps 1 old version of deleted files under models/")
    assert run.startswith("the bucket versioned keeps 2 old versions of deleted files under ")
    assert "Artifacts in S3" in run
    assert "## Artifacts in S3\n" in PAGE

    (query,) = re.findall(r"--query '([^']+)'", PAGE)
    found = jmespath.search(query, bucket.client.list_object_versions(Bucket=bucket.name))
    bucket.client.delete_objects(Bucket=bucket.name, Delete=found)
    assert old_versions(places) == []
    assert bucket.old() == []
    assert [Path(key).name for key in bucket.files()] == ["20-28.json"]


def test_a_bucket_that_refuses_is_told_in_a_sentence(direct, buckets, monkeypatch):
    bucket = buckets("gone")
    hand_made(bucket)
    version = find(bucket.name, "1")
    places = purge_store.places_of(version)
    for key in bucket.files():
        bucket.client.delete_object(Bucket=bucket.name, Key=key)
    bucket.client.delete_bucket(Bucket=bucket.name)
    with pytest.raises(InputError, match=r"the files of logged model \S+ cannot be listed: .*bucket does not exist"):
        purge_store.files_of(places[0])
    with pytest.raises(InputError, match=r"the artifact predictions.parquet of run \S+ cannot be read: "):
        runs.download(version.run_id, "predictions.parquet")
    assert old_versions(places)[0].startswith("whether the bucket gone keeps old versions of what was deleted cannot be seen: ")
    with pytest.raises(Exception, match="NoSuchBucket") as refused:
        mlflow.MlflowClient().log_text(version.run_id, "text", "text.txt")
    assert in_words(refused.value).startswith("the bucket says: ")


def test_the_servers_script_takes_a_bucket(buckets, monkeypatch):
    bucket, folder = buckets("script"), Path(tempfile.mkdtemp(prefix="server-"))
    folder.chmod(0o755)
    server = Server(folder, free_port(), free_port(), free_port())
    try:
        done = server.call("start", SERVER_ARTIFACTS=bucket.uri, **bucket.settings)
        assert done.returncode == 0, done.stderr + server.log[-3000:]
        as_user(monkeypatch, server.address, ADMIN, PASSWORD)
        for name in (*KEYS, "MLFLOW_S3_ENDPOINT_URL"):
            monkeypatch.delenv(name, raising=False)
        run = mlflow.MlflowClient().create_run("0").info.run_id
        mlflow.MlflowClient().log_text(run, "a text", "text.txt")
    finally:
        server.call("stop")
        shutil.rmtree(folder)
    assert bucket.files() == [f"0/{run}/artifacts/text.txt"]
