"""Every number of results/ in a table of the docs is the one that lies there.

A comment below a table or paragraph says where its numbers come from; people who read the page do not see it:

* ``<!-- results/never-seen/10-folds.csv -->``: the table is that file, or some of its rows and columns, cell by cell;
* ``<!-- results/FILE.csv where KEY=VALUE, ...``, then a line a number, ``5.95 = COLUMN where KEY=VALUE, ...``, then ``-->``:
  the numbers stand in the text above as they are rounded here; several rows are ``0, 0, 12``, in the order of the file;
* ``<!-- not in results/: why -->`` below a table whose numbers come from elsewhere.
"""

import re

import pandas as pd
import pytest

from places import ROOT

PAGES = [
    ROOT / name
    for name in (
        "README.md",
        "docs/results.md",
        "docs/audit.md",
        "docs/defaults.md",
        "docs/explain.md",
        "docs/requests.md",
        "docs/commands.md",
        "docs/registry.md",
        "docs/training.md",
    )
]
COMMENT = re.compile(r"<!-- (results/\S+)(?: where ([^\n]*?))?(?: -->|\n(.*?)-->)", re.DOTALL)
TABLE = re.compile(r"(?:^\|.*\n)+", re.MULTILINE)
NUMBER = re.compile(r"(?<![\w.-])-?(?:\d*\.)?\d+(?![\w.]*\d|-)")


def read(name: str) -> pd.DataFrame:
    """A file as texts."""
    return pd.read_csv(ROOT / name, dtype=str, keep_default_na=False)


def chosen(table: pd.DataFrame, where: str) -> pd.DataFrame:
    """The rows whose columns have these texts."""
    for key, _, value in (pair.partition("=") for pair in filter(None, re.split(r", (?=[\w ]+=)", where))):
        table = table[table[key] == value] if key in table else table[:0]
    return table


def is_rounded(text: str, value: str) -> bool:
    """Is the text the value, with as many decimals as it has?"""
    if text == value:
        return True
    decimals = len(text.partition(".")[2])
    try:
        return abs(float(text) - float(value)) <= 0.5 * 10**-decimals + 1e-9
    except ValueError:
        return False


def above(text: str, end: int) -> str:
    """The table, paragraph or entry of a list that ends there."""
    return text[:end].rstrip().rpartition("\n\n")[2].rpartition("\n* ")[2]


def cells(block: str) -> list[list[str]]:
    rows = [
        [cell.strip().replace("`", "") for cell in line.strip().strip("|").split("|")] for line in block.strip().splitlines()
    ]
    return [rows[0], *rows[2:]]


def of_file(block: str, table: pd.DataFrame) -> list[str]:
    """What a table that is a file says otherwise than the file."""
    heads, *rows = cells(block)
    wrong = [f"there is no column {head}" for head in heads if head not in table]
    for row in rows if not wrong else ():
        found = table[table[heads[0]] == row[0]]
        if len(found) != 1:
            wrong.append(f"{len(found)} rows are called {row[0]}")
            continue
        pairs = zip(heads, row, strict=True)
        wrong += [
            f"{row[0]}, {head}: {cell} is {now}" for head, cell in pairs if not is_rounded(cell, now := found[head].iloc[0])
        ]
    return wrong


def of_lines(block: str, table: pd.DataFrame, lines: str) -> list[str]:
    """Which of the numbers that are listed are others, or do not stand in the text; and of a table, which are not listed."""
    wrong, listed = [], []
    for line in filter(None, map(str.strip, lines.splitlines())):
        said, column, where = re.fullmatch(r"(.*?) = (.*?)(?: where (.*))?", line).groups()
        texts, found = said.split(", "), chosen(table, where or "").get(column, pd.Series()).tolist()
        listed += texts
        if len(texts) != len(found) or not all(map(is_rounded, texts, found)):
            wrong.append(f"{said} is {', '.join(found) or 'nowhere'} ({line.partition(' = ')[2]})")
        if not re.search(rf"(?<![\d.]){re.escape(said)}(?![\d])", block):
            wrong.append(f"{said} does not stand there")
    if block.startswith("|"):
        plain = re.sub("`[^`]*`", "", block)
        shown = [number for row in cells(plain)[1:] for cell in row[1:] for number in NUMBER.findall(cell)]
        wrong += [f"{number} comes from nowhere" for number in shown if number not in listed]
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_number_that_is_said_to_lie_in_results_lies_there(page):
    text, wrong = page.read_text(), []
    for comment in COMMENT.finditer(text):
        name, where, lines = comment.groups()
        table, block = chosen(read(name), where or ""), above(text, comment.start())
        found = of_file(block, table) if lines is None else of_lines(block, table, lines)
        wrong += [f"line {text[: comment.start()].count(chr(10))}: {one}" for one in found]
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_table_of_numbers_says_where_they_come_from(page):
    text = page.read_text()
    tables = [table for table in TABLE.finditer(text) if re.search(r"\| *-?\d*\.\d", table[0])]
    silent = [table[0].splitlines()[0] for table in tables if not re.match(r"\s*<!-- (not in )?results/", text[table.end() :])]
    assert silent == []


def test_a_changed_table_and_a_changed_text_are_noticed():
    table = pd.DataFrame({"model": ["ft", "ft", "rnd"], "seed": ["0", "1", "0"], "test_mae": ["7.64", "7.55", "6.13"]})
    line = "7.6, 7.6 = test_mae where model=ft"
    assert of_lines("FT errs 7.6, 7.6 years", table, line) == []
    assert of_lines("FT errs 7.6, 7.6 years", table.replace("7.64", "7.7"), line) != []
    assert of_lines("FT errs 7.6, 7.5 years", table, line) != []
    shown = "| model | test_mae |\n| --- | --- |\n| rnd | 6.13 |\n"
    assert of_file(shown, table) == []
    assert of_file(shown, table.replace("6.13", "6.2")) == ["rnd, test_mae: 6.13 is 6.2"]
    assert of_lines(shown, table, "") == ["6.13 comes from nowhere"]
