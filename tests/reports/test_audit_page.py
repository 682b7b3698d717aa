"""The page about one audit: what people read, what it keeps to itself, and what a browser makes of it on a phone."""

import math
import re
from dataclasses import replace

import pytest

from reports.audits import MARK, audited, drawn, page_text, undrawn_page
from reports.reading import Page, assert_alone, assert_figures, words
from unlearning.evaluation.audit.verdicts import VERDICTS
from unlearning.reports.audit_page import FIRST, SIGNS, asked, in_two, row_texts, unsaid_texts
from unlearning.reports.words import NONE, metric_title

HEADINGS = [
    "It has forgotten in part.",
    "To keep in mind",
    "The numbers that say most",
    "What cannot be said",
    "How it errs on the forgotten faces",
    "What an attacker can tell",
    "How it errs at every age",
    "All numbers",
    "How it was judged",
    "What was audited",
    "Terms",
]


@pytest.fixture(scope="module")
def text():
    return page_text()


def asked_for(rule, **more):
    """The page of a request with another rule."""
    one = audited()
    forget = replace(one.case.forget, rule=rule, name="0123456789")
    return undrawn_page(replace(one, case=replace(one.case, forget=forget)), **{"forget set": rule}, **more)


def test_the_page_is_whole_and_small_asks_nothing_of_anybody_and_names_no_face(text):
    assert MARK in "".join(audited().case.version.id)
    assert_alone(text, MARK)


def test_the_verdict_stands_first_and_says_in_plain_words_what_it_rests_on(page):
    told = words(page)
    lead, basis = in_two(audited().audit.sentence)
    assert lead == HEADINGS[0]
    assert 0 < told.index(lead) < told.index("as if never seen") < told.index(basis)
    assert "_" not in basis
    assert "Audit of age-resnet50, version 4 (ft-20-28-e8)" in told


def test_whom_it_was_asked_to_forget_is_told_and_counted(page):
    case = audited().case
    assert f"Asked to forget: ages 20\N{EN DASH}28 ({len(case.forget.ids)} pictures, copies included)." in words(page)
    assert asked(replace(case, forget=None)) == "nobody"
    earlier = replace(case, forgotten=(case.forget,))
    assert asked(earlier).endswith("copies included), after 1 earlier request")


def test_a_list_is_told_without_its_place_and_a_person_is_not_named():
    text = asked_for('file:"/home/ann/requests/ann example.csv"', params="file:/home/ann/other.csv")
    assert "/home/ann" not in text
    assert "Asked to forget: list ann example.csv" in words(Page(text))
    text = asked_for("subject:ann")
    assert "subject:ann" not in text
    assert "Asked to forget: one person" in words(Page(text))


def test_every_number_stands_with_the_models_beside_it_and_what_decided(page):
    rows = [[" ".join(cell.split()) for cell in row] for row in page.rows]
    for row in audited().audit.rows:
        texts = row_texts(row)
        values = [texts["original"], texts["retrained"], texts["second"], f"{texts['version']} {texts['interval']}".strip()]
        values += [f"{texts['gap']} {texts['gap_interval']}".strip(), texts["floor"]]
        here = [cells[1:] for cells in rows if cells[0].startswith(texts["title"]) and f" {row.metric}: " in cells[0]]
        assert len(here) == 1 + (row.metric in FIRST)
        for cells in here:
            assert cells[:6] == values
            assert cells[6].startswith(f"{texts['sign']} {texts['verdict']}")
            assert texts["bound"] in cells[6]
            assert texts["reason"] in cells[6]


def test_numbers_have_the_decimals_of_their_units_and_true_minus_signs():
    one = audited()
    changes = {"version": 4.0, "low": 3.5, "high": 4.25, "gap": -1.5, "gap_low": -2.0, "gap_high": 0.5}
    texts = row_texts(replace(one.row("forget_mae"), **changes))
    assert (texts["version"], texts["interval"]) == ("4.00", "3.50 to 4.25")
    assert (texts["gap"], texts["gap_interval"]) == ("\u22121.50", "\u22122.00 to +0.50")
    assert row_texts(replace(one.row("mia_auc"), version=math.nan))["version"] == NONE
    assert row_texts(one.row("samples"))["version"] == "2,000"
    assert row_texts(one.row("seconds_ratio"))["interval"] == ""


def test_verdicts_warnings_settings_and_facts_are_told(page):
    assert set(SIGNS) == set(VERDICTS)
    told, audit = words(page), audited().audit
    facts = [f"Resamples {audit.settings.resamples}", f"Time_limit {audit.settings.bounds.time_limit:g}"]
    facts += ["Data digest 0123456789abcdef", "What did it cost?", *VERDICTS.values()]
    assert not [fact for fact in facts if fact not in told]
    warned = audited("memorised")
    assert warned.audit.warnings
    assert all(warning[1:] in words(Page(undrawn_page(warned))) for warning in warned.audit.warnings)
    assert "To keep in mind" not in words(Page(undrawn_page(replace(warned, audit=replace(warned.audit, warnings=())))))


def test_what_cannot_be_said_is_listed_by_reason():
    missing = ("retrained", "original", "second")
    told = words(Page(page_text("partly", missing)))
    unsaid = audited("partly", missing).audit.unsaid
    assert unsaid
    for entry in map(unsaid_texts, unsaid):
        assert entry["reason"] in told
        assert "; ".join(entry["titles"]) in told
    assert "Every number has a verdict." in words(Page(page_text()))
    titles = [metric_title("F"), metric_title("mia_auc")]
    assert unsaid_texts("there is nobody: forget set: F, mia_auc") == {
        "reason": "There is nobody: forget set.",
        "titles": titles,
    }
    assert unsaid_texts("nothing") == {"reason": "Nothing.", "titles": []}


@pytest.mark.parametrize("missing", [("original",), ("forget",), ("retrained", "original", "second")], ids=" and ".join)
def test_the_page_stands_without_what_is_missing(missing):
    text = page_text("partly", missing)
    page = Page(text)
    assert not page.open
    assert not re.search(r"\bnan\b", words(page))
    assert 'style=""' not in text
    for reason in drawn("partly", missing).missing.values():
        assert f"There is nothing to draw: {reason}." in words(page)


def test_every_figure_is_there_on_both_papers_with_words_for_those_who_cannot_see_it(page):
    assert_figures(page, drawn().pictures, "audit")


def test_what_a_version_is_called_is_text_and_never_markup():
    assert "<script" not in undrawn_page(audited(), method="<script>x</script>")


def test_all_of_the_page_can_be_read_on_every_screen_and_on_paper_with_the_verdict_first(opened, text):
    page = opened.everywhere(text)
    assert page.texts("h1, h2") == HEADINGS
    bottom = page.see("document.querySelector('.track').getBoundingClientRect().bottom")
    assert bottom < 844, "the verdict and the scale are on the first screen"
    for missing in ("retrained", "forget"):
        assert opened.phone(page_text("partly", (missing,))).texts("h1") == ["Whether it has forgotten cannot be said."]


def test_a_wide_screen_shows_the_page_and_it_would_ask_nobody_even_if_it_were_allowed_to(opened, text):
    bare, count = re.subn(r"<meta http-equiv=.Content-Security-Policy.[^>]*>", "", text)
    assert count == 1
    opened(bare).fits(1280)
