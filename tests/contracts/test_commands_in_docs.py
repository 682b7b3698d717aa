"""Whatever README and docs tell to type is a command with options that there are, and values that are legal by themselves."""

import importlib
import re
from itertools import pairwise

import click
import pytest

from places import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"(?<![\w/-])(mlflow run \.(?: -e ([\w-]+))?(?= |`|$)|age-unlearning ([a-z]+)(?= |`|$))([^`]*)")
NEXT = re.compile(r"(?<![\w/-])(?:mlflow run \.|age-unlearning [a-z])|\s#\s")
PARAMETER, OPTION = re.compile(r"-P [\"']?(\w+)="), re.compile(r"(?<!\S)--([a-z_]+)")
OTHERS = {"audit", "requests", "sample", "servers"}  # `age-unlearning requests` is an experiment of MLflow, and so on


def typed(text: str) -> list[tuple[str, list[str]]]:
    """(entry point, names of its options) of every command of a page."""
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        starts = [match.start() for match in NEXT.finditer(line)] + [len(line)]
        for start, end in pairwise(starts):
            if match := COMMAND.match(line[start:end]):
                _, entry, console, rest = match.groups()
                names = OPTION.findall(rest) if console else PARAMETER.findall(rest)
                found.append((console or entry or "main", [name for name in names if name != "help"]))
    return found


def options_of(entry: str) -> set[str]:
    command = importlib.import_module(f"entrypoints.{entry}").main
    return {param.name for param in command.params if isinstance(param, click.Option)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_tells_to_type_has_the_options_that_it_gives(page):
    entries = {path.stem for path in (ROOT / "entrypoints").glob("*.py")}
    wrong = []
    for entry, names in typed(page.read_text()):
        if entry in OTHERS or entry.isupper():
            continue
        if entry not in entries:
            wrong.append(f"there is no command {entry}")
            continue
        wrong += [f"{entry} has no option {name}" for name in names if name not in options_of(entry)]
    assert wrong == []


def test_a_command_that_there_is_not_and_a_wrong_option_are_noticed():
    text = '`mlflow run . -e unlearn -P metod=ft` and `age-unlearning staus --check true`, mlflow run . -P "forget_set=20 & x"'
    assert typed(text) == [("unlearn", ["metod"]), ("staus", ["check"]), ("main", ["forget_set"])]
    assert "metod" not in options_of("unlearn")
    assert len(typed((ROOT / "README.md").read_text())) > 10
