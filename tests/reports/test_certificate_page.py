"""The page about a certificate: what people read, and that it needs nothing else and tells nobody's name."""

import pytest

from certificates.issued import FILES, SAMPLES, SECRET, SECRET_TEXTS, facts, issue
from reports.reading import Page, assert_alone, words
from unlearning.certificates.envelope import digest
from unlearning.certificates.statement import PROVES, WITHHELD, limits
from unlearning.reports.certificate_page import certificate_page

DIGESTS = {name: f"{number}" * 64 for number, name in enumerate(sorted(FILES))}


@pytest.fixture(scope="module")
def envelope():
    return issue(DIGESTS, earlier=("e" * 64,))


@pytest.fixture(scope="module")
def text(envelope):
    return certificate_page(envelope)


def test_the_page_is_whole_and_small_asks_nothing_and_tells_no_id_and_nothing_of_the_key(text):
    assert_alone(text, *SAMPLES, SECRET.hex(), *SECRET_TEXTS)


def test_a_browser_shows_the_page_on_a_wide_screen_and_on_a_phone(opened, text):
    opened(text).fits(1280)
    opened.phone(text)


def test_the_headline_says_which_version_forgot_whom(page):
    told = "Version 7 of the model age-resnet50 was made to forget 7 samples, those of the rule 20-28."
    assert told in words(page)
    assert "The version passed every gate." in words(page)


def test_a_rule_that_names_somebody_is_not_told():
    told = words(Page(certificate_page(issue(DIGESTS, rule="subject:ann", samples=SAMPLES[:1]))))
    assert "was made to forget 1 sample." in told
    assert WITHHELD in told
    assert "ann " not in told


def test_metrics_gates_files_and_sentences_are_told_in_full(page, envelope):
    told = words(page)
    assert ["F", "0.300", "0.250 to 0.333", "indistinguishable from retraining"] in page.rows
    assert ["test_mae", "6.00 years", "5.50 to 6.50", "\u2013"] in page.rows
    assert ["mia_auc", "\u2013", "\u2013", "\u2013"] in page.rows
    assert ["F > original.F", "0.900", "0.500", "passed"] in page.rows
    assert all([name, sha256] in page.rows for name, sha256 in DIGESTS.items())
    said = ("95 % interval", *PROVES, *limits(approximate=True), digest(envelope), "the page itself is not signed", "e" * 64)
    assert not [sentence for sentence in said if sentence not in told]


@pytest.mark.parametrize(("forced", "sentence"), [(True, "on somebody's word"), (False, "did not pass every gate.")])
def test_a_gate_that_failed_is_told(forced, sentence):
    gate = facts({}).decisions[0].gate
    failed = (gate.decide({"F": 0.1}, {"original": {"F": 0.5}}),)
    made = Page(certificate_page(issue(DIGESTS, decisions=failed, forced=forced)))
    assert sentence in words(made)
    assert ["F > original.F", "0.100", "0.500", "failed"] in made.rows


def test_what_stands_in_a_certificate_is_text_and_never_markup():
    made = certificate_page(issue(DIGESTS | {"<b>.txt": "f" * 64}, settings={"note": "<script>x</script>"}))
    assert "<script>" not in made
    assert "<b>" not in made


def test_a_certificate_of_little_has_a_page_too():
    told = words(Page(certificate_page(issue(DIGESTS, metrics=(), decisions=(), settings={}, approximate=False))))
    assert "Nothing was measured." in told
    assert "There was no gate to pass." in told
    assert "(exact)" in told


def test_what_is_no_certificate_has_no_page():
    with pytest.raises(ValueError, match="envelope: byte 0"):
        certificate_page(b"")
