"""The page that puts versions side by side: its tables, its scale, and how a browser sorts it."""

import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256

import pytest

from reports.audits import ABOUT, MARK, Audited, audited
from reports.reading import Page, assert_alone, words
from unlearning.reports.audit_page import FIRST, row_texts
from unlearning.reports.audit_scale import SHOWN, scale_of
from unlearning.reports.compare_page import COLUMNS, _figure, answer, compare_page, one_scale
from unlearning.reports.words import metric_title

NAMES = {"original": "renamed", "ft-20-28-e8": "partly", "ascent-20-28-e1": "exploded", "version 12": "honest"}
HEADINGS = [
    "How far each has come",
    "How they err on the forgotten faces",
    "The numbers that say most",
    "What each audit says",
    "How they were judged",
    "Terms",
]
SORTED = """() => {
  const page = document;
  const column = (at) => [...page.querySelector(".sortable").tBodies[0].rows].map((row) => row.cells[at].textContent.trim());
  const press = (at) => page.querySelectorAll(".sortable button")[at].click();
  const seen = { before: column(0), hint: page.querySelector(".hint").hidden };
  press(1);
  seen.byVerdict = column(0);
  press(3);
  seen.byError = column(3);
  seen.aria = [...page.querySelectorAll("[aria-sort]")].map((head) => head.getAttribute("aria-sort"));
  seen.scale = [...page.querySelector(".versions").children].map((each) => each.querySelector("b").textContent);
  seen.labels = column(0);
  press(3);
  seen.turned = column(0);
  seen.byTurning = page.querySelector("[aria-sort]").getAttribute("aria-sort");
  press(0);
  seen.byName = column(0);
  seen.first = page.querySelector(".sortable").getBoundingClientRect().top;
  return seen;
}"""


def audits():
    return {label: audited(name) for label, name in NAMES.items()}


@pytest.fixture(scope="module")
def text():
    return compare_page(audits())


def test_the_page_is_whole_and_small_asks_nothing_of_anybody_names_no_face_and_runs_its_own_script_alone(text):
    assert_alone(text, MARK, scripts=1)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    digest = b64encode(sha256(re.search(r"<script>(.*)</script>", text, re.DOTALL)[1].encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'"


def test_thirty_versions_are_still_a_small_page_and_those_not_drawn_are_counted():
    one = audited()
    text = compare_page({f"version {number}": one for number in range(30)})
    assert len(text.encode()) <= 2_000_000
    assert "18 more versions are not drawn." in text


def test_one_version_that_is_not_drawn_is_one(monkeypatch):
    monkeypatch.setattr("unlearning.reports.compare_page.MOST_VERSIONS", 1)
    assert _figure({"one": audited(), "two": audited()})["caption"].endswith(" 1 more version is not drawn.")


def cells(page):
    """The rows of all tables, each cell in one line."""
    return [[" ".join(cell.split()) for cell in row] for row in page.rows]


def test_every_version_has_a_row_with_its_verdict_and_its_numbers(page):
    rows = {row[0]: row for row in cells(page) if len(row) == 3 + len(COLUMNS)}
    assert list(rows)[1:] == list(NAMES)
    assert rows["version 12"][1].endswith("cannot be told from retraining.")
    assert rows["original"][1].endswith("has not forgotten.")
    assert all(warning[1:] in words(page) for one in audits().values() for warning in one.audit.warnings)
    for label, one in audits().items():
        own = {row.metric: row_texts(row) for row in one.audit.rows}
        assert rows[label][3:] == [f"{own[name]['version']} {own[name]['sign']}" for name in COLUMNS]


def test_a_column_that_no_version_has_is_left_out():
    made = Page(compare_page({label: audited(name, ("retrained",)) for label, name in NAMES.items()}))
    known = ("forget_mae", "test_in_range_mae", "mia_auc", "test_mae", "seconds_ratio")
    heads = cells(made)[0]
    assert heads[:3] == ["Version", "Verdict", "Like retraining of those judged"]
    assert "F" not in heads
    assert len(heads) == 3 + len(COLUMNS.keys() & known)


def row(value, low, high):
    return replace(audited().row("test_mae"), version=value, low=low, high=high)


def test_the_title_says_which_version_is_better_on_what_or_that_they_cannot_be_told_apart(text):
    near, far, wide = row(-3.0, -9.0, 4.0), row(40.0, 30.0, 55.0), row(5.0, -50.0, 60.0)
    good, bad = row(6.0, 5.8, 6.2), row(7.0, 6.8, 7.2)
    one, other = {"memory_left": near, "test_mae": bad}, {"memory_left": far, "test_mae": good}
    both = "A is nearer to never having seen them; B errs less on test faces."
    assert answer({"A": one, "B": other}) == both
    assert answer({"A": one, "B": other}, same_request=False) == "B errs less on test faces."
    assert answer({"A": one, "B": one | {"memory_left": wide}}) == (
        "The two versions cannot be told apart by how much they remember and their error on test faces."
    )
    assert answer({"A": one, "B": other, "C": other}) == (
        "A is nearest to never having seen them; no version is clearly ahead by their error on test faces."
    )
    over = {"memory_left": row(-80.0, -90.0, -70.0)}
    assert answer({"A": {"memory_left": far}, "B": over}) == "A is nearer to never having seen them."
    assert answer({"A": {}, "B": {}}) == "2 versions, which nothing compares"
    said = answer({label: {row.metric: row for row in made.audit.rows} for label, made in audits().items()})
    assert f'<h1 class="finding">{said}</h1>' in text


def test_all_versions_stand_on_one_scale(page):
    assert {metric_title(name) for name in SHOWN} <= set(page.texts)
    found = one_scale({label: scale_of(one.audit) for label, one in audits().items()})
    for block in found["blocks"]:
        labels = [mark["label"] for mark in block["marks"]]
        assert labels == [label for label in NAMES if label in labels], "in their order, but for numbers that do not tell there"
    assert all(block["shared"] for block in found["blocks"]), "all have the same original and retrained model"
    assert found["others"] == []


def test_a_version_that_lacks_what_others_have_beside_them_is_named_and_not_misplaced():
    several = audits() | {"alone": audited("partly", ("original",))}
    found = one_scale({label: scale_of(one.audit) for label, one in several.items()})
    assert found["others"] == ["alone"]
    assert "alone" not in [mark["label"] for block in found["blocks"] for mark in block["marks"]]
    assert "Not on this scale, for lack of something beside them: alone." in words(Page(compare_page(several)))


def test_the_numbers_that_say_most_are_told_in_full_for_every_version(page):
    found = cells(page)
    for label, one in audits().items():
        rows = {row.metric: row_texts(row) for row in one.audit.rows}
        for name in FIRST:
            own = rows[name]
            values = [own["original"], own["retrained"], own["second"], f"{own['version']} {own['interval']}".strip()]
            values += [f"{own['gap']} {own['gap_interval']}".strip(), own["floor"]]
            assert any(row[:7] == [label, *values] and own["bound"] in row[7] for row in found)


@pytest.mark.parametrize("missing", [("forget",), ("retrained", "original", "second")], ids=" and ".join)
def test_the_page_stands_without_what_is_missing(missing):
    made = Page(compare_page({label: audited(name, missing) for label, name in NAMES.items()}))
    assert not made.open
    assert not re.search(r"\bnan\b", words(made))


def test_versions_of_different_requests_say_so_and_labels_are_text():
    one = audited()
    other = Audited(one.audit, replace(one.case, forget=None), ABOUT)
    text = compare_page({"<b>x": one, "y": other})
    assert "<b>x" not in text
    assert re.search("Asked to forget: ages 20\N{EN DASH}28 .*; or nobody[.]", words(Page(text)))


def test_all_of_the_page_can_be_read_on_every_screen_and_on_paper_and_a_phone_sorts_it(opened, text):
    page = opened.everywhere(text)
    assert page.texts("h2") == HEADINGS
    seen = page.see(SORTED)
    page.fits(390)
    assert seen["first"] < 844
    assert seen["hint"] is False
    assert seen["before"] == list(NAMES)
    assert seen["byVerdict"][0] == "version 12"
    assert seen["byVerdict"][-1] == "original"
    near = {label: row.distance for label, one in audits().items() for row in one.audit.rows if row.metric == "forget_mae"}
    assert seen["labels"] == sorted(NAMES, key=near.__getitem__), "the nearest to retraining first"
    assert seen["scale"] == seen["labels"]
    assert seen["aria"] == ["ascending"]
    assert seen["turned"] == seen["labels"][::-1]
    assert seen["byTurning"] == "descending"
    assert seen["byName"] == ["ascent-20-28-e1", "ft-20-28-e8", "original", "version 12"]


def test_what_is_not_known_stays_last_in_every_order(opened):
    several = {"unknown": audited("partly", ("retrained", "second")), "far": audited("exploded"), "near": audited("honest")}
    look = SORTED.replace("press(1);", "press(7);").replace("byVerdict", "byLikeness")
    seen = opened(compare_page(several)).see(look)
    assert seen["byLikeness"] == ["near", "far", "unknown"]
    assert seen["labels"] == ["near", "far", "unknown"]
    assert seen["turned"] == ["far", "near", "unknown"]


def test_without_scripts_the_table_stands_as_it_is(opened, text):
    bare = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
    page = opened(bare)
    assert page.texts("button") == []
    assert page.see("document.querySelector('.hint').hidden")
