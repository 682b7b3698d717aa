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


def test_a_log_is_whole_and_gives_back_what_was_entered():
    assert first_broken(LOG) is None
    assert entries(LOG) == WHAT
    assert [json.loads(line)["number"] for line in LINES] == ["1", "2", "3", "4"]
    assert [json.loads(line)["previous"] for line in LINES] == [START, *(json.loads(line)["sha256"] for line in LINES[:-1])]


def test_an_empty_log_is_whole():
    assert first_broken(b"") is None
    assert entries(b"") == []
    assert head(b"") == START


def test_the_last_line_is_enough_to_add_the_next():
    assert next_line(LOG, {"what": "x"}) == next_line(LINES[-1], {"what": "x"})


@given(st.integers(0, len(LOG) - 1), st.integers(1, 255))
@settings(derandomize=True, max_examples=300, deadline=None)
def test_a_changed_byte_names_its_entry(at, mask):
    number = LOG[:at].count(b"\n") + 1
    broken = first_broken(flipped(LOG, at, mask))
    assert broken is not None
    assert broken.number == number


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_entry_taken_out_is_named_by_the_one_in_its_place(number):
    broken = first_broken(b"".join(LINES[: number - 1] + LINES[number:]))
    assert broken.number == number
    assert f"numbered {number + 1}" in str(broken)


def test_entries_that_changed_places_are_named():
    assert first_broken(b"".join([LINES[0], LINES[2], LINES[1], LINES[3]])).number == 2


def test_an_entry_put_in_is_named_by_the_one_after_it():
    inserted = next_line(LINES[0], {"what": "something else"})
    assert first_broken(b"".join([LINES[0], inserted, *LINES[1:]])).number == 3


def test_an_entry_written_anew_with_its_hash_breaks_the_next():
    forged = next_line(LINES[0], {"what": "something else"})
    broken = first_broken(b"".join([LINES[0], forged, *LINES[2:]]))
    assert str(broken) == "entry 3: it does not follow the entry before it"


def test_a_line_that_was_not_written_to_its_end_is_named():
    assert first_broken(LOG[:-1]).number == 4
    with pytest.raises(ValueError, match="not whole"):
        next_line(LOG[:-5], {})


def test_a_log_cut_off_between_entries_is_told_by_the_head_that_was_kept():
    short = b"".join(LINES[:2])
    assert first_broken(short) is None
    broken = first_broken(short, head(LOG))
    assert broken.number == 3
    assert "cut off or written anew" in str(broken)


def test_entries_may_follow_the_head_that_was_kept():
    assert first_broken(LOG, head(b"".join(LINES[:2]))) is None
    assert first_broken(LOG, START) is None


def test_numbers_are_entered_as_strings():
    with pytest.raises(ValueError, match="must be written as a string"):
        next_line(b"", {"version": 3})
