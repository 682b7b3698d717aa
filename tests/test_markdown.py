"""What people typed shows in Markdown as it is, and is nothing else, whatever it is."""

from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from unlearning.markdown import bullets, table, text
from unlearning.purge.report import Report
from unlearning.purge.rules import Deed, File
from unlearning.registry.moves import Act
from unlearning.steps import status

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HOSTILE = "a|b <script>alert(1)</script> [x](javascript:x) ![y](http://z) `c` *d* __e__ ~~f~~ &lt; \\| # g"


def shown(page: str) -> list[str]:
    """The texts of a page, one a cell, paragraph or title; fails where one holds anything but text."""
    tokens = [token for token in READER.parse(page) if token.type in ("inline", "html_block", "fence", "code_block")]
    for token in tokens:
        assert token.type == "inline", token
        assert {child.type for child in token.children} <= {"text"}, token.content
    return ["".join(child.content for child in token.children) for token in tokens]


TELLING = st.sampled_from("|\\`*_~[]()<>&#!-+:;/ \n\tab1")


@given(value=st.text(st.one_of(TELLING, st.characters(codec="utf-8", exclude_categories=["Cc"]))))
@settings(derandomize=True, max_examples=400, deadline=None)
@example(value=HOSTILE)
@example(value="- a")
@example(value="# a")
@example(value="&#124; &amp;")
@example(value="1. asked by letter")
@example(value="1) x")
@example(value="123456789.")
@example(value="-")
@example(value="---")
@example(value="- -")
def test_any_text_shows_as_it_is(value):
    plain = " ".join(value.split())
    assert shown(table(("one", "two"), [(text(value), "end")], ("two",))) == ["one", "two", plain, "end"]
    assert shown(bullets([f"a: {value}", value])) == [" ".join(f"a: {value}".split()), *([plain] if plain else [])]


def test_a_bar_of_our_own_ends_no_cell():
    assert "| `a\\|b` | c |" in table(("one", "two"), [("`a|b`", "c")])


def test_the_proof_of_a_purge_shows_hostile_names_as_text():
    hostile = File(HOSTILE, HOSTILE, 3, HOSTILE, "aa")
    plan = Report(HOSTILE, 1, HOSTILE, Deed(HOSTILE, "now", HOSTILE, HOSTILE), {HOSTILE: 2}, [hostile], notes=[HOSTILE])
    page = plan.ended([], {}, [HOSTILE], [HOSTILE]).as_markdown()
    assert "<script>" not in page
    assert sum(HOSTILE in found for found in shown(page.replace("`aa`", "aa"))) >= 6


def test_a_status_page_shows_hostile_names_as_text():
    row = dict.fromkeys(status.COLUMNS) | {"version": 1, "aliases": [HOSTILE], "forget_set": HOSTILE, "role": "original"}
    page = status._as_markdown(status.Look(HOSTILE, [row], [HOSTILE]))
    found = shown(page)
    assert found.count(HOSTILE) == 3
    assert len(found) == 2 * len(status.COLUMNS) + 1


def test_a_reason_in_a_description_is_text():
    line = Act(HOSTILE, "2026-01-01T00:00:00Z").sign(f"rolled back: {HOSTILE}")
    assert shown(line) == [f"2026-01-01T00:00:00Z, {HOSTILE}: rolled back: {HOSTILE}"]
