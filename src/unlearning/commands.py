"""The commands that sentences suggest: complete, and quoted so that they can be pasted into a shell."""

import re
import shlex
import sys
from collections.abc import ItemsView
from pathlib import Path

MODEL_NAME = "age-resnet50"
BUILT_BY_MLFLOW = re.compile(r"mlflow(-[0-9a-f]{40}){1,2}")
CONSOLE = "age-unlearning"
PARAMETER, OPTION = "-P {}={}", "--{} {}"
GIVEN = re.compile(r"-P (\w+)(=?)")


def name_for(target: str, usual: str = MODEL_NAME) -> str:
    """What the registered model of a target is called where nobody says otherwise: age-resnet50, gender-resnet50."""
    return usual.replace("age", target, 1)


def command(entry: str, name: str = MODEL_NAME, **values) -> str:
    """What to type for an entry point; the registered model is said where it is not the default.

    A value of ``...`` or a word in capitals stands for what only the user knows.
    """
    if _is_console():
        return typed(entry, name, **values)
    return " ".join([f"mlflow run . -e {entry}", *_written(PARAMETER, _named(name, values))]) + _environment()


def typed(entry: str, name: str = MODEL_NAME, **values) -> str:
    """The same for the console command, whoever types it."""
    return " ".join([f"{CONSOLE} {entry}", *_written(OPTION, _named(name, values))])


def spelt(**values) -> str:
    """Settings to be added to the command that was typed, in its own spelling."""
    return " ".join(_written(OPTION if _is_console() else PARAMETER, values.items()))


def as_typed(sentence: str) -> str:
    """A sentence whose ``-P name=value`` whoever typed the console command reads as ``--name value``."""
    return GIVEN.sub(lambda found: f"--{found[1]}{found[2] and ' '}", sentence).rstrip() if _is_console() else sentence


def _is_console() -> bool:
    return Path(sys.argv[0]).name == CONSOLE


def _written(form: str, values: ItemsView) -> list[str]:
    return [form.format(key, shlex.quote(_text(value))) for key, value in values]


def _named(name: str, values: dict) -> ItemsView:
    return (values if name == MODEL_NAME else values | {"name": name}).items()


def _text(value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _environment() -> str:
    """The environment that this process runs in; MLflow calls those that it builds ``mlflow-`` and one or two hashes."""
    prefix = Path(sys.prefix)
    if not BUILT_BY_MLFLOW.fullmatch(prefix.name):
        return " --env-manager local"
    if (prefix / "conda-meta").is_dir():
        return ""  # the default of a project with a conda.yaml
    made_by_uv = "uv = " in (prefix / "pyvenv.cfg").read_text(encoding="utf-8")
    return f" --env-manager {'uv' if made_by_uv else 'virtualenv'}"
