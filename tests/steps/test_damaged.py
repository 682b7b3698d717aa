"""Damaged files are named, with what holds them and what to do, by every step that reads them; nothing is made from them."""

import json
from pathlib import Path

import mlflow
import pandas as pd
import pytest

from erasable import take_own_models
from registered import lose_tag
from typed import typed
from unlearning.errors import InputError
from unlearning.naming import PREDICTION_TABLE
from unlearning.once import OF_THE_PROCESS
from unlearning.registry import lookup
from unlearning.registry.lookup import all_versions
from unlearning.tracking import runs
from unlearning.versions import forget_sets
from unlearning.versions.certificate_facts import weights_of
from unlearning.versions.data import SETTINGS, data_of
from unlearning.versions.files import SHA256, digests_of, model_folder, predictions_of
from unlearning.versions.lineage import open_parent

MODEL = "age-resnet50"
GATES = "test_mae < 100"
NEXT = "choose another version from: mlflow run . -e status"
MAKE_ANEW = r"; put it back from a copy of the store, or make anew what this run made: mlflow runs describe --run-id "
SPEC, WEIGHTS = "spec.json", "member-0.safetensors"


@pytest.fixture
def own(trained):
    """A store whose files are the test's own: versions original, retrained-20-28, ft-20-28-e1 and ft-20-28-e2."""
    take_own_models(trained)
    OF_THE_PROCESS.clear()
    yield trained
    OF_THE_PROCESS.clear()


def find(alias: str = "ft-20-28-e2"):
    return lookup.find(MODEL, alias)


def artifact(run_id: str, name: str) -> Path:
    """The file itself; MLflow downloads a run's artifact as a copy."""
    return Path(mlflow.get_run(run_id).info.artifact_uri) / name


def table_of(alias: str) -> Path:
    return artifact(find(alias).run_id, PREDICTION_TABLE)


def standing() -> list:
    return [(version.number, version.stage, version.aliases) for version in all_versions(MODEL)]


def flip(path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 16
    path.write_bytes(content)


def test_a_prediction_table_is_fetched_once_to_be_checked_and_read(untouched, monkeypatch):
    fetched, fetch = [], runs.download
    monkeypatch.setattr(runs, "download", lambda *which: fetched.append(which) or fetch(*which))
    OF_THE_PROCESS.clear()
    predictions_of(find("original"))
    assert len(fetched) == 1


def refused(result, name: str, alias: str) -> None:
    said = " ".join(result.output.split())
    assert result.exit_code == 1, said
    assert isinstance(result.exception, SystemExit), result.exception
    assert f"{name} of {find(alias).label} of {MODEL} is damaged: its content is not what was registered" in said
    assert NEXT in said


READERS = [
    ("evaluate", "--version", "ft-20-28-e2"),
    ("compare", "--versions", "original,ft-20-28-e2"),
    ("promote", "--version", "ft-20-28-e2", "--gates", GATES),
    ("request", "--forget_set", "hardest:3"),
    ("unlearn", "--model", "ft-20-28-e2", "--forget_set", "hardest:3"),
]


def test_a_damaged_prediction_table_decides_nothing(own):
    alias = "ft-20-28-e2"
    assert typed("promote", "--version", alias, "--gates", GATES).exit_code == 0
    OF_THE_PROCESS.clear()
    flip(table_of(alias))
    before = standing()
    for entry, *arguments in READERS:
        refused(typed(entry, *arguments), PREDICTION_TABLE, alias)
    assert standing() == before


def test_nothing_is_made_from_a_damaged_model(own, signing_key):
    """A signed certificate would call its digest that of the version."""
    name = "member-1.safetensors"
    assert typed("promote", "--version", "ft-20-28-e2", "--gates", GATES).exit_code == 0
    for alias in ("original", "ft-20-28-e2"):
        flip(model_folder(find(alias)) / name)
    before = standing()
    refused(typed("retrain", "--forget_set", "36-44"), name, "original")
    refused(typed("unlearn", "--model", "original", "--forget_set", "20-28"), name, "original")
    refused(typed("evaluate", "--version", "ft-20-28-e2", "--audit", "full"), name, "ft-20-28-e2")
    refused(typed("certify", "--version", "champion"), name, "ft-20-28-e2")
    assert standing() == before


def test_a_damaged_parent_is_not_certified_to_be_gone(own, signing_key):
    """Whether its digest is known or only the file tells."""
    assert typed("promote", "--version", "ft-20-28-e2", "--gates", GATES).exit_code == 0
    flip(model_folder(find("original")) / "member-0.safetensors")
    refused(typed("certify", "--version", "champion"), "member-0.safetensors", "original")
    lose_tag(MODEL, 1, SHA256)
    said = typed("certify", "--version", "champion")
    assert said.exit_code == 1
    assert "version 1 (original) of age-resnet50 cannot be used: the saved model is damaged" in said.output


def test_a_damaged_reference_and_a_missing_member_are_noticed_before_the_first_step(own, monkeypatch):
    monkeypatch.setattr("unlearning.steps.unlearn.forget", lambda *given: pytest.fail("a step was taken"))
    flip(table_of("retrained-20-28"))
    refused(typed("unlearn", "--forget_set", "20-28", "--method", "rnd"), PREDICTION_TABLE, "retrained-20-28")
    (model_folder(find("original")) / "member-1.safetensors").unlink()
    refused(typed("retrain", "--forget_set", "36-44"), "member-1.safetensors", "original")


def test_a_version_of_an_earlier_version_of_the_project_goes_on_to_work(own):
    """It remembers no digest, so nothing can be checked."""
    version = find("ft-20-28-e2")
    lose_tag(MODEL, version.number, SHA256)
    assert digests_of(find("ft-20-28-e2")) == {}
    table = predictions_of(version).assign(predicted=30.0)
    table.to_parquet(table_of("ft-20-28-e2"), index=False)
    assert predictions_of(find("ft-20-28-e2")).equals(table)
    assert (model_folder(find("ft-20-28-e2")) / "spec.json").exists()


def test_a_damaged_prediction_table_names_artifact_and_run(trained):
    run_id = find().run_id
    path = artifact(run_id, PREDICTION_TABLE)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(
        InputError, match=rf"the artifact predictions.parquet of run {run_id} cannot be used.*{MAKE_ANEW}{run_id}"
    ):
        runs.read_table(run_id, PREDICTION_TABLE)


def test_a_table_of_something_else_lacks_columns(trained):
    run_id = find().run_id
    pd.DataFrame({"id": ["a"], "age": [3]}).to_parquet(artifact(run_id, PREDICTION_TABLE))
    lose_tag(MODEL, find().number, SHA256)  # as older versions are
    with pytest.raises(
        InputError, match=f"predictions.parquet of run {run_id}.*it has no column split and no column predicted"
    ):
        predictions_of(find())


def test_a_damaged_forget_manifest_names_artifact_and_run(trained):
    OF_THE_PROCESS.clear()  # another test may have read it
    run_id = find().run_id
    path = artifact(run_id, "forget/20-28.json")
    content = json.loads(path.read_bytes())
    for damaged in ("", "{", "[]", "{}", '{"ids": [7]}', "\0"):
        path.write_text(damaged, encoding="utf-8")
        with pytest.raises(
            InputError, match=rf"the artifact forget/20-28.json of run {run_id} cannot be used.*{MAKE_ANEW}{run_id}"
        ):
            forget_sets.of_version(find())
    path.write_text(json.dumps(content | {"ids": content["ids"][1:]}), encoding="utf-8")
    with pytest.raises(InputError, match=f"of run {run_id} cannot be used.*its ids do not give its hash"):
        forget_sets.of_version(find())


def test_damaged_settings_of_data_name_artifact_and_run(trained):
    run_id = find().tag("data_run")
    for content, said in (
        ("{", "Expecting"),
        ('{"data_dir": "", "nonsense": 1}', r"DataSettings holds unknown fields \['nonsense'\]; a newer version wrote it"),
        ('{"fraction": true}', "fraction=True of DataSettings is not of type float"),
    ):
        artifact(run_id, SETTINGS).write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match=rf"data/settings.json of run {run_id} cannot be used.*{said}.*{MAKE_ANEW}"):
            data_of(find(), 32)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (SPEC, b"{", "spec.json is missing or unreadable"),
        (SPEC, b"{}", "'model' is missing in spec.json"),
        (WEIGHTS, b"\0" * 9, "the saved model is damaged"),
    ],
)
def test_damaged_files_of_a_version_name_the_version_and_what_to_do(own, name, content, said):
    lose_tag(MODEL, find().number, SHA256)  # as older versions are
    (model_folder(find()) / name).write_bytes(content)
    begin = "the files of version 4 .ft-20-28-e2. of age-resnet50 cannot be used: "
    end = "put them back from a copy of the store"
    with pytest.raises(InputError, match=f"{begin}.*{said}.*{end}.*mlflow run . -e status"):
        open_parent(find()).ensemble()
    with pytest.raises(InputError, match=f"{begin}.*{said}" if name == WEIGHTS else begin):
        weights_of(find())
