"""What a request may become, and several of them as one."""

from dataclasses import replace
from datetime import date

import pytest

from forgetting import faces, forget_set
from unlearning.certificates.statement import WITHHELD, public_rule
from unlearning.data.forget import ForgetSet
from unlearning.errors import InputError
from unlearning.requests.states import (
    FAILED,
    GATED,
    NEXT,
    OPEN,
    PROMOTED,
    RECEIVED,
    REFUSED,
    RUNNING,
    STATES,
    Request,
    StateChange,
    changed,
    in_order,
    parse_deadline,
    remaining,
    together,
)

TODAY = date(2026, 6, 1)
PEOPLE = faces({"age": 22}, {"age": 25}, {"age": 40}, {"age": 41}, {"age": 55, "split": "test"}, {"age": 56})


def line(state, time="2026-01-01T00:00:00.000Z"):
    return StateChange(state, time, "anna", "because")


def asked(*states, run_id="a" * 32, deadline=None):
    history = tuple(line(state, f"2026-01-01T00:00:{number:02}.000Z") for number, state in enumerate(states))
    return Request(run_id, "age", "key", "20-28", "20-28", "5" * 64, 7, "Art. 17", deadline, history)


def test_every_state_is_explained_and_every_open_one_can_end_well_and_badly_and_what_has_ended_only_begins_again():
    assert STATES.keys() == NEXT.keys()
    assert {state for following in NEXT.values() for state in following} <= STATES.keys()
    assert set(STATES) - set(OPEN) == {PROMOTED, REFUSED, FAILED}
    for state in OPEN:
        reached, before = {state}, set()
        while reached != before:
            before, reached = reached, reached | {after for one in reached for after in NEXT[one] if one in OPEN}
        assert {PROMOTED, REFUSED, FAILED} <= reached
    assert {NEXT[state] for state in (PROMOTED, REFUSED, FAILED)} == {(RECEIVED,)}


def test_a_change_is_one_more_line_of_history_and_leaves_the_request_alone():
    before = asked(RECEIVED)
    after = changed(before, line(RUNNING))
    assert [one.state for one in after.history] == [RECEIVED, RUNNING]
    assert (before.state, after.state) == (RECEIVED, RUNNING)
    assert changed(after, line(RUNNING)).state == RUNNING, "a crashed request runs again"


@pytest.mark.parametrize(
    ("states", "to"), [([RECEIVED], GATED), ([RECEIVED], REFUSED), ([RECEIVED, RUNNING], REFUSED), ([PROMOTED], RUNNING)]
)
def test_a_state_that_cannot_follow_is_refused_with_those_that_can(states, to):
    with pytest.raises(InputError, match=rf"is {states[-1]} and cannot become {to}; legal: {NEXT[states[-1]][0]}"):
        changed(asked(*states), line(to))


@pytest.mark.parametrize(
    ("states", "deadline", "overdue"),
    [
        ([RECEIVED], date(2026, 5, 31), True),
        ([RECEIVED], TODAY, False),
        ([RECEIVED], None, False),
        ([RECEIVED, RUNNING], date(2020, 1, 1), True),
        ([RECEIVED, RUNNING, FAILED], date(2020, 1, 1), False),
    ],
)
def test_overdue_is_what_is_open_after_its_last_day(states, deadline, overdue):
    assert asked(*states, deadline=deadline).is_overdue(TODAY) is overdue


def test_a_deadline_is_a_day_or_nothing():
    assert parse_deadline("2026-12-31") == date(2026, 12, 31)
    assert parse_deadline("  ") is None
    with pytest.raises(InputError, match=r"deadline='31\.12\.2026' is no day; legal: year-month-day, as 2026-12-31"):
        parse_deadline("31.12.2026")


def test_what_is_asked_again_goes_to_the_end_of_the_line():
    first, second = asked(RECEIVED, FAILED, RECEIVED, run_id="b" * 32), asked(RECEIVED, run_id="c" * 32)
    assert in_order([first, second]) == [second, first]


def test_manifests_together_name_everybody_once_and_the_test_faces_that_the_rules_describe():
    both = together([forget_set("20-28", PEOPLE), forget_set("22-22 | 40-41", PEOPLE), forget_set("50-60", PEOPLE)])
    assert both.ids == ("face-0", "face-1", "face-2", "face-3", "face-5")
    assert both.test_ids == ("face-4",)
    assert both.rule == "20-28 | (22-22 | 40-41) | 50-60"
    assert both.name == both.sha256[:10]
    one = forget_set("20-28", PEOPLE)
    assert together([one]) is one
    assert together([one, replace(one, rule="group:0")]).name == "20-28"


def test_manifests_of_different_data_are_not_put_together():
    other = ForgetSet("x", "x", "other", ("face-9",))
    with pytest.raises(InputError, match="of different data"):
        together([forget_set("20-28", PEOPLE), other])


def test_a_certificate_may_tell_rules_of_ages_together_and_none_with_a_file():
    ages = together([forget_set("20-28", PEOPLE), forget_set("40-41", PEOPLE)])
    assert public_rule(ages.rule) == "20-28 | 40-41"
    files = together([forget_set("20-28", PEOPLE), ForgetSet("y", "file:person-17.csv", "data", ("face-5",))])
    assert public_rule(files.rule) == WITHHELD


def test_what_remains_is_what_no_earlier_set_has():
    asked_for = forget_set("20-41", PEOPLE)
    assert remaining(asked_for, [forget_set("20-28", PEOPLE)]) == {"face-2", "face-3"}
    assert remaining(asked_for, [forget_set("20-28", PEOPLE), forget_set("40-56", PEOPLE)]) == set()
