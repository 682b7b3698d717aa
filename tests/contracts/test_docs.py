"""The docs name what there is: pages, headings, files, and commands with options that there are and values that are legal."""

import importlib
import re
from itertools import pairwise

import click
import pytest

from places import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r'\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"')


def anchors(page) -> set[str]:
    """What a link may name after the hash: headings in small letters, without signs, with hyphens."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading_that_there_is(page):
    for link in (first or second for first, second in LINK.findall(page.read_text())):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not link.startswith("http"):
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


def test_the_index_lists_every_page():
    listed = set(re.findall(r"\]\((\w+\.md)\)", (ROOT / "docs" / "index.md").read_text()))
    assert listed == {page.name for page in (ROOT / "docs").glob("*.md")} - {"index.md"}
    assert "](quickstart.ipynb)" in (ROOT / "docs" / "index.md").read_text()


def test_the_page_of_the_architecture_names_files_and_rooms_that_there_are():
    text, package = (ROOT / "docs" / "architecture.md").read_text(), ROOT / "src" / "unlearning"
    files = set(re.findall(r"`(\w+/\w+\.py)`", text))
    assert {name for name in files if not (package / name).exists()} == set()
    rooms = {path.parent.name for path in package.glob("*/**/__init__.py")}  # git leaves folders without a module behind
    assert set(re.findall(r"`(\w+)/`", text)) == rooms


def test_whatever_lies_in_results_is_made_again_or_the_command_that_makes_it_is_named():
    rebuild = (ROOT / "results" / "rebuild.sh").read_text()
    folders = [path.parent.name for path in (ROOT / "results").glob("*/commands.sh")]
    assert {name for name in folders if f"results/{name}" not in rebuild} == set()


def test_what_is_packed_for_a_machine_without_mlflow_is_locked():
    script = (ROOT / "benchmarks" / "gpu_study.sh").read_text()
    names = re.search(r"lacking=\((.*?)\)", script, re.DOTALL)[1].split()
    locked = {line.partition("==")[0] for line in (ROOT / "requirements.lock").read_text().splitlines()}
    assert {"mlflow-skinny", "sqlalchemy"} <= set(names) <= locked


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
