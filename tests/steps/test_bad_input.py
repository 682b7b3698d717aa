"""Whatever a user gets wrong ends in one sentence, a non-zero status, and the registry as it was."""

from dataclasses import asdict
from pathlib import Path

import mlflow
import pytest

from typed import typed
from unlearning.data.drawn import draw_folder
from unlearning.registry.lookup import all_versions, find

MODEL = "age-resnet50"


def other_pictures(folder: Path) -> str:
    return str(draw_folder(folder / "pictures", 40, 7, (20, 60)))


SMALL = ["--arch", "test_resnet", "--image_size", "32", "--drawn_faces", "160", "--epochs", "1"]
SHORT = [*SMALL[:-2], "--train_epochs", "1"]

CASES = {
    "missing data folder": ("train", ["--data_dir", "nowhere"], ["nowhere", "does not exist", "data_dir="]),
    "a threshold that no picture meets": (
        "prepare",
        [*SMALL[2:-2], "--min_sharpness", "99999"],
        ["160 of 160 files", "sharpness N is below N (160)", "accept_rejects=true"],
    ),
    "unknown alias": ("promote", ["--version", "ft-20-28-e9"], ["'ft-20-28-e9'", "did you mean", "legal:"]),
    "unknown version": ("evaluate", ["--version", "99"], ["'99'", "a number from 1, 2, 3, 4"]),
    "unknown model name": ("status", ["--name", "age-resnet51"], ["'age-resnet51'", "mlflow run . -e train"]),
    "unknown start": ("unlearn", ["--model", "models:/other/1"], ["'other'", "mlflow run . -e train"]),
    "empty forget set": ("retrain", ["--forget_set", "70-80"], ["70-80 is empty", "the ages in the data are 20-60"]),
    "empty forget set of main": ("main", [*SHORT, "--forget_set", "70-80"], ["70-80 is empty", "the data are 20-60"]),
    "a size for no network": ("train", ["--arch", "dla34", "--image_size", "50", "--data_dir", "nowhere"], ["image_size=64"]),
    "cache that cannot be written": ("train", ["--data_dir", other_pictures], ["the system says"]),
    "promoting the original": ("promote", ["--version", "original"], ["not an unlearned version", "mlflow run . -e status"]),
}


def registry_as_it_is() -> list[dict]:
    return [asdict(version) for version in all_versions(MODEL)]


def assert_one_sentence(result, words: list[str]) -> None:
    assert result.exit_code not in (0, None)
    assert isinstance(result.exception, SystemExit), result.exception
    said = [line for line in result.output.splitlines() if line.startswith("Error: ")]
    assert len(said) == 1, result.output
    message = " ".join(result.output[result.output.index("Error: ") :].split())
    for word in words:
        assert word in message, message
    assert "Traceback" not in result.output


@pytest.mark.parametrize("case", CASES)
def test_bad_input_ends_in_a_sentence(case, untouched, monkeypatch):
    """What can be refused without a store stands in tests/contracts/test_refusals.py, each sentence with its room."""
    entry, arguments, words = CASES[case]
    if case.startswith("cache"):
        (untouched / "file").touch()
        monkeypatch.setenv("UNLEARNING_CACHE", str(untouched / "file"))
    given = [argument(untouched) if callable(argument) else argument for argument in arguments]
    assert_one_sentence(typed(entry, *given), words)


@pytest.mark.slow
def test_a_champion_trained_on_other_data_is_not_mixed_with_the_reference(trained):
    assert typed("train", *SMALL[:-2], "--epochs", "1", "--split_seed", "5").exit_code == 0
    before = registry_as_it_is()
    digests = [find(MODEL, alias).tag("data_digest") for alias in ("original", "retrained-20-28")]
    for entry in ("unlearn", "evaluate"):
        assert_one_sentence(typed(entry, "--forget_set", "20-28"), [*digests, "mlflow run . -e retrain"])
    assert registry_as_it_is() == before


@pytest.mark.slow
def test_a_folder_that_changed_since_training_is_named_with_both_digests(trained):
    folder = Path(other_pictures(trained))
    assert typed("train", *SMALL, "--data_dir", str(folder)).exit_code == 0
    trained_on = find(MODEL, "original").tag("data_digest")
    gone = sorted(folder.glob("*.jpg"))[0]
    gone.unlink()
    assert_one_sentence(typed("retrain"), [f"trained on data {trained_on}", "now gives data", str(folder)])
    folder.rename(folder.with_name("elsewhere"))
    assert_one_sentence(typed("retrain"), [trained_on, "now there is none", str(folder), "does not exist"])


def test_a_version_that_is_not_ours_is_refused(trained):
    foreign = mlflow.pyfunc.log_model(name="foreign", python_model=_Foreign(), pip_requirements=["mlflow"])
    made = mlflow.register_model(foreign.model_uri, MODEL)
    before = registry_as_it_is()
    for entry, option in (("unlearn", "--model"), ("evaluate", "--version"), ("promote", "--version")):
        assert_one_sentence(typed(entry, option, str(made.version)), ["not made by this project", "mlflow run . -e status"])
    assert registry_as_it_is() == before


class _Foreign(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input: list[str], params=None) -> list[str]:
        return model_input


def test_an_old_file_store_is_named(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "mlruns" / "0").mkdir(parents=True)
    (tmp_path / "mlruns" / "0" / "meta.yaml").write_text("experiment_id: '0'\n")
    assert_one_sentence(typed("status"), ["meta.yaml", "mlflow migrate-filestore"])


def test_a_failed_step_leaves_a_failed_run_with_the_reason(untouched):
    typed("unlearn", "--forget_set", "36-44")
    (newest, *_) = mlflow.search_runs(search_all_experiments=True, order_by=["start_time DESC"], output_format="list")
    assert newest.info.status == "FAILED"
    assert "retrain -P forget_set=36-44" in newest.data.tags["failure"]
