"""The script and the compose file that start a server agree with each other, with MLflow, and with the lists of packages."""

import configparser
import importlib
import re
import subprocess
import tomllib

import pytest
import yaml
from mlflow.cli import server

from places import ROOT

SCRIPT, COMPOSE = ROOT / "tools" / "server.sh", ROOT / "tools" / "compose.yaml"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SERVICES = yaml.safe_load(COMPOSE.read_text())


def command() -> list[str]:
    return SERVICES["services"]["server"]["command"]


def test_what_the_image_installs_is_what_the_project_lists_and_tests_with():
    pins = set(re.findall(r"\S+==\S+", SERVICES["services"]["server"]["build"]["dockerfile_inline"]))
    mlflow = [line for line in PROJECT["project"]["dependencies"] if line.startswith("mlflow==")]
    assert pins == {*mlflow, *PROJECT["project"]["optional-dependencies"]["server"]}
    assert set(PROJECT["project"]["optional-dependencies"]["server"]) <= set(PROJECT["dependency-groups"]["dev"])


@pytest.mark.parametrize("place", ["script", "compose file"])
def test_mlflow_has_every_option_that_the_server_is_started_with(place):
    known = {name for parameter in server.params for name in parameter.opts}
    typed = command() if place == "compose file" else re.findall(r"(?<![\w-])--[a-z-]+", _start_of_mlflow())
    options = {word.partition("=")[0] for word in typed if word.startswith("--")}
    assert {"--app-name", "--artifacts-destination", "--host", "--port", "--workers"} == options
    assert options <= known


def test_the_server_of_ages_has_every_option_that_it_is_started_with():
    _, _, module, *words = SERVICES["services"]["serve"]["command"]
    known = {name for parameter in importlib.import_module(module).main.params for name in parameter.opts}
    assert {word.partition("=")[0] for word in words} <= known
    assert "server:*" in SERVICES["services"]["server"]["environment"]["MLFLOW_SERVER_ALLOWED_HOSTS"], "it asks by that name"


def _start_of_mlflow() -> str:
    return re.search(r"mlflow server (--.*?)</dev/null", SCRIPT.read_text(), re.DOTALL).group(1)


def test_script_and_compose_file_give_users_the_same_rights():
    said = re.search(r"<<SETTINGS\n(.*?)\nSETTINGS", SCRIPT.read_text(), re.DOTALL).group(1)
    ours, theirs = configparser.ConfigParser(), configparser.ConfigParser()
    ours.read_string(said)
    theirs.read_string(SERVICES["configs"]["auth.ini"]["content"])
    assert {**ours["mlflow"], "database_uri": ""} == {**theirs["mlflow"], "database_uri": ""}


def test_no_service_is_started_without_what_it_needs():
    services, told = SERVICES["services"], SERVICES["configs"]
    used = {one["source"] for service in services.values() for one in service.get("configs", ())}
    assert used == told.keys()
    volumes = {one.partition(":")[0] for service in services.values() for one in service.get("volumes", ())}
    assert volumes == SERVICES["volumes"].keys()
    assert services["server"]["depends_on"].keys() == {"database"}
    secrets = set(re.findall(r"\$\{(\w+):\?", COMPOSE.read_text()))
    assert secrets == {"DATABASE_PASSWORD", "MLFLOW_AUTH_ADMIN_PASSWORD", "MLFLOW_FLASK_SERVER_SECRET_KEY"}


def test_the_script_is_one_that_bash_can_read():
    assert subprocess.run(["bash", "-n", SCRIPT], check=False).returncode == 0
