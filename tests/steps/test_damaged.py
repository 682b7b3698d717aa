"""Damaged files of a store are named, with what holds them and what to do; nothing is made from them."""

import json
from pathlib import Path

import mlflow
import pandas as pd
import pytest

from erasable import take_own_models
from registered import lose_tag
from unlearning.errors import InputError
from unlearning.naming import PREDICTION_TABLE
from unlearning.once import OF_THE_PROCESS
from unlearning.registry.lookup import find
from unlearning.tracking import runs
from unlearning.versions import forget_sets
from unlearning.versions.certificate_facts import weights_of
from unlearning.versions.data import SETTINGS, data_of
from unlearning.versions.files import SHA256, predictions_of
from unlearning.versions.lineage import open_parent

NEXT = r"; put it back from a copy of the store, or make anew what this run made: mlflow runs describe --run-id "


def artifact(run_id: str, name: str) -> Path:
    return Path(mlflow.get_run(run_id).info.artifact_uri) / name


def version():
    return find("age-resnet50", "ft-20-28-e2")


def test_a_damaged_prediction_table_names_artifact_and_run(trained):
    run_id = version().run_id
    path = artifact(run_id, PREDICTION_TABLE)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match=rf"the artifact predictions.parquet of run {run_id} cannot be used.*{NEXT}{run_id}"):
        runs.read_table(run_id, PREDICTION_TABLE)


def test_a_table_of_something_else_lacks_columns(trained):
    run_id = version().run_id
    pd.DataFrame({"id": ["a"], "age": [3]}).to_parquet(artifact(run_id, PREDICTION_TABLE))
    lose_tag("age-resnet50", version().number, SHA256)  # as older versions are
    with pytest.raises(
        InputError, match=f"predictions.parquet of run {run_id}.*it has no column split and no column predicted"
    ):
        predictions_of(version())


def test_a_damaged_forget_manifest_names_artifact_and_run(trained):
    OF_THE_PROCESS.clear()  # another test may have read it
    run_id = version().run_id
    path = artifact(run_id, "forget/20-28.json")
    content = json.loads(path.read_bytes())
    for damaged in ("", "{", "[]", "{}", '{"ids": [7]}', "\0"):
        path.write_text(damaged, encoding="utf-8")
        with pytest.raises(InputError, match=rf"the artifact forget/20-28.json of run {run_id} cannot be used.*{NEXT}{run_id}"):
            forget_sets.of_version(version())
    path.write_text(json.dumps(content | {"ids": content["ids"][1:]}), encoding="utf-8")
    with pytest.raises(InputError, match=f"of run {version().run_id} cannot be used.*its ids do not give its hash"):
        forget_sets.of_version(version())


def test_damaged_settings_of_data_name_artifact_and_run(trained):
    run_id = version().tag("data_run")
    for content, said in (
        ("{", "Expecting"),
        ('{"data_dir": "", "nonsense": 1}', r"DataSettings holds unknown fields \['nonsense'\]; a newer version wrote it"),
        ('{"fraction": true}', "fraction=True of DataSettings is not of type float"),
    ):
        artifact(run_id, SETTINGS).write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match=rf"data/settings.json of run {run_id} cannot be used.*{said}.*{NEXT}"):
            data_of(version(), 32)


SPEC, WEIGHTS = "spec.json", "member-0.safetensors"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (SPEC, b"{", "spec.json is missing or unreadable"),
        (SPEC, b"{}", "'model' is missing in spec.json"),
        (WEIGHTS, b"\0" * 9, "the saved model is damaged"),
    ],
)
def test_damaged_files_of_a_version_name_the_version_and_what_to_do(trained, name, content, said):
    take_own_models(trained)
    lose_tag("age-resnet50", version().number, SHA256)  # as older versions are
    places = list(trained.glob(f"mlruns/*/models/{version().source.rpartition('/')[2]}/**/{name}"))
    assert len(places) == 1
    places[0].write_bytes(content)
    begin, end = (
        "the files of version 4 .ft-20-28-e2. of age-resnet50 cannot be used: ",
        "put them back from a copy of the store",
    )
    with pytest.raises(InputError, match=f"{begin}.*{said}.*{end}.*mlflow run . -e status"):
        open_parent(version()).ensemble()
    with pytest.raises(InputError, match=f"{begin}.*{said}" if name == WEIGHTS else begin):
        weights_of(version())
