"""What can be refused without PyTorch and MLflow is refused without them: nobody waits for imports to read of a slip."""

import json
import os
import subprocess
import sys

from places import ROOT
from registered import fill

SLIPS = [
    (["unlearn", "--method", "fft"], "did you mean 'ft'"),
    (["unlearn", "--params", "rate=1"], "'rate=1' is no setting of ft"),
    (["unlearn", "--method", "retrain", "--epochs", "2"], "epochs=2: retrain makes no passes"),
    (["unlearn", "--forget_set", "young"], "'young' is no rule"),
    (["retrain", "--forget_set", "28-20"], "ends before it begins"),
    (["unlearn", "--epochs", "2,x"], "epochs='2,x' cannot be read"),
    (["retrain", "--epochs", "0"], "epochs=0 is not possible"),
    (["tune", "--method", "nope"], "unknown method 'nope'"),
    (["tune", "--objective", "f"], "unknown objective 'f'"),
    (["tune", "--epochs", "2,4"], "one number of epochs"),
    (["process", "--method", "nope"], "unknown method 'nope'"),
    (["process", "--epochs", "2,4"], "a request is served by one version"),
    (["process", "--gates", "Utilty > 1"], "did you mean 'Utility'"),
    (["promote", "--version", "3", "--gates", "F is good"], "'F is good' cannot be read"),
    (["main", "--methods", "ft,nope"], "unknown method 'nope'"),
    (["main", "--forget_set", "young"], "'young' is no rule"),
    (["main", "--gates", ","], "names no gate"),
    (["train", "--preset", "stdy"], "unknown preset 'stdy'"),
    (["train", "--optimizer", "sgdx"], "optimizer='sgdx' is unknown"),
    (["prepare", "--stratify", "x"], "stratify='x' is not known"),
    (["evaluate", "--audit", "all"], "unknown audit 'all'"),
    (["evaluate", "--forget_set", "young"], "'young' is no rule"),
    (["evaluate", "--version", ","], "names none"),
    (["compare", "--versions", "original"], "give two or more"),
    (["explain", "--versions", ","], "names none"),
    (["explain", "--faces", "9"], "9 is not in the range x>=10"),
    (["experiment", "--study", "nope"], "unknown study 'nope'"),
    (["experiment", "--preset", "nope"], "unknown preset 'nope'"),
    (["experiment", "--spread", "nope"], "unknown spread 'nope'"),
    (["report", "--preset", "nope"], "unknown preset 'nope'"),
    (["request", "--forget_set", "20-28", "--deadline", "soon"], "deadline='soon' is no day"),
    (["repair", "--trust", "me"], "trust='me' is unknown"),
    (["methods", "--method", "nope"], "unknown method 'nope'"),
    (["web", "--path", "pages of mine"], "path='pages of mine' cannot be a page's"),
    (["certify", "--out", "person-17.html"], "its page is written beside it"),
    (["export", "--out", "age.pb"], "does not end in .onnx"),
    (["predict", "--data", ".", "--out", "ages.xlsx"], "give a file that ends in .parquet or .csv"),
    (["predict", "--data", "list.csv", "--out", "list.csv"], "is the list that is read"),
    (["predict", "--out", "a.csv"], "there is no FOLDER to predict; type: age-unlearning predict FOLDER --out ages.parquet"),
    (["predict", "one", "--data", "two"], "FOLDER (one) and --data (two) are the same twice; type one: age-unlearning predict"),
]
PROGRAM = """
import importlib, json, sys
from click.testing import CliRunner
said = []
for entry, *arguments in json.loads(sys.argv[1]):
    result = CliRunner().invoke(importlib.import_module(f"entrypoints.{entry}").main, arguments)
    assert isinstance(result.exception, SystemExit), result.exception
    said.append(result.output)
print(json.dumps([said, sorted({"torch", "mlflow"} & set(sys.modules))]))
"""


def refusals(commands, folder, **environment):
    """What commands say in a process of their own, and which of PyTorch and MLflow they have imported for it."""
    paths = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    command = [sys.executable, "-c", PROGRAM, json.dumps(commands)]
    done = subprocess.run(command, cwd=folder, env=paths | environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_a_slip_is_refused_before_anything_large_is_imported(tmp_path):
    said, imported = refusals([command for command, _ in SLIPS], tmp_path)
    for (command, words), sentence in zip(SLIPS, said, strict=True):
        assert words in " ".join(sentence.partition("Error: ")[2].split()), (command, sentence)
    assert imported == []


def test_a_version_that_there_is_not_is_refused_before_pytorch_is_imported(store):
    fill("age-resnet50")
    asked = [
        ["promote", "--version", "nope"],
        ["unlearn", "--model", "nope"],
        ["retrain", "--model", "nope"],
        ["tune", "--model", "nope"],
        ["evaluate", "--version", "1,nope"],
        ["compare", "--versions", "1,nope"],
        ["certify", "--version", "nope"],
        ["rollback", "--to", "nope", "--reason", "a test"],
        ["purge", "--version", "nope"],
        ["predict", "--data", ".", "--out", "ages.csv", "--model", "nope"],
        ["serve", "--follow", "nope"],
    ]
    said, imported = refusals(asked, store, MLFLOW_TRACKING_URI=os.environ["MLFLOW_TRACKING_URI"])
    assert [sentence for sentence in said if "has no version 'nope'" not in sentence] == []
    assert imported == ["mlflow"]
