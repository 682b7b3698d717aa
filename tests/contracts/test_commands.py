"""A command that a sentence suggests can be pasted: its entry point and parameters exist, and a shell reads what was meant."""

import ast
import re
import shlex
import sys
from pathlib import Path

import pytest
import yaml

from places import ROOT
from unlearning.commands import MODEL_NAME, as_typed, command, spelt

PACKAGE = ROOT / "src" / "unlearning"
BUILT = f"mlflow-{'0a1b2c3d' * 5}"
# Texts for readers of the documentation, who have not run anything yet, and what was typed once, as MLflow remembers it.
STAYS = {Path("purge/report.py")}  # the proof of a purge, which is read later
TEXTS = {"method_cards.py", "finished.py", "commands.py"}


def entry_points() -> dict[str, set[str]]:
    content = yaml.safe_load((ROOT / "MLproject").read_text())["entry_points"]
    return {name: set(entry.get("parameters", {})) for name, entry in content.items()}


def calls() -> list[tuple[str, ast.Call]]:
    trees = {path.name: ast.parse(path.read_text()) for path in PACKAGE.rglob("*.py")}
    nodes = [(name, node) for name, tree in trees.items() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [(name, node) for name, node in nodes if isinstance(node.func, ast.Name) and node.func.id == "command"]


def test_every_suggestion_names_an_entry_point_and_parameters_that_there_are():
    known, found = entry_points(), calls()
    assert len(found) > 20
    for file, call in found:
        entry = call.args[0].value
        assert entry in known, f"{file}: {entry}"
        own = {keyword.arg for keyword in call.keywords if keyword.arg} | ({"name"} if len(call.args) > 1 else set())
        assert own <= known[entry], f"{file}: {entry} has no {own - known[entry]}"


def test_no_sentence_spells_a_command_by_itself():
    spelt = re.compile(r"mlflow run [.\"]")
    assert {path.name for path in PACKAGE.rglob("*.py") if spelt.search(path.read_text())} <= TEXTS


def test_a_shell_reads_the_value_that_was_meant_and_the_default_model_is_not_said():
    for value in ("20-28 & gender:1", "it's $HOME", "F > 0.9, mia < 1", "", "`ls`"):
        words = shlex.split(command("unlearn", "o'brien", forget_set=value, force=True))
        assert words[:6] == ["mlflow", "run", ".", "-e", "unlearn", "-P"]
        assert words[6:11:2] == [f"forget_set={value}", "force=true", "name=o'brien"]
    assert MODEL_NAME not in command("status", MODEL_NAME)
    assert command("status", "other") == command("status").replace("status", "status -P name=other", 1)


@pytest.mark.parametrize(
    ("folder", "file", "content", "manager"),
    [
        ("venv", "pyvenv.cfg", "home = /usr/bin", ["--env-manager", "local"]),
        (BUILT, "pyvenv.cfg", "home = /usr/bin\nuv = 0.9.1", ["--env-manager", "uv"]),
        (BUILT, "conda-meta/history", "", []),
        (f"{BUILT}-{'b' * 40}", "conda-meta/history", "", []),
        ("mlflow-dev", "conda-meta/history", "", ["--env-manager", "local"]),
    ],
)
def test_the_environment_is_the_one_that_the_run_was_in(tmp_path, monkeypatch, folder, file, content, manager):
    path = tmp_path / folder / file
    path.parent.mkdir(parents=True)
    path.write_text(content)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / folder))
    assert shlex.split(command("status"))[5:] == manager


def test_whoever_typed_the_console_command_is_answered_with_it(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/env/bin/age-unlearning", "status"])
    assert command("unlearn", "other", forget_set="file:a b.csv", force=True) == (
        "age-unlearning unlearn --forget_set 'file:a b.csv' --force true --name other"
    )
    assert spelt(gates="F > 1", batch=True) == "--gates 'F > 1' --batch true"
    assert as_typed("give a file, as -P out='a b.onnx', or with -P data=") == "give a file, as --out 'a b.onnx', or with --data"


def test_what_is_added_to_a_command_is_spelt_as_the_command_is():
    assert spelt(gates="F > 1", batch=True) == "-P gates='F > 1' -P batch=true"
    said = {path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if re.search(r"\"[^\"\n]*-P \w+=", path.read_text())}
    assert {path for path in said if path.parts[0] in ("registry", "requests", "purge", "versions", "repair")} <= STAYS
