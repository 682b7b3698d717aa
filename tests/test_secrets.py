"""Keys and passwords are neither printed nor kept, whichever option or variable they come in by."""

import base64
import os
import re
import shlex
from pathlib import Path

import mlflow
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow.exceptions import MlflowException

from certificates.issued import PRIVATE_KEY
from contracts.test_projects import NAMES, command
from unlearning import secrets
from unlearning.certificates.keys import VARIABLE, key_id, load_key, private_pem
from unlearning.errors import InputError
from unlearning.tracking.blotting import blot_out
from unlearning.tracking.store import prepare_store
from unlearning.versions import certificates

PEM = private_pem(PRIVATE_KEY).decode()
BODY = PEM.splitlines()[1]
SEED = PRIVATE_KEY.private_bytes_raw()
DAMAGED = PEM.replace(BODY[-8:], "")
IN_BASE64 = base64.b64encode(PEM.encode()).decode()
FORM = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
# What is a key, in the forms that files, shells and settings of servers leave it in.
KEYS = {
    "PEM": PEM,
    "in quotes": f'"{PEM}"',
    "after blank lines": f"\n\n{PEM}",
    "with a byte order mark": f"\ufeff{PEM}",
    "with Windows' ends of lines": PEM.replace("\n", "\r\n"),
    "with ends of lines as two characters": PEM.replace("\n", "\\n"),
    "on one line": PEM.replace("\n", " "),
    "bare": BODY,
    "bare in quotes": f"'{BODY}'",
    "base64": IN_BASE64,
    "base64 in lines": base64.encodebytes(PEM.encode()).decode(),
    "base64 of what has a byte order mark": base64.b64encode(f"\ufeff{PEM}".encode()).decode(),
}
# What is no key in a form that can be used, and tells one all the same.
REFUSED = {
    "damaged": DAMAGED,
    "half": PEM[:-40],
    "without its end": f"-----BEGIN PRIVATE KEY-----\n{BODY}",
    "of another kind": ec.generate_private_key(ec.SECP256R1()).private_bytes(*FORM).decode(),
    "DER in hex digits": base64.b64decode(BODY).hex(),
    "seed in hex digits": SEED.hex(),
    "seed in base64": base64.b64encode(SEED).decode(),
}
TELLING = [BODY, BODY[20:], BODY[20:40], SEED.hex(), base64.b64encode(SEED).decode().rstrip("="), IN_BASE64[40:80]]
PASSWORD = "HUNTER2"


def told(*texts: str) -> list[str]:
    return [word for word in (*TELLING, PASSWORD) if any(word in text for text in texts)]


def kept(folder: Path) -> list[str]:
    """What of the secrets stands in any file of a store."""
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return [word for word in (*TELLING, PASSWORD) if any(word.encode() in content for content in files)]


@pytest.mark.parametrize("form", KEYS)
def test_the_variable_takes_a_key_in_every_usual_form(form, monkeypatch):
    monkeypatch.setenv(VARIABLE, KEYS[form])
    assert key_id(load_key().public_key()) == key_id(PRIVATE_KEY.public_key())


@pytest.mark.parametrize("form", REFUSED)
def test_what_is_refused_as_a_key_is_not_repeated(form, monkeypatch):
    monkeypatch.setenv(VARIABLE, REFUSED[form])
    with pytest.raises(InputError, match=f"{VARIABLE} is no Ed25519 private key.*no path of a file that is there") as refusal:
        load_key()
    assert not told(str(refusal.value))
    assert refusal.value.__cause__ is refusal.value.__context__ is None


@pytest.fixture
def launch(store, monkeypatch):
    """Opens a run for this process as ``mlflow run`` does, with the words that it logs."""

    def begin(**words: str) -> str:
        client = mlflow.MlflowClient()
        run_id = client.create_run("0").info.run_id
        for name, value in words.items():
            client.log_param(run_id, name, shlex.quote(value))
        monkeypatch.setenv("MLFLOW_RUN_ID", run_id)
        return run_id

    return begin


def typed(entry: str, *words: str):
    """What an entry point says; of ``verify``, with a certificate."""
    Path("person.json").write_text("{}")
    done = CliRunner().invoke(command(entry), [*words, *(["--certificate", "person.json"] if entry == "verify" else [])])
    assert isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.mark.parametrize("entry", ["certify", "process", "verify"])
def test_no_key_that_is_given_as_a_path_is_printed_or_kept(entry, launch, store, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    for form, value in {**KEYS, **REFUSED}.items():
        run_id = launch(key=value, name="age-resnet50")
        done = typed(entry, "--key", value)
        assert "make another with make key" in done.output, form
        found = mlflow.MlflowClient().get_run(run_id).data
        assert found.params == {"key": secrets.HIDDEN, "name": "age-resnet50"}, form
        assert "make another" in found.tags["failure"], form
        assert not told(done.output), form
    assert not kept(store)


@pytest.mark.parametrize("entry", ["certify", "process", "verify"])
def test_no_key_in_the_variable_is_printed_or_kept(entry, launch, store, monkeypatch):
    launch()
    for form, value in {**KEYS, **REFUSED}.items():
        monkeypatch.setenv(VARIABLE, value)
        assert not told(typed(entry).output), form
    assert not kept(store)


@pytest.mark.parametrize("form", ["PEM", "bare", "base64", "half"])
def test_no_entry_point_takes_a_key_whatever_the_option(form, monkeypatch):
    """Words are looked at before options are read, so one option tells of all."""
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    value = {**KEYS, **REFUSED}[form]
    for name in NAMES:
        option = command(name).params[-1].name
        for words in ([f"--{option}", value], [f"--{option}={value}"], [f"--{option}", *value.split()]):
            done = CliRunner().invoke(command(name), words)
            assert done.exit_code == 2, (name, option)
            assert not told(done.output), (name, option)


def test_a_key_under_any_name_is_blotted_out_of_the_run_and_out_of_the_file(launch, store):
    run_id = launch(out=PEM, reason=IN_BASE64, version="3")
    assert "blotted out" in blot_out()
    assert mlflow.MlflowClient().get_run(run_id).data.params == {"out": "***", "reason": "***", "version": "3"}
    assert not kept(store)


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("postgresql+psycopg2://anna:se:cret@h:5432/mlflow", "postgresql+psycopg2://anna:***@h:5432/mlflow"),
        ("http://anna:secret@h:5000", "http://anna:***@h:5000"),
        ("http://token@h:5000", "http://***@h:5000"),
        ("postgresql://h/mlflow?user=u&password=secret", "postgresql://h/mlflow?***"),
        ("mssql+pyodbc:///?odbc_connect=PWD%3Dsecret", "mssql+pyodbc:///?***"),
        ("postgresql://anna:se/cret@h/mlflow", "postgresql://***"),
        ("postgresql://anna:12/cret@h/mlflow", "postgresql://***"),
        ("postgresql://anna:se@cret@h/mlflow", "postgresql://***"),
        ("http://anna:[cret@h", "http://***"),
        ("http://[::1]:5000/a", "http://[::1]:5000/a"),
        ("sqlite:////tmp/a@b/mlflow.db", "sqlite:////tmp/a@b/mlflow.db"),
        ("s3://bucket/a", "s3://bucket/a"),
    ],
)
def test_no_password_of_an_address_is_shown(uri, shown):
    assert secrets.without_secrets(uri) == shown
    assert secrets.without_secrets(f"asked '{uri}' (twice), see {uri}.") == f"asked '{shown}' (twice), see {shown}."


@given(password=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6), place=st.sampled_from([0, 1]))
@settings(derandomize=True, max_examples=300, deadline=None)
def test_no_part_of_any_password_of_the_stores_address_is_told(password, place):
    uri = (f"postgresql://ann:{password}@127.0.0.1:5/db", f"http://127.0.0.1:5/?password={password}")[place]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", uri)
        assert password not in secrets.without_secrets(f"API request to {uri}/api failed: '{uri}'")


def test_a_password_is_hidden_as_a_word_of_its_own_and_not_where_it_is_another_name_of_the_address(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://mlflow:mlflow@db/mlflow")
    typed = "type: mlflow run . -e train -P name=mlflow-age"
    assert secrets.without_secrets(typed) == typed
    told = secrets.without_secrets("neither postgresql://mlflow:mlflow@db/mlflow nor http://mlflow:mlflow@db answers")
    assert told == "neither postgresql://mlflow:***@db/mlflow nor http://mlflow:***@db answers"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://anna:train@db/mlflow")
    assert secrets.without_secrets("trained, then retrain") == "trained, then retrain"
    for text in ("'train'", "anna:train@db", "/%40train%40db", "host\\ntrain\\n", "\\x00train", "\\u0022train", "PWD=train;"):
        assert "train" not in secrets.without_secrets(text), text


ADDRESSES = (
    f"http://anna:{PASSWORD}secret@127.0.0.1:1",
    f"http://anna:{PASSWORD}/secret@127.0.0.1:1",
    f"http://anna:123/{PASSWORD}@127.0.0.1:1",
    f"postgresql+psycopg2://mlflow:{PASSWORD}secret@127.0.0.1:1/mlflow",
    f"postgresql+psycopg2://mlflow:sec@{PASSWORD}@127.0.0.1:1/mlflow",
    f"postgresql+psycopg2://mlflow:{PASSWORD}/secret@127.0.0.1:1/mlflow",
    f"postgresql+psycopg2://127.0.0.1:1/mlflow?user=u&password={PASSWORD}",
    f"postgresql+psycopg2://127.0.0.1:{PASSWORD}/mlflow",
)


def unanswered(model: str):
    raise MlflowException(f"API request to {os.environ['MLFLOW_TRACKING_URI']}/api/2.0 failed with exception")


@pytest.mark.parametrize("uri", ADDRESSES)
def test_a_store_that_does_not_answer_is_named_without_its_password(uri, monkeypatch, tmp_path, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(InputError) as refusal:
        prepare_store()
    assert re.search("does not answer|cannot be used", str(refusal.value))
    monkeypatch.setattr("unlearning.versions.certificates.all_versions", unanswered)
    with pytest.raises(InputError) as second:
        certificates.registered("age-resnet50", "1")
    assert not told(str(refusal.value), str(second.value), *capfd.readouterr())
