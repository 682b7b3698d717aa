"""Where a version's numbers stand between remembering and never having seen, computed by hand."""

import math
from dataclasses import replace

import pytest

from reports.audits import SETTINGS, audited
from unlearning.evaluation.audit.audit import Audit
from unlearning.evaluation.audit.verdicts import BETWEEN
from unlearning.evaluation.registry import METRICS
from unlearning.reports.audit_scale import (
    ATTACKS_ONLY,
    FLOORS,
    LEFT,
    NEVER_SEEN,
    RIGHT,
    WITHOUT_ORIGINAL,
    Mark,
    left,
    scale_of,
    styles,
)

NAN = math.nan
UNKNOWN = {"original": NAN, "retrained": NAN, "second": NAN, "floor": NAN, "gap": NAN, "gap_low": NAN, "gap_high": NAN}


def row(metric="forget_mae", **more):
    """Errs 4 years where the original errs 2, the retrained model 10, and another one 10.4, with a floor of 1 year."""
    models = {"original": 2.0, "retrained": 10.0, "second": 10.4, "version": 4.0, "low": 3.5, "high": 4.5}
    gaps = {"gap": -6.0, "gap_low": -6.8, "gap_high": -5.2, "distance": 6.0, "floor": 1.0}
    texts = {"verdict": BETWEEN, "bound": "6 > floor 1", "note": "", "reason": ""}
    own = {"part": "forget", "kind": "memory", "unit": "years", "better": "", **models, **gaps, **texts}
    made = replace(audited().audit.rows[0], **{"metric": metric, **own, **more})
    return replace(made, lean=made.gap, start=abs(made.retrained - made.original))


def scale(*rows):
    return scale_of(Audit(rows, "forgotten in part", "It has forgotten in part: so it is.", (), (), SETTINGS))


def test_a_version_stands_between_original_and_retrained_as_its_number_does():
    found = scale(row())
    (mark,) = found.marks
    assert (found.start, found.end, found.remark) == ("remembers", NEVER_SEEN, "")
    assert (mark.original, mark.at, mark.retrained) == (0.0, 0.25, 1.0)
    assert (mark.low, mark.high) == pytest.approx((0.15, 0.35))
    assert mark.second == pytest.approx(1.05)
    assert (mark.near, mark.far) == (0.875, 1.125)


def test_where_remembering_makes_a_number_larger_the_scale_is_turned_round():
    attack = row("mia_auc", original=0.9, retrained=0.5, second=0.5, version=0.8, gap=0.3, distance=0.3, floor=0.1)
    (mark,) = scale(attack).marks
    assert (mark.original, mark.retrained) == (pytest.approx(0.0), 1.0)
    assert mark.at == pytest.approx(0.25)


def test_members_that_were_judged_one_by_one_stand_at_their_mean_distance():
    (mark,) = scale(row(distance=4.0)).marks
    assert mark.at == 0.5
    assert (mark.low, mark.high) == pytest.approx((0.4, 0.6))


def test_the_floor_of_a_likeness_ends_at_the_retrained_model_for_nothing_is_more_like_it_than_itself():
    (mark,) = scale(row("Forgetting", kind="likeness", better="higher", gap=-6.0)).marks
    assert (mark.near, mark.far) == (0.875, 1.0)


def test_a_number_that_does_not_tell_original_from_retrained_is_left_out_by_name():
    found = scale(row(), row("mia_auc", floor=9.0))
    assert [mark.row.metric for mark in found.marks] == ["forget_mae"]
    assert found.silent == ("Attack: small errors tell trained faces",)


def test_without_an_original_the_left_end_is_some_floors_away():
    found = scale(row(original=NAN))
    (mark,) = found.marks
    assert found.remark == WITHOUT_ORIGINAL
    assert mark.at == pytest.approx(1 - 6 / FLOORS)
    assert math.isnan(mark.original)
    (above,) = scale(row("mia_auc", original=NAN, retrained=0.5, version=0.6, gap=0.1, distance=0.1, floor=0.05)).marks
    assert above.at == pytest.approx(0.5), "an attack that finds more than on the retrained model is on the side of remembering"


def test_without_a_retrained_model_attacks_stand_beside_a_guess():
    found = scale(row("mia_auc", **UNKNOWN | {"version": 0.75, "low": 0.5, "high": 1.0}), row(**UNKNOWN))
    (mark,) = found.marks
    assert (found.end, found.remark) == ("a guess", ATTACKS_ONLY)
    assert (mark.at, mark.low, mark.high) == (0.5, 0.0, 1.0)
    assert not scale(row(**UNKNOWN, version=NAN)).marks


def test_what_lies_outside_the_scale_is_drawn_at_its_end_with_an_arrow():
    far = styles(Mark(row(), 9.0, 8.5, 9.5, 0.0, 1.0, NAN, NAN, NAN))
    assert far["at"] == left(RIGHT) == "left: 100.00%"
    assert far["arrow"] == "\N{BLACK RIGHT-POINTING TRIANGLE}"
    assert (far["second"], far["floor"]) == ("", "")
    assert left(LEFT) == "left: 0.00%"
    assert styles(Mark(row(), -2.0, NAN, NAN, 0.0, 1.0, NAN, NAN, NAN))["arrow"] == "\N{BLACK LEFT-POINTING TRIANGLE}"


def test_a_retrained_model_stands_within_every_floor_and_the_original_at_the_start():
    for mark in scale_of(audited("honest").audit).marks:
        assert mark.near <= mark.at <= mark.far
    for mark in scale_of(audited("renamed").audit).marks:
        assert mark.at == pytest.approx(0.0)
        if "retrained" not in METRICS[mark.row.metric].needs:
            assert mark.original == pytest.approx(0.0), "it is the original"
            assert mark.retrained != mark.second, "1 is their mean"


@pytest.mark.parametrize("members", [1, 3])
def test_a_version_is_on_the_floor_where_its_verdict_says_so(members):
    marks = scale_of(audited("partly", members=members).audit).marks
    assert len(marks) > 3
    for mark in marks:
        within = mark.near <= mark.at <= max(mark.far, 1.0)
        assert within == (mark.row.verdict == "indistinguishable from retraining"), mark
