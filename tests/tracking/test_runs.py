"""What runs hold."""

import math
from importlib import metadata
from pathlib import Path

import mlflow
import pytest
from mlflow.utils.file_utils import local_file_uri_to_path

from unlearning.errors import InputError
from unlearning.evaluation.numbers.forgetting import share_left
from unlearning.methods import METHODS
from unlearning.naming import PREDICTION_TABLE
from unlearning.registry.lookup import find
from unlearning.tracking import finished, reasons, runs
from unlearning.versions.files import predictions_of
from unlearning.versions.forget_sets import of_version

MODEL = "age-resnet50"


def run_of(number: int):
    return mlflow.get_run(find(MODEL, str(number)).run_id)


def test_an_original_has_no_score_without_a_reference_which_scores_one(untouched):
    original, reference = run_of(1).data.metrics, run_of(2).data.metrics
    assert not {"Utility", "Forgetting", "F"} & original.keys()
    assert original["test_mae"] > 0
    assert (reference["Utility"], reference["Forgetting"], reference["F"]) == (1, 1, 1)


def test_what_lies_in_a_store_on_this_machine_is_read_where_it_lies(untouched):
    info = run_of(1).info
    place = Path(local_file_uri_to_path(info.artifact_uri))
    assert runs.download(info.run_id, PREDICTION_TABLE) == place / PREDICTION_TABLE


def test_every_epoch_of_every_member_is_logged_with_its_step(untouched):
    client = mlflow.MlflowClient()
    for seed in (0, 1):
        for name in ("train_mae", "validation_mae", "images_per_second"):
            history = client.get_metric_history(run_of(1).info.run_id, f"seed-{seed}/{name}")
            assert [point.step for point in history] == [1, 2]


def test_the_error_on_the_forget_set_and_memory_left_are_logged_by_epoch_beside_train_and_validation(untouched):
    client, unlearned = mlflow.MlflowClient(), mlflow.get_run(run_of(4).data.tags["mlflow.parentRunId"])
    tables = {number: predictions_of(find(MODEL, number)) for number in ("1", "2", "4")}
    forget = of_version(find(MODEL, "4"))
    errors = {number: [] for number in tables}
    for number, table in tables.items():
        rows = table[table.id.isin(forget.ids)]
        errors[number] = [float((rows[f"member_{seed}"] - rows.age).abs().mean()) for seed in (0, 1)]
    original, retrained = (sum(errors[number]) / 2 for number in ("1", "2"))
    for seed in (0, 1):
        points = client.get_metric_history(unlearned.info.run_id, f"seed-{seed}/forget_mae")
        assert [point.step for point in points] == [1, 2]
        assert points[-1].value == pytest.approx(errors["4"][seed], rel=1e-4)
        left = unlearned.data.metrics.get(f"seed-{seed}/forget_memory_left", math.nan)
        assert left == pytest.approx(share_left(retrained, points[-1].value, original), rel=1e-4, nan_ok=True)


def test_people_see_how_wrong_a_version_is_at_every_age(untouched):
    table = runs.read_table(find(MODEL, "4").run_id, "errors_by_age.csv")
    assert table.columns.tolist() == ["split", "ages", "faces", "mae", "mean_error"]
    assert table.faces.sum() == len(predictions_of(find(MODEL, "4")))
    assert {"20-24", "55-59"} <= set(table.ages)


def test_a_run_says_what_it_was_made_from_and_versions_of_one_optimisation_are_children_of_one_run(untouched):
    run = run_of(4)
    assert {"code.digest", "code.commit", "packages", "step"} <= run.data.tags.keys()
    assert f"torch=={metadata.version('torch')} " in run.data.tags["packages"]
    assert run.data.params["method.lr"] == str(METHODS["ft"].lr)
    assert run.data.params["unlearn.forget_set"] == "20-28"
    assert run_of(3).data.tags["mlflow.parentRunId"] == run_of(4).data.tags["mlflow.parentRunId"]
    assert "RUNNING" not in {run.info.status for run in mlflow.search_runs(output_format="list")}


def test_runs_that_made_nothing_have_names_and_can_be_left_out(store, monkeypatch):
    client = mlflow.MlflowClient()
    for act, name in ((lambda: reasons.tag_failure("a slip"), "refused methods"), (reasons.tag_look, "methods")):
        stub = client.create_run("0", tags={"mlflow.project.entryPoint": "methods"}).info.run_id
        monkeypatch.setenv("MLFLOW_RUN_ID", stub)
        act()
        assert client.get_run(stub).info.run_name == name
    monkeypatch.setenv("MLFLOW_RUN_ID", client.create_run("0", run_name="somebody's").info.run_id)
    reasons.tag_look()
    monkeypatch.delenv("MLFLOW_RUN_ID")
    with pytest.raises(InputError), runs.run("train", "failed"):
        raise InputError("the reason")
    found = mlflow.search_runs(filter_string="tags.kind IS NULL", output_format="list")
    assert {run.info.run_name for run in found} == {"failed", "somebody's"}


def test_what_is_not_a_number_is_not_logged(store):
    with runs.run("test", "gaps") as active:
        runs.log_numbers({"known": 1.0, "unknown": math.nan})
    assert mlflow.get_run(active.info.run_id).data.metrics == {"known": 1.0}


def test_the_folder_of_the_faces_is_told_by_its_name_alone_and_as_it_would_be_typed(store):
    with runs.run("test", "ends"):
        mlflow.log_params({"data_dir": "'/home/ann/my faces'", "seeds": "0"})
        mlflow.set_tag("found", "so")
    [found] = finished.find_by_tags({"found": "so"})
    assert found["command"] == "mlflow run . -e test -P data_dir='my faces' -P seeds=0"


def _fail_late(mark: str) -> None:
    with runs.run("test", "fails"):
        finished.mark_finished(mark)
        raise InputError("late")


def test_a_finished_run_is_found_by_its_inputs_and_no_failed_one(store):
    mark = finished.fingerprint("test", seed=1)
    with pytest.raises(InputError):
        _fail_late(mark)
    assert finished.find_finished(mark) is None
    with runs.run("test", "ends") as active:
        finished.mark_finished(mark, made="this")
    assert finished.find_finished(mark) == {"run_id": active.info.run_id, "made": "this"}
    assert finished.find_finished(finished.fingerprint("test", seed=2)) is None
