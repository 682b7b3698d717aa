"""The docs name what there is: pages, headings and files."""

import re

import pytest

from places import ROOT

PAGES = [*(ROOT / name for name in ("README.md", "CONTRIBUTING.md")), *sorted((ROOT / "docs").glob("*.md"))]
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
