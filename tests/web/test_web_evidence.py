"""Certificates, audits, and photographs that somebody brings along, on a store with real versions."""

import io
import json
import os
import re
from pathlib import Path

import mlflow
import pytest
from PIL import Image, ImageOps
from starlette.testclient import TestClient

from made import drawn
from unlearning.certificates.envelope import digest
from unlearning.certificates.samples import picture_id
from unlearning.data.images import decode
from unlearning.errors import InputError
from unlearning.purge.rules import Deed, begun
from unlearning.registry.lookup import find, state_of
from unlearning.registry.transitions import transition
from unlearning.requests import store as requests
from unlearning.settings.forgetting import PromoteSettings
from unlearning.settings.requests import CertifySettings, RequestSettings
from unlearning.steps.certify import certify
from unlearning.steps.promote import promote
from unlearning.steps.request import request
from unlearning.versions import certificates, forget_sets
from unlearning.web import acts, photographs
from unlearning.web.application import Application

MODEL, HOME = "age-resnet50", "http://127.0.0.1"


@pytest.fixture(scope="module")
def certified_store(fill, trained_store, signing_key):
    """20-28 was asked for after version 4 had been made to forget it, and was certified."""

    def act():
        promote(PromoteSettings("4", "test_mae < 100"))
        certify(CertifySettings())
        request(RequestSettings("20-28", "Art. 17"))

    return fill("web_certified", trained_store, act)


@pytest.fixture
def one(certified_store, monkeypatch):
    """The request."""
    folder = certified_store.parent
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
    return requests.listed(MODEL)[0]


@pytest.fixture
def client(one):
    return client_of_pages()


def client_of_pages() -> TestClient:
    return TestClient(Application(MODEL, ["127.0.0.1"]).asgi(), base_url=HOME, headers={"Origin": HOME})


@pytest.fixture(scope="module")
def pictures():
    """Files of drawn faces by their ids."""
    return {picture_id(path.read_bytes()): path for path in drawn()}


def encoded(image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def runs() -> int:
    return len(mlflow.search_runs(search_all_experiments=True, output_format="list"))


def test_a_certificate_is_read_downloaded_and_verified(client, one):
    page = client.get(f"/requests/{one.run_id}/certificate")
    assert "What this does not prove" in page.text
    file = client.get(f"/requests/{one.run_id}/certificate.json")
    assert digest(file.content) == one.certificate
    assert 'filename="certificate-' in file.headers["content-disposition"]
    certificates.attach(one.run_id, b"that of the version that forgot it before", "")
    assert client.get(f"/requests/{one.run_id}/certificate.json").content == file.content
    said = client.post("/verify", files={"certificate": ("c.json", file.content)}).text
    assert "It holds: nothing is wrong with what was checked." in said
    assert "Checked, and right: registry" in said
    changed = json.loads(file.content) | {"payload": "e30="}
    said = client.post("/verify", files={"certificate": ("c.json", json.dumps(changed).encode())}).text
    assert "It does not hold." in said


def test_the_holder_of_a_picture_gets_a_proof_that_verifies(client, one, pictures):
    sample = next(each for each in forget_sets.of_version(find(MODEL, "4")).ids if each in pictures)
    picture = {"picture": ("mine.jpg", pictures[sample].read_bytes())}
    proof = client.post(f"/requests/{one.run_id}/proof", files=picture)
    assert proof.status_code == 200, proof.text
    same = client.post(f"/requests/{one.run_id}/proof", data={"sample": sample}, files={"picture": ("none.jpg", b"")})
    assert same.content == proof.content
    files = picture | {"proof": ("proof.json", proof.content)}
    files |= {"certificate": ("c.json", client.get(f"/requests/{one.run_id}/certificate.json").content)}
    assert "Checked, and right: proof" in client.post("/verify", files=files).text
    for asked, words in (("0" * 32, "not in the forget set"), ("\0", "choose a file")):
        other = client.post(f"/requests/{one.run_id}/proof", data={"sample": asked}, files={"picture": ("none.jpg", b"")})
        assert (other.status_code, words in other.text) == (400, True)


def test_audits_are_shown_alone_and_side_by_side_and_open_no_run(client, one):
    before = runs()
    assert "How it was judged" in client.get("/versions/4/audit").text
    compared = client.get("/compare", params={"versions": "original,4"})
    assert "2 versions side by side" in compared.text
    assert "script-src 'sha256-" in compared.headers["content-security-policy"]
    assert "give two or more" in client.get("/compare").text
    many = client.get("/compare", params={"versions": ",".join(map(str, range(1, 99)))})
    assert (many.status_code, "a page compares up to 20" in many.text) == (400, True)
    assert "give two or more" in client.get("/compare", params={"versions": "4,4,4"}).text
    assert runs() == before


def test_a_photograph_of_the_data_is_found_and_its_ids_are_filed(client, pictures, monkeypatch, tmp_path):
    sample, path = next(iter(pictures.items()))
    changed = tmp_path / "saved again.jpg"
    ImageOps.mirror(Image.open(path)).save(changed, quality=80)
    known = set(Path(os.environ["UNLEARNING_CACHE"]).rglob("*"))
    for file in (path, changed):
        said = client.post("/requests/photograph", files={"picture": (file.name, file.read_bytes())}).text
        assert "1 picture of the data shows this photograph" in said
        assert re.findall(r'name="id" value="(\w+)"', said) == [sample]
        assert 'src="data:image/png;base64,' in said
    assert set(Path(os.environ["UNLEARNING_CACHE"]).rglob("*")) == known, "something was kept"
    begun = []
    monkeypatch.setattr(
        acts, "begin", lambda *given, **options: begun.append((given, options)) or acts.Act(Path("a" * 32), *"bcd")
    )
    form = {"called": "photograph.csv", "id": [sample], "reason": "Art. 17"}
    client.post("/requests", data=form, files={"none": (None, "")}, follow_redirects=False)
    ((given, options),) = begun
    assert given[1:] == ("request", MODEL, ("photograph.csv", [sample]))
    assert options["forget_set"] == "file:photograph.csv"


def test_a_file_that_came_into_the_folder_moves_no_picture_to_another_s_id(one, own_cache):
    path = drawn()[40]
    path.with_name(".0").write_bytes(b"none of the pictures, and listed before them")
    found, faces, pixels = photographs.search(find(MODEL, "champion"), path.read_bytes())
    assert list(faces.id[[match.place for match in found]]) == [picture_id(path.read_bytes())]
    assert (pixels[faces.row[found[0].place]] == decode(path.read_bytes(), pixels.shape[1])).all()


def test_where_the_pictures_are_not_only_the_very_same_file_is_found(client, pictures, monkeypatch):
    sample, path = next(iter(pictures.items()))

    def elsewhere(version, side):
        raise InputError("the folder is not here")

    monkeypatch.setattr(photographs, "data_of", elsewhere)
    said = client.post("/requests/photograph", files={"picture": ("a.jpg", path.read_bytes())}).text
    assert "only the very same file could be looked for" in said
    assert f'value="{sample}"' in said
    assert "data:image" not in said
    strange = client.post("/requests/photograph", files={"picture": ("b.png", encoded(Image.new("RGB", (90, 90))))}).text
    assert "It is not known whether the data show this photograph" in strange
    assert "nothing has to be forgotten" not in strange
    assert "0 pictures of the data show" not in strange


def test_a_photograph_that_cannot_be_read_is_told(client):
    for path in ("/requests/photograph", "/picture"):
        answer = client.post(path, files={"picture": ("a.gif", b"GIF89a")})
        assert answer.status_code == 400
        assert '<p class="lead">not a JPEG or PNG image but GIF' in answer.text, "the one picture is no row"
        assert "choose a file" in client.post(path, files={"picture": ("none.jpg", b"")}).text


def test_a_picture_is_shown_to_the_original_and_the_champion(client, pictures):
    path = next(iter(pictures.values()))
    said = client.post("/picture", files={"picture": (path.name, path.read_bytes())}).text
    assert re.findall(r"<strong>\d+\.\d years</strong> says (\w+), version (\d)", said) == [
        ("original", "1"),
        ("champion", "4"),
    ]


def test_a_purge_is_foretold_and_begun_when_its_name_is_typed_back(client, monkeypatch):
    begun = []
    act = acts.Act(Path("a" * 32), "purge", "", "now")
    monkeypatch.setattr(acts, "begin", lambda who, entry, model, **options: begun.append((entry, options)) or act)
    assert "/versions/4/purge" not in client.get("/versions/4").text, "it is served"
    assert "the champion, which is never purged" in client.get("/versions/4/purge").text
    assert 'href="/versions/1/purge"' in client.get("/versions/1").text
    said = client.get("/versions/1/purge").text
    assert "Nothing is deleted yet" in said
    assert re.search(r"<li>Version 1 \(original\) of age-resnet50: \d+ files \(.*bytes\) are to go\.</li>", said)
    assert "<li>Then gates that name original.METRIC" in said
    assert "where nothing else is said.</li>" in said
    assert " -P " not in said, "nobody types here"
    for typed in ("", "1", f"{MODEL}/3"):
        answer = client.post("/versions/1/purge", data={"confirm": typed}, files={"none": (None, "")})
        assert (answer.status_code, f"type {MODEL}/1 into the field" in answer.text) == (400, True)
    assert begun == []
    form = {"confirm": f"{MODEL}/1", "reason": "Art. 17"}
    client.post("/versions/1/purge", data=form, files={"none": (None, "")}, follow_redirects=False)
    assert begun == [("purge", {"version": "1", **form})]


def test_what_was_purged_or_forgot_nothing_has_no_audit_and_no_comparison(certified_store, use):
    use(certified_store)
    client = client_of_pages()
    transition(MODEL, lambda known: begun(state_of(known), 2, Deed("me", "2026-11-24T12:00:00Z", "a run"), MODEL), "purge")
    for number in (1, 2):
        answer = client.get(f"/versions/{number}/audit")
        assert (answer.status_code, "There is no audit" in answer.text) == (404, True)
    told = client.get("/compare", params={"versions": "2,4"}).text
    assert "of age-resnet50 was purged" in told
    assert "mlflow run" not in told, "nobody types here"
    page = client.get("/versions/2").text
    assert "purging" in page
    assert "<form" not in page
