"""The page about a certificate: what people read, and that it needs nothing else and tells nobody's name."""

import pytest

from certificates.issued import FILES, PUBLIC_KEY, SAMPLES, SECRET, SECRET_TEXTS, facts, issue
from reports.reading import Page, assert_alone, words
from unlearning.certificates.envelope import digest
from unlearning.certificates.keys import key_id
from unlearning.certificates.statement import PROVES, WITHHELD, Measured, limits
from unlearning.finding import Finding
from unlearning.reports.certificate_page import certificate_page, left

DIGESTS = {name: f"{number}" * 64 for number, name in enumerate(sorted(FILES))}


@pytest.fixture(scope="module")
def envelope():
    return issue(DIGESTS, earlier=("e" * 64,))


@pytest.fixture(scope="module")
def text(envelope):
    return certificate_page(envelope)


def test_the_page_is_whole_and_small_asks_nothing_and_tells_no_id_and_nothing_of_the_key(text):
    assert_alone(text, *SAMPLES, SECRET.hex(), *SECRET_TEXTS)


def test_all_of_the_page_can_be_read_on_every_screen_and_on_paper(opened, text):
    opened.everywhere(text)


def test_what_is_not_folded_away_is_one_sheet_with_the_answer_its_limits_and_how_to_verify_it(page, envelope):
    told = " ".join(" ".join(page.unfolded).split())
    assert len(told.split()) < 420
    said = (
        "It has forgotten in part. Version 7 of the model age-resnet50 was made to forget 7 samples, those of the rule 20-28.",
        "Memory left 24 % (100 % remembers as the original does, 0 % as if never seen)",
        *(*PROVES, *limits(approximate=True), "The version passed every gate.", "from version 3, by approximate unlearning"),
        "python verify_certificate.py certificate.json --key key.pub",
        *(digest(envelope), key_id(PUBLIC_KEY), "2026-03-02 08:30:00 UTC"),
    )
    assert not [sentence for sentence in said if sentence not in told]
    assert not [name for name in ("test_mae", "mia_auc", "member_0", "lr=") if name in told]


def test_an_exact_version_says_so_and_an_interval_is_told_where_it_is_known():
    exact = Finding("exact", "retrained", "It was trained without them: retrained from the start.")
    assert "exact: it was trained without the samples" in words(Page(certificate_page(issue(DIGESTS, finding=exact))))
    told = {"verdict": "as retraining", "memory_left": "4.2", "low": "-3", "high": "11"}
    assert left(told, "95 %").startswith("4 %, 95 % interval \N{MINUS SIGN}3 to 11 (")
    assert left(told | {"memory_left": "nan"}, "95 %") == "not known"


def test_a_certificate_from_before_findings_begins_with_what_was_done():
    old = Page(certificate_page(issue(DIGESTS, finding=None)))
    assert "Memory left" not in old.texts
    assert "Version 7 of the model age-resnet50 was made to forget 7 samples" in words(old)


@pytest.mark.parametrize("folded", [True, False])
def test_it_prints_on_one_or_two_sheets_and_more_only_for_whoever_unfolds_it(opened, text, folded):
    shown = opened(text)
    shown.see(f"document.querySelectorAll('details').forEach((each) => {{ each.open = {str(not folded).lower()}; }})")
    sheets = shown.do(lambda page: page.pdf(prefer_css_page_size=True)).count(b"/Type /Page\n")
    assert 1 <= sheets <= 2 if folded else sheets >= 2


def test_a_rule_that_names_somebody_is_not_told():
    told = words(Page(certificate_page(issue(DIGESTS, rule="subject:ann", samples=SAMPLES[:1]))))
    assert "was made to forget 1 sample." in told
    assert WITHHELD in told
    assert "ann " not in told


def test_metrics_gates_and_files_are_told_in_full(page):
    told = words(page)
    assert ["Usefulness times likeness F", "0.300", "0.250 to 0.333", "indistinguishable from retraining"] in page.rows
    assert ["Average error, test faces test_mae", "6.00 years", "5.50 to 6.50", "\u2013"] in page.rows
    assert ["Attack: small errors tell trained faces mia_auc", "\u2013", "\u2013", "\u2013"] in page.rows
    assert ["F > original.F", "0.900", "0.500", "passed"] in page.rows
    said = ("95 % interval", "and not this page", "e" * 64, *DIGESTS, *DIGESTS.values())
    assert not [sentence for sentence in said if sentence not in told]


def test_numbers_have_the_decimals_of_their_unit():
    metrics = (Measured("samples", 2000.0, unit="faces"), Measured("memory_left", 33.4, 20.0, 47.6, "%"))
    rows = Page(certificate_page(issue(DIGESTS, metrics=metrics))).rows
    assert [row[1:3] for row in rows if row[0].endswith((" samples", " memory_left"))] == [
        ["2,000 faces", "\u2013"],
        ["33 %", "20 to 48"],
    ]


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
