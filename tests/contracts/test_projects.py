"""MLproject, the options of the entry points, and the lists of dependencies say the same."""

import importlib
import re
import subprocess
import sys
import tomllib

import click
import pytest
import yaml

from places import ROOT
from tools.mlproject import PAGE, mlproject, options

ENTRIES = yaml.safe_load((ROOT / "MLproject").read_text())["entry_points"]
NAMES = [
    *("main", "prepare", "train", "retrain", "unlearn", "tune", "evaluate", "compare", "promote", "rollback", "status"),
    *("repair", "request", "process", "certify", "verify", "key", "purge", "methods", "experiment", "report", "crossfit"),
    *("predict", "serve", "export", "web", "explain"),
]
KINDS = {"int": int, "float": float, "string": str}


def command(name: str) -> click.Command:
    return importlib.import_module(f"entrypoints.{name}").main


def test_mlproject_and_the_page_of_options_are_what_make_docs_writes_from_the_documented_entry_points():
    assert list(ENTRIES) == NAMES
    text = (ROOT / "MLproject").read_text()
    assert mlproject(text) == text
    assert PAGE.read_text() == options(), "an option changed: make docs"


@pytest.mark.parametrize("name", NAMES)
def test_the_command_passes_every_parameter_once_and_unquoted_and_every_option_has_help_that_ends(name):
    passed = re.findall(r"--(\w+) (\S+)", ENTRIES[name]["command"])
    assert [(key, value) for key, value in passed] == [(key, f"{{{key}}}") for key in ENTRIES[name]["parameters"]]
    assert ENTRIES[name]["command"].startswith(f'PYTHONPATH="$PWD/src" python -m entrypoints.{name} ')
    assert command(name).help
    for parameter in command(name).params:
        assert not isinstance(parameter, click.Option) or parameter.help.endswith("."), parameter.name


def test_help_needs_no_heavy_library():
    heavy = {"torch", "timm", "mlflow", "pandas", "sklearn"}
    code = f"import importlib, sys\nfor name in {NAMES}:\n    importlib.import_module(f'entrypoints.{{name}}')\n"
    code += f"    assert not {heavy} & set(sys.modules), name"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={"PYTHONPATH": "src"}, check=True)


def pip_list() -> list[str]:
    conda = yaml.safe_load((ROOT / "conda.yaml").read_text())
    return next(part["pip"] for part in conda["dependencies"] if isinstance(part, dict))


def test_conda_and_pyproject_list_the_same_packages_which_are_installed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert pip_list() == project["dependencies"]
    from importlib.metadata import version

    for line in pip_list():
        name, wanted = line.split("==")
        assert version(name).split("+")[0] == wanted, name


def test_make_installs_the_lock_and_the_command():
    recipe = (ROOT / "Makefile").read_text()
    assert "--requirements requirements.lock" in recipe
    assert "--no-deps --no-build-isolation --offline --editable ." in recipe


def test_every_third_party_import_is_a_listed_dependency():
    from importlib.metadata import packages_distributions

    from test_layers import FILES, imports

    files = [*FILES, *(ROOT / "entrypoints").glob("*.py")]
    top = {name.split(".")[0] for path in files for name in imports(path)} - {"unlearning", "entrypoints"}
    outside = top - set(sys.stdlib_module_names)
    listed = {line.split("==")[0].replace("-", "_") for line in pip_list()}
    owners = {name: {owner.lower().replace("-", "_") for owner in of} for name, of in packages_distributions().items()}
    optional = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    extras = {line.split("==")[0] for extra in optional.values() for line in extra}
    missing = {name for name in outside - extras if not owners[name] & (listed | {"mlflow_skinny"})}
    assert not missing


def test_the_lock_holds_what_the_project_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    asked = {*project["project"]["dependencies"], *project["dependency-groups"]["dev"], *extras["server"]}
    locked = set((ROOT / "requirements.lock").read_text().split())
    assert {re.sub(r"\[.*\]", "", line) for line in asked} <= locked
