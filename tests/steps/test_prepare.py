"""What the run of prepare holds: the account of every file, figures and a page, and no face."""

import base64
import json
import re

import mlflow
import pandas as pd
import pytest

from unlearning.data.manifest import prepare as prepare_data
from unlearning.data.settings import DataSettings
from unlearning.progress import untold
from unlearning.registry.lookup import find
from unlearning.steps.prepare import FIGURES, REASONS, REPORT, _log_report, prepare
from unlearning.tracking import runs
from unlearning.versions.data import MANIFEST, REJECTED, SETTINGS, account_of

SOME = DataSettings(drawn_faces=160, fraction=0.8, min_age=20, max_age=60, augment_to=3, min_sharpness=300)


@pytest.fixture(scope="module")
def prepared_store(fill, empty_store):
    """With the figures that other stores do without."""

    def act():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("unlearning.steps.prepare._log_report", _log_report)
            prepare(SOME, 32, force=True)

    return fill("prepared", empty_store, act)


@pytest.fixture
def run(use, prepared_store):
    """The one finished run of prepare, with rejected files and copies."""
    use(prepared_store)
    (found,) = mlflow.search_runs(filter_string="tags.step = 'prepare'", output_format="list")
    return found


@pytest.fixture(scope="module")
def made():
    return prepare_data(SOME, 32, untold)


def files(run_id: str, folder: str = "") -> list[str]:
    found = mlflow.MlflowClient().list_artifacts(run_id, folder)
    return [path for one in found for path in (files(run_id, one.path) if one.is_dir else [one.path])]


def test_the_account_read_back_is_the_data(run, made):
    manifest, rejected = account_of(run.info.run_id)
    pd.testing.assert_frame_equal(manifest, made.manifest, check_dtype=False)
    pd.testing.assert_frame_equal(rejected, made.rejected, check_dtype=False)
    assert len(manifest[manifest.copy_of == ""]) + len(rejected) == 160
    assert DataSettings(**runs.read_json(run.info.run_id, SETTINGS)) == SOME
    reasons = runs.read_table(run.info.run_id, REASONS)
    assert reasons["count"].sum() == len(made.rejected)
    assert set(reasons.step) == {"reduction", "quality"}
    assert reasons.reason[reasons.step == "quality"].tolist() == ["sharpness N is below N"]
    metrics, faces = run.data.metrics, made.manifest
    for part in ("train", "validation", "test"):
        assert metrics[f"faces_{part}"] == (faces.split == part).sum()
    assert metrics["copies"] == (faces.copy_of != "").sum() > 0
    assert metrics["faces_rejected"] == metrics["rejected_reduction"] + metrics["rejected_quality"] == len(made.rejected)
    assert metrics["rejected_quality"] > 0
    assert run.data.params["data.digest"] == made.digest
    assert run.data.params.items() >= {f"data.{name}": str(value) for name, value in SOME.as_dict().items()}.items()


def test_the_run_holds_every_figure_on_both_papers_and_no_pixels(run):
    found = files(run.info.run_id)
    assert {path.rsplit(".", 1)[-1] for path in found} == {"csv", "json", "svg", "html"}
    assert {MANIFEST, REJECTED, REASONS, SETTINGS, REPORT} == {path for path in found if not path.startswith(FIGURES)}
    for path in found:
        if not path.endswith(".csv"):
            text = runs.download(run.info.run_id, path).read_text()
            drawn = [base64.b64decode(code).decode() for code in re.findall(r"data:image/svg\+xml;base64,([\w+/=]+)", text)]
            assert not re.search(r"data:image/(?!svg)|<image|\.jpe?g", " ".join([text, *drawn])), path
    figures = [path.removeprefix(f"{FIGURES}/") for path in files(run.info.run_id) if path.startswith(FIGURES)]
    light, dark = ({name.split("/")[1] for name in figures if name.startswith(theme)} for theme in ("light/", "dark/"))
    assert light == dark
    assert len(light) + len(dark) == len(figures) > 2


def inputs(run) -> dict[str, tuple[str, int]]:
    """(digest, rows) of a run's data sets by their context."""
    given = {one.tags[0].value: one.dataset for one in run.inputs.dataset_inputs}
    return {context: (dataset.digest, json.loads(dataset.profile)["num_rows"]) for context, dataset in given.items()}


def test_the_three_parts_are_data_sets_of_the_run(run, made):
    counts = made.manifest.split.value_counts()
    assert inputs(run) == {part: (f"{made.digest}-{counts[part]}", counts[part]) for part in ("train", "validation", "test")}
    schemas = {one.dataset.schema for one in run.inputs.dataset_inputs}
    assert [column["name"] for column in json.loads(schemas.pop())["mlflow_colspec"]] == ["age", "gender", "race"]
    assert not schemas


def test_retain_and_forget_set_are_data_sets_of_the_runs_that_use_them(untouched, data):
    learned = data.manifest[data.manifest.split != "test"]
    forgotten = learned.age.between(20, 28).sum()
    retrained = mlflow.get_run(find("age-resnet50", "retrained-20-28").run_id)
    made = mlflow.get_run(find("age-resnet50", "ft-20-28-e2").run_id)
    unlearned = mlflow.get_run(made.data.tags["mlflow.parentRunId"])
    retain, forget = ((f"{data.digest}-{n}", n) for n in (len(learned) - forgotten, forgotten))
    assert inputs(mlflow.get_run(find("age-resnet50", "original").run_id)).keys() == {"train", "validation"}
    assert inputs(retrained) == {"retain": retain}
    assert inputs(unlearned) == {"retain": retain, "forget": forget}


def test_a_finished_run_is_used_again_for_equal_data_and_settings_only_and_a_person_reads_of_every_file(run, capfd, made):
    assert prepare(SOME, 32)[1] == run.info.run_id
    assert f"prepare: reused run {run.info.run_id}" in capfd.readouterr().err
    assert prepare(DataSettings(**SOME.as_dict() | {"fraction": 0.75}), 32)[1] != run.info.run_id
    capfd.readouterr()
    assert prepare(SOME, 32, force=True)[1] != run.info.run_id
    said = capfd.readouterr().err
    assert f"{len(made.rejected)} files left out, data {made.digest}" in said
    assert f"{(made.manifest.split == 'train').sum():>6} train, {(made.manifest.copy_of != '').sum()} of them copies" in said
    for row in made.reasons.itertuples():
        assert f"{row.count:>6} left out ({row.step}): {row.reason}" in said.replace("\r", "")
