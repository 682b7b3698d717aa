"""The page about one audit: what people read, what it keeps to itself, and what a browser makes of it on a phone."""

import math
import re
from dataclasses import replace

import pytest

from forgetting import forget_set
from reports.audits import MARK, about, audited, drawn_of, faces
from reports.reading import Page, assert_alone, pictures, words
from unlearning.evaluation.audit.verdicts import VERDICTS
from unlearning.evaluation.audit_metric import COST
from unlearning.reports.audit_figures import AUDIT_FIGURES
from unlearning.reports.audit_page import FIRST, asked, audit_page, in_two, unsaid_texts
from unlearning.reports.audit_rows import SIGNS, row_texts
from unlearning.reports.study_words import NONE
from unlearning.reports.titles import metric_title

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
MISSING = [("retrained",), ("original",), ("second",), ("forget",), ("about",), ("retrained", "original", "second")]


def page_of(one, **more):
    return audit_page(one.audit, one.witnesses, about(**more), drawn_of(one))


@pytest.fixture(scope="module")
def text():
    return page_of(audited())


def test_the_page_is_whole_and_small_and_asks_nothing_of_anybody(text):
    assert_alone(text)


def test_no_face_is_named(text, page):
    assert MARK in "".join(audited().witnesses.version.id)
    assert MARK not in "".join([text, *pictures(page)])


def test_the_verdict_stands_first_and_says_in_plain_words_what_it_rests_on(page):
    told = words(page)
    lead, basis = in_two(audited().audit.sentence)
    assert lead == HEADINGS[0]
    assert 0 < told.index(lead) < told.index("as if never seen") < told.index(basis)
    assert "_" not in basis
    assert "Audit of age-resnet50, version 4 (ft-20-28-e8)" in told


def test_a_verdict_that_cannot_be_given_says_why():
    assert in_two("Whether it has forgotten cannot be said: no retrained model.") == (
        "Whether it has forgotten cannot be said.",
        "No retrained model.",
    )


def test_whom_it_was_asked_to_forget_is_told_and_counted(page):
    witnesses = audited().witnesses
    assert f"Asked to forget: ages 20\N{EN DASH}28 ({len(witnesses.forget.ids)} pictures, copies included)." in words(page)
    assert asked(replace(witnesses, forget=None)) == "nobody"
    earlier = replace(witnesses, forgotten=(witnesses.forget,))
    assert asked(earlier).endswith("copies included), after 1 earlier request")


def test_a_list_is_told_without_its_place():
    table = faces().faces
    named = replace(forget_set("20-28", table), rule='file:"/home/ann/requests/ann example.csv"', name="0123456789")
    one = audited()
    private = replace(one, witnesses=replace(one.witnesses, forget=named))
    text = page_of(private, **{"forget set": named.rule, "params": "file:/home/ann/other.csv"})
    assert "/home/ann" not in text
    assert "Asked to forget: list ann example.csv" in words(Page(text))


def test_a_person_is_not_named():
    one = audited()
    named = replace(one.witnesses.forget, rule="subject:ann", name="0123456789")
    text = page_of(replace(one, witnesses=replace(one.witnesses, forget=named)), **{"forget set": "subject:ann"})
    assert "subject:ann" not in text
    assert "Asked to forget: one person" in words(Page(text))


def test_every_number_stands_with_the_models_beside_it_and_what_decided():
    one = audited()
    found = [[" ".join(cell.split()) for cell in row] for row in Page(page_of(one)).rows]
    for row in one.audit.rows:
        own = row_texts(row)
        values = [own["original"], own["retrained"], own["second"]]
        values += [
            f"{own[value]} {own[interval]}".strip() for value, interval in (("version", "interval"), ("gap", "gap_interval"))
        ]
        here = [cells[1:] for cells in found if cells[0].startswith(own["title"]) and f" {row.metric}: " in cells[0]]
        assert len(here) == 1 + (row.metric in FIRST)
        for cells in here:
            assert cells[:6] == [*values, own["floor"]]
            assert cells[6].startswith(f"{own['sign']} {own['verdict']}")
            assert own["bound"] in cells[6]
            assert own["reason"] in cells[6]


def test_numbers_have_the_decimals_of_their_units_and_true_minus_signs():
    rows = {row.metric: row for row in audited().audit.rows}
    own = row_texts(replace(rows["forget_mae"], version=4.0, low=3.5, high=4.25, gap=-1.5, gap_low=-2.0, gap_high=0.5))
    assert (own["version"], own["interval"]) == ("4.00", "3.50 to 4.25")
    assert (own["gap"], own["gap_interval"]) == ("\u22121.50", "\u22122.00 to +0.50")
    assert row_texts(replace(rows["mia_auc"], version=math.nan))["version"] == NONE
    assert row_texts(rows["samples"])["version"] == "2,000"
    assert row_texts(rows["seconds_ratio"])["interval"] == ""


def test_every_verdict_has_a_sign_of_its_own_meaning_and_is_explained(page):
    assert set(SIGNS) == set(VERDICTS)
    told = words(page)
    assert all(meaning in told for meaning in VERDICTS.values())


def test_what_makes_the_numbers_weaker_is_told():
    told = words(Page(page_of(audited("memorised"))))
    for warning in audited("memorised").audit.warnings:
        assert warning[1:] in told
    assert "To keep in mind" in told
    one = audited()
    assert "To keep in mind" not in words(Page(page_of(replace(one, audit=replace(one.audit, warnings=())))))


def test_what_cannot_be_said_is_listed_by_reason():
    one = audited("partly", ("retrained", "original", "second"))
    told = words(Page(page_of(one)))
    assert one.audit.unsaid
    for said in one.audit.unsaid:
        entry = unsaid_texts(said)
        assert entry["reason"] in told
        assert "; ".join(entry["titles"]) in told
    assert "Every number has a verdict." in words(Page(page_of(audited())))


def test_a_reason_may_have_a_colon_and_a_sentence_may_have_no_numbers():
    assert unsaid_texts("there is nobody: forget set: F, mia_auc") == {
        "reason": "There is nobody: forget set.",
        "titles": [metric_title("F"), metric_title("mia_auc")],
    }
    assert unsaid_texts("nothing") == {"reason": "Nothing.", "titles": []}


@pytest.mark.parametrize("missing", MISSING, ids=" and ".join)
def test_the_page_stands_without_what_is_missing(missing):
    one = audited("partly", missing)
    text = page_of(one)
    made = Page(text)
    assert not made.open
    assert not re.search(r"\bnan\b", words(made))
    assert 'style=""' not in text
    for reason in drawn_of(one).missing.values():
        assert f"There is nothing to draw: {reason}." in words(made)


@pytest.mark.parametrize("name", ["constant", "exploded"])
def test_the_page_stands_odd_versions(name):
    made = Page(page_of(audited(name)))
    assert not made.open
    assert in_two(audited(name).audit.sentence)[0] in made.texts


def test_every_figure_is_there_on_both_papers_with_words_for_those_who_cannot_see_it(page):
    drawn = drawn_of(audited()).pictures
    assert sorted(pictures(page)) == sorted(picture for paper in drawn.values() for picture in paper.values())
    assert all(len(image["alt"]) > 30 for image in page.all("img"))
    assert {figure.caption for figure in AUDIT_FIGURES.values()} <= set(page.texts)


def test_how_it_was_judged_and_what_was_audited_is_told(page):
    told = words(page)
    settings = audited().audit.settings
    assert f"Resamples {settings.resamples}" in told
    assert f"Time_limit {settings.bounds.time_limit:g}" in told
    assert "Data digest 0123456789abcdef" in told


def test_what_a_version_is_called_is_text_and_never_markup():
    text = page_of(audited(), method="<script>x</script>")
    assert "<script" not in text


def test_the_page_draws_its_own_figures_where_nobody_has_them():
    one = audited()
    assert audit_page(one.audit, one.witnesses, about()) == page_of(one)


def test_costs_have_no_place_among_the_answers():
    one = audited()
    costs = {row.metric for row in one.audit.rows if row.kind == COST}
    made = Page(page_of(one))
    assert costs
    assert "What did it cost?" in words(made)


def test_a_phone_shows_the_whole_page_with_the_verdict_first(opened, text):
    page = opened.phone(text)
    assert page.texts("h1, h2") == HEADINGS
    bottom = page.see("document.querySelector('.track').getBoundingClientRect().bottom")
    assert bottom < 844, "the verdict and the scale are on the first screen"


@pytest.mark.parametrize("missing", [("retrained",), ("forget",)], ids=" and ".join)
def test_a_phone_shows_a_page_of_which_much_is_missing(opened, missing):
    page = opened.phone(page_of(audited("partly", missing)))
    assert page.texts("h1") == ["Whether it has forgotten cannot be said."]


def test_a_wide_screen_shows_the_page_and_it_would_ask_nobody_even_if_it_were_allowed_to(opened, text):
    bare, count = re.subn(r"<meta http-equiv=.Content-Security-Policy.[^>]*>", "", text)
    assert count == 1
    opened(bare).fits(1280)
