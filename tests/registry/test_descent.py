"""What a version was made from, whatever people have deleted or written into tags."""

import pytest

from unlearning.registry.descent import line_of
from unlearning.registry.version import Facts

ORIGINAL = Facts("None", (), {"role": "original", "parent_version": "none"})


def made_from(parent: str) -> Facts:
    return Facts("None", (), {"role": "unlearned", "parent_version": parent})


STATE = {1: ORIGINAL, 3: made_from("1"), 4: made_from("3")}


def test_a_line_leads_to_its_original():
    line = line_of(STATE, 4)
    assert [one.number for one in line.steps] == [4, 3, 1]
    assert (line.original.number, line.broken) == (1, "")


def test_a_line_goes_on_beyond_a_version_that_was_deleted_where_the_log_knows_it():
    state = {1: STATE[1], 4: STATE[4]}
    line = line_of(state, 4, lambda: STATE)
    assert [(one.number, one.gone) for one in line.steps] == [(4, False), (3, True), (1, False)]
    assert line.original.facts == ORIGINAL
    assert line_of(state, 4).broken == "version 3, the parent of version 4, was deleted"


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("4", "version 3 names version 4 as its parent, which was made from version 3"),
        ("3", "version 3 names version 3 as its parent, which was made from version 3"),
        ("none", "version 3 names no version that it was made from"),
        ("²", "version 3 has the tag parent_version='²', which is no number of a version"),
    ],
)
def test_a_line_that_leads_nowhere_ends_and_says_why(tag, said):
    line = line_of(STATE | {3: made_from(tag)}, 4)
    assert ([one.number for one in line.steps], line.original, line.broken) == ([4, 3], None, said)
