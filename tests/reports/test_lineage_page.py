"""The page about a registered model: what is served, what it was made from, and how a browser shows it."""

import pytest

from reports.reading import Page, words
from unlearning.reports.lineage_page import headline, lineage_page, nodes_of
from unlearning.reports.standing_figure import standing
from unlearning.reports.style import THEMES, styled

COLUMNS = ("version", "role", "stage", "state")


def version(number, role, stage, aliases, parent=None, forgotten=(), state=""):
    row = {"version": number, "role": role, "stage": stage, "aliases": aliases, "parent": parent, "forgotten": list(forgotten)}
    verdict = "as retraining" if "forgotten" in aliases else None
    row |= {"verdict": verdict, "memory_left": 4.0 if verdict else None, "found": verdict or "not judged yet"}
    told = {"version": str(number), "role": role, "stage": stage, "state": state}
    return row | {"method": "ft" if role == "unlearned" else "", "epochs": 8, "state": state, "shown": told}


ROWS = [
    version(1, "original", "Archived", ["original"]),
    version(2, "retrained", "None", ["retrained-20-28"], 1),
    version(3, "unlearned", "Staging", ["ft-20-28-e4"], 1, ["20-28"]),
    version(4, "unlearned", "Production", ["champion", "forgotten", "ft-20-28-e8"], 1, ["20-28"]),
]
KNOWN = [row | {"test_mae": 8.0 + row["version"], "memory_left_low": None, "memory_left_high": None} for row in ROWS]


@pytest.mark.parametrize(
    ("found", "sentence"),
    [(None, "Lineage"), ([], "Checked: stages"), (["version 4: stage is None"], "version 4: stage is None")],
)
def test_the_page_says_what_is_served_what_was_shown_of_it_and_what_the_check_found(found, sentence):
    page = Page(lineage_page("age-resnet50", COLUMNS, ROWS, found))
    assert not page.open
    assert "Version 4 is served. It was made to forget 20-28: as retraining." in words(page)
    assert sentence in words(page)
    seen = [row["shown"] for row in ROWS]
    leading = [["version", "state", "role"], *([row["version"], row["state"], row["role"]] for row in seen)]
    assert page.rows == [*leading, ["version", "stage"], *([row["version"], row["stage"]] for row in seen)]


def test_a_purged_version_is_called_so_and_is_not_said_to_remember():
    purged, unfinished = (version(1, "original", "None", [], state=state) for state in ("purged", "purging"))
    assert [nodes_of([one])[0].lines[-1] for one in (purged, unfinished)] == [
        "purged: its files are erased",
        "its purge is not finished",
    ]
    assert nodes_of([purged])[0].over
    many = [version(number, "unlearned", "Archived", [], 1, ["20-28"], ("purged", "")[number % 2]) for number in range(2, 60)]
    told = [node.lines[-1] for node in nodes_of([ROWS[0], *many])]
    assert sorted(told) == ["not judged yet", "purged: its files are erased", "remembers everything"]


def test_what_versions_remember_is_drawn_where_it_is_known():
    with styled(THEMES["light"]):
        memory, error = standing(KNOWN, THEMES["light"]).axes
    assert [label.get_text() for label in memory.get_yticklabels()] == [
        "1: original",
        "2: retrained",
        "3: ft, 8 epochs",
        "4: ft, 8 epochs",
    ]
    lines = [line.get_xdata()[0] for line in memory.lines if line.get_marker() == "o"]
    assert lines == [100.0, 4.0], "the original has all of its memory; of what was not judged nothing is drawn"
    assert [line.get_xdata()[0] for line in error.lines] == [9.0, 10.0, 11.0, 12.0]
    assert standing(ROWS, THEMES["light"]) is None
    assert "What versions remember" in words(Page(lineage_page("age-resnet50", COLUMNS, KNOWN, None)))


@pytest.mark.parametrize(("epochs", "made"), [("1", "ft, 1 epoch"), ("8", "ft, 8 epochs"), (None, "ft"), ("many", "ft")])
def test_one_epoch_is_one_and_what_is_not_known_is_not_told(epochs, made):
    (node,) = nodes_of([ROWS[2] | {"epochs": epochs}])
    assert node.lines[0] == f"3: {made}"
    (untold,) = nodes_of([ROWS[2] | {"epochs": epochs, "method": ""}])
    assert untold.lines[0] == "3: unlearned"


def test_a_model_that_nobody_serves_or_that_forgot_nothing_is_called_so():
    assert headline(None) == "No version is the champion: none is served."
    assert headline(version(1, "original", "Production", ["champion"])).endswith("it remembers everything.")


def test_what_was_forgotten_over_the_years_is_counted_and_the_last_of_it_named():
    sets = [f"file:person-{number}.csv" for number in range(1, 40)]
    late = version(9, "unlearned", "Production", ["champion"], 1, sets)
    told = "It was made to forget 39 forget sets, the last of them file:person-39.csv: not judged yet."
    assert headline(late) == f"Version 9 is served. {told}"
    (node,) = nodes_of([late])
    assert node.lines[-2].startswith("to forget: 39 sets, last")
    assert node.lines[-1] == "not judged yet"


def test_only_what_was_shown_to_have_forgotten_is_painted_so():
    waiting, served = nodes_of(ROWS[2:])
    assert (waiting.role, waiting.lines[-1]) == ("", "not judged yet")
    assert (served.role, served.lines[-1]) == ("unlearned", "as retraining, 4 % left")
    assert nodes_of(ROWS)[1].lines[-1] == "remembers everything"


def test_all_of_the_page_can_be_read_on_every_screen_and_on_paper(opened):
    many = [*ROWS, *(version(n, "unlearned", "Staging", [f"ft-20-28-e{n}"], n - 1, ["20-28"]) for n in range(5, 60))]
    for rows in (KNOWN, many):
        text = lineage_page("age-resnet50", COLUMNS, rows, ["version 4: its stage is None, and the log says Production"])
        opened.everywhere(text)
