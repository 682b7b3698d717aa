import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certificates.issued import flipped
from unlearning.registry.hash_chain import START, entries, first_broken, head, next_line

WHAT = [{"what": "promote", "version": "3"}, {"what": "certificate", "sha256": "ab"}, {"what": "purge"}, {"what": "promote"}]


def log_of(*what):
    log = b""
    for entry in what:
        log += next_line(log, entry)
    return log


LOG = log_of(*WHAT)
LINES = LOG.splitlines(keepends=True)
OTHER = next_line(LINES[0], {"what": "something else"})


def test_a_log_is_whole_and_gives_back_what_was_entered():
    assert first_broken(LOG) is None
    assert entries(LOG) == WHAT
    assert [json.loads(line)["number"] for line in LINES] == ["1", "2", "3", "4"]
    assert [json.loads(line)["previous"] for line in LINES] == [START, *(json.loads(line)["sha256"] for line in LINES[:-1])]
    assert next_line(LOG, {"what": "x"}) == next_line(LINES[-1], {"what": "x"}), "the last line is enough to add the next"
    assert (first_broken(b""), entries(b""), head(b"")) == (None, [], START)


@given(st.integers(0, len(LOG) - 1), st.integers(1, 255))
@settings(derandomize=True, max_examples=300, deadline=None)
def test_a_changed_byte_names_its_entry(at, mask):
    number = LOG[:at].count(b"\n") + 1
    broken = first_broken(flipped(LOG, at, mask))
    assert broken is not None
    assert broken.number == number


@pytest.mark.parametrize(
    ("lines", "broken"),
    [
        (LINES[1:], "entry 1: it is numbered 2: an entry was taken out, put in or moved"),
        ([LINES[0], *LINES[2:]], "entry 2: it is numbered 3: an entry was taken out, put in or moved"),
        ([LINES[0], LINES[2], LINES[1], LINES[3]], "entry 2: it is numbered 3: an entry was taken out, put in or moved"),
        ([LINES[0], OTHER, *LINES[1:]], "entry 3: it is numbered 2: an entry was taken out, put in or moved"),
        ([LINES[0], OTHER, *LINES[2:]], "entry 3: it does not follow the entry before it"),
    ],
    ids=["first taken out", "taken out", "changed places", "put in", "written anew with its hash"],
)
def test_the_first_entry_that_is_not_in_its_place_is_named(lines, broken):
    assert str(first_broken(b"".join(lines))) == broken


def test_a_line_that_was_not_written_to_its_end_is_named():
    assert first_broken(LOG[:-1]).number == 4
    with pytest.raises(ValueError, match="not whole"):
        next_line(LOG[:-5], {})


def test_a_log_cut_off_between_entries_is_told_by_the_head_that_was_kept_which_others_may_follow():
    short = b"".join(LINES[:2])
    assert first_broken(short) is None
    broken = first_broken(short, head(LOG))
    assert broken.number == 3
    assert "cut off or written anew" in str(broken)
    assert first_broken(LOG, head(short)) is first_broken(LOG, START) is None


def test_numbers_are_entered_as_strings():
    with pytest.raises(ValueError, match="must be written as a string"):
        next_line(b"", {"version": 3})
