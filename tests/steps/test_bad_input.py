"""Whatever a user gets wrong ends in one sentence, a non-zero status, and the registry as it was."""

import importlib
from dataclasses import asdict
from pathlib import Path

import mlflow
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import save_file

from unlearning.data.drawn import draw_folder
from unlearning.tracking import registry

MODEL = "age-resnet50"


def other_pictures(folder: Path) -> str:
    return str(draw_folder(folder / "pictures", 40, 7, (20, 60)))


def no_faces(folder: Path) -> str:
    (folder / "texts").mkdir()
    (folder / "texts" / "readme.txt").write_text("no face")
    return str(folder / "texts")


def empty_folder(folder: Path) -> str:
    (folder / "empty").mkdir()
    return str(folder / "empty")


def wrong_weights(folder: Path) -> str:
    save_file({"conv1.0.weight": torch.zeros(1, 2, 3, 4)}, folder / "wrong.safetensors")
    return str(folder / "wrong.safetensors")


SMALL = ["--arch", "test_resnet", "--image_size", "32", "--drawn_faces", "160", "--epochs", "1"]

CASES = {
    "missing data folder": ("train", ["--data_dir", "nowhere"], ["nowhere", "does not exist", "data_dir="]),
    "empty data folder": ("prepare", ["--data_dir", empty_folder], ["is empty", "data_dir="]),
    "no usable face": ("train", ["--data_dir", no_faces], ["0 usable faces", "timestamp"]),
    "unknown method": ("unlearn", ["--method", "fft"], ["'fft'", "did you mean 'ft'", "legal: ft, rnd"]),
    "unknown methods of main": ("main", ["--methods", "ft,xyz"], ["'xyz'", "legal: ft, rnd"]),
    "unknown parameter": ("train", ["--imagesize", "32"], ["No such option", "--image_size"]),
    "unknown setting of a method": ("unlearn", ["--params", "rate=1"], ["'rate=1'", "legal: lr="]),
    "setting of a wrong type": ("unlearn", ["--params", "lr=fast"], ["lr='fast'", "float"]),
    "unknown arch": ("train", ["--arch", "resnet5"], ["unknown arch 'resnet5'", "did you mean", "legal:"]),
    "unknown preset": ("train", ["--preset", "stdy"], ["unknown preset 'stdy'", "legal: study, scratch"]),
    "unknown optimizer": ("train", ["--optimizer", "sgdx"], ["optimizer='sgdx'", "legal: adam, adamw"]),
    "learning rate zero": ("train", ["--lr", "0"], ["lr=0.0", "legal"]),
    "learning rate no number": ("train", ["--lr", "fast"], ["'fast' is not a number"]),
    "unknown output": ("train", ["--output", "softmax"], ["output='softmax'", "legal: sigmoid, linear"]),
    "unknown alias": ("promote", ["--version", "ft-20-28-e9"], ["'ft-20-28-e9'", "did you mean", "legal:"]),
    "unknown version": ("evaluate", ["--version", "99"], ["'99'", "a number from 1, 2, 3, 4"]),
    "unknown model name": ("status", ["--name", "age-resnet51"], ["'age-resnet51'", "mlflow run . -e train"]),
    "unknown start": ("unlearn", ["--model", "models:/other/1"], ["'other'", "mlflow run . -e train"]),
    "unparsable forget set": ("unlearn", ["--forget_set", "young"], ["'young'", "20-28", "group:0"]),
    "unknown group": ("retrain", ["--forget_set", "group:5"], ["'group:5'", "group:0 .. group:4"]),
    "forget set backwards": ("retrain", ["--forget_set", "28-20"], ["'28-20'", "20-28"]),
    "empty forget set": ("retrain", ["--forget_set", "70-80"], ["70-80 is empty", "the ages in the data are 20-60"]),
    "nothing to retain": ("retrain", ["--forget_set", "20-60"], ["leaves nothing to retain"]),
    "no reference": (
        "unlearn",
        ["--forget_set", "36-44"],
        ["no retrained reference", "mlflow run . -e retrain -P forget_set=36-44"],
    ),
    "score without reference": ("evaluate", ["--forget_set", "36-44"], ["mlflow run . -e retrain -P forget_set=36-44"]),
    "epochs zero": ("unlearn", ["--epochs", "0"], ["epochs='0'", "whole numbers from 1"]),
    "epochs negative": ("unlearn", ["--epochs", "-1"], ["epochs='-1'", "whole numbers from 1"]),
    "epochs with a letter": ("unlearn", ["--epochs", "2,x"], ["epochs='2,x'", "as 2,4,8"]),
    "epochs twice": ("unlearn", ["--epochs", "2,2"], ["twice"]),
    "training epochs zero": ("train", ["--epochs", "0"], ["epochs=0", "legal"]),
    "retraining epochs negative": ("retrain", ["--epochs", "-2"], ["epochs=-2", "legal"]),
    "seeds twice": ("train", ["--seeds", "1,1"], ["seeds='1,1'", "twice"]),
    "seeds of letters": ("train", ["--seeds", "a"], ["seeds='a'", "legal"]),
    "image size zero": ("train", ["--image_size", "0"], ["image_size=0", "legal: 16 to 1024"]),
    "ages the wrong way round": ("train", ["--min_age", "50", "--max_age", "40"], ["min_age=50", "max_age=40"]),
    "weights of another shape": (
        "train",
        [*SMALL, "--weights", wrong_weights],
        ["do not fit test_resnet", "conv1.0.weight has shape (1, 2, 3, 4)"],
    ),
    "missing weights": ("train", [*SMALL, "--weights", "none.pt"], ["none.pt does not exist", "weights=FILE"]),
    "pretrained and weights": ("train", ["--pretrained", "true", "--weights", "a.pt"], ["exclude each other"]),
    "alpha zero": ("evaluate", ["--alpha", "0"], ["'0' is not a number above 0"]),
    "alpha no number": ("unlearn", ["--alpha", "nan"], ["'nan' is not a number above 0"]),
    "missing weights of main": ("main", ["--weights", "none.pt"], ["none.pt does not exist"]),
    "half precision without a GPU": ("train", [*SMALL, "--precision", "16-mixed"], ["16-mixed", "legal"]),
    "name with a slash": ("train", ["--name", "a/b"], ["name='a/b'", "legal"]),
    "cache that cannot be written": ("train", ["--data_dir", other_pictures], ["the system says"]),
    "promoting the original": ("promote", ["--version", "original"], ["not an unlearned version", "mlflow run . -e status"]),
    "unreadable gate": ("promote", ["--version", "3", "--gates", "F is good"], ["'F is good'", "legal"]),
    "unknown metric in a gate": (
        "promote",
        ["--version", "3", "--gates", "Utilty > 1"],
        ["'Utilty'", "did you mean 'Utility'"],
    ),
    "no gate": ("promote", ["--version", "3", "--gates", ""], ["names no gate"]),
    "failing gate": ("promote", ["--version", "3", "--gates", "F > 99"], ["not promoted", "F > 99", "force=true"]),
    "unknown format": ("status", ["--format", "xml"], ["'xml'", "'json'"]),
}


def registry_as_it_is() -> list[dict]:
    return [asdict(version) for version in registry.versions(MODEL)]


def run_entry(name: str, arguments: list[str]):
    return CliRunner().invoke(importlib.import_module(f"entrypoints.{name}").main, arguments)


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
def test_bad_input_ends_in_a_sentence(case, trained, monkeypatch):
    entry, arguments, words = CASES[case]
    before = registry_as_it_is()
    if case.startswith("cache"):
        (trained / "file").touch()
        monkeypatch.setenv("UNLEARNING_CACHE", str(trained / "file"))
    given = [argument(trained) if callable(argument) else argument for argument in arguments]
    assert_one_sentence(run_entry(entry, given), words)
    assert registry_as_it_is() == before


def test_a_champion_trained_on_other_data_is_not_mixed_with_the_reference(trained):
    assert run_entry("train", [*SMALL[:-2], "--epochs", "1", "--split_seed", "5"]).exit_code == 0
    before = registry_as_it_is()
    digests = [registry.find(MODEL, alias).tag("data_digest") for alias in ("original", "retrained-20-28")]
    for entry in ("unlearn", "evaluate"):
        assert_one_sentence(run_entry(entry, ["--forget_set", "20-28"]), [*digests, "mlflow run . -e retrain"])
    assert registry_as_it_is() == before


def test_a_folder_that_changed_since_training_is_named_with_both_digests(trained):
    folder = Path(other_pictures(trained))
    assert run_entry("train", [*SMALL, "--data_dir", str(folder)]).exit_code == 0
    trained_on = registry.find(MODEL, "original").tag("data_digest")
    gone = sorted(folder.glob("*.jpg"))[0]
    gone.unlink()
    assert_one_sentence(run_entry("retrain", []), [f"trained on data {trained_on}", "now gives data", str(folder)])
    folder.rename(folder.with_name("elsewhere"))
    assert_one_sentence(run_entry("retrain", []), [trained_on, "now there is none", str(folder), "does not exist"])


def test_a_version_that_is_not_ours_is_refused(trained):
    foreign = mlflow.pyfunc.log_model(name="foreign", python_model=_Foreign(), pip_requirements=["mlflow"])
    made = mlflow.register_model(foreign.model_uri, MODEL)
    before = registry_as_it_is()
    for entry, option in (("unlearn", "--model"), ("evaluate", "--version"), ("promote", "--version")):
        result = run_entry(entry, [option, str(made.version)])
        assert_one_sentence(result, ["not made by this project", "mlflow run . -e status"])
    assert registry_as_it_is() == before


class _Foreign(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input: list[str], params=None) -> list[str]:
        return model_input


def test_an_old_file_store_is_named(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "mlruns" / "0").mkdir(parents=True)
    (tmp_path / "mlruns" / "0" / "meta.yaml").write_text("experiment_id: '0'\n")
    assert_one_sentence(run_entry("status", []), ["meta.yaml", "mlflow migrate-filestore"])


def test_a_server_that_does_not_answer_is_named(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    assert_one_sentence(run_entry("status", []), ["http://127.0.0.1:9", "does not answer"])


def test_a_failed_step_leaves_a_failed_run_with_the_reason(trained):
    run_entry("unlearn", ["--forget_set", "36-44"])
    newest = mlflow.search_runs(search_all_experiments=True, max_results=1, order_by=["start_time DESC"], output_format="list")[
        0
    ]
    assert newest.info.status == "FAILED"
    assert "retrain -P forget_set=36-44" in newest.data.tags["failure"]
