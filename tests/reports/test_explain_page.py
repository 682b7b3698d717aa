"""The page about what carries the age: what its title says of which maps, and that it shows no face and asks nobody."""

from dataclasses import replace

import numpy as np
import pytest

from reports.reading import Page, assert_alone, words
from unlearning.data.forget import ForgetSet
from unlearning.evaluation.audit.verdicts import Row
from unlearning.evaluation.on_models.attribution import PLANTED
from unlearning.explain.attributions import GRID
from unlearning.explain.faithful import POINTS, Curves
from unlearning.explain.found import Found, Look
from unlearning.explain.regions import ALIGNED, masks
from unlearning.reports.explain_page import EXPLAIN_FIGURES, explain_page, finding

GROUPS = {"forgotten": 12, "retained": 20, "test": 30, "test 20-39": 14, "test 40-60": 16}
AGES = ForgetSet("20-28", "20-28", "digest", ("face-1",))


def cells(region, seed, members=2):
    """A map that has most in one region."""
    noise = np.random.default_rng(seed).random((members, GRID, GRID))
    own = noise + (8 * masks(ALIGNED)[region] if region else 0)
    return own / own.sum(axis=(1, 2), keepdims=True)


def look(role, region, seed, gain=0.2, randomised=0.1):
    maps = {group: cells(region, seed + place) for place, group in enumerate(GROUPS)}
    lines = Curves(POINTS**0.3, 1 - POINTS**0.3, POINTS, 1 - POINTS, (gain, gain), (0.01, 0.01))
    return Look(role, {"gradients": maps, "occlusion": maps}, lines, randomised, np.full(30, 0.4))


def found(**looks):
    beside = {"original": look("original", "eyes", 0), **looks, "retrained-20-28": look("retrained", "forehead", 50)}
    return Found(beside, ("retrained-20-28",), GROUPS, ALIGNED)


def test_with_one_retrained_seed_no_map_is_believed_and_the_title_says_why():
    retrained = look("retrained", "forehead", 50)
    alone = {method: {group: maps[:1] for group, maps in own.items()} for method, own in retrained.maps.items()}
    known = found(ft=look("unlearned", "forehead", 9))
    told = finding(replace(known, looks=known.looks | {"retrained-20-28": replace(retrained, maps=alone)}), AGES)
    assert told.endswith("as the check of their maps by random weights needs two retrained seeds")


def test_the_title_names_the_regions_before_and_after():
    told = finding(found(ft=look("unlearned", "forehead", 9)), AGES)
    assert told == "The original reads 20 to 28 from the eyes; after forgetting, ft reads them from the forehead"
    assert finding(found(ft=look("unlearned", "eyes", 9)), AGES) == "The original reads 20 to 28 from the eyes; ft still does"
    listed = ForgetSet("x", 'file:/home/ann/"of march.csv"', "digest", ())
    assert finding(found(), listed) == "The original reads the faces of list of march.csv from the eyes"
    assert finding(found(ft=look("unlearned", "", 9)), AGES).endswith("ft reads them from no region in particular")


@pytest.mark.parametrize("weak", [{"gain": 0.01}, {"randomised": 0.99}])
def test_of_maps_that_fail_a_check_nothing_is_said(weak):
    told = finding(found(ft=look("unlearned", "forehead", 9, **weak)), AGES)
    assert told == "The original reads 20 to 28 from the eyes; of ft it cannot be said, as its maps fail their checks"
    both = found(ft=look("unlearned", "forehead", 9, **weak), rnd=look("unlearned", "eyes", 9, **weak))
    assert finding(both, AGES).endswith("; of ft and of rnd it cannot be said, as their maps fail their checks")
    alone = Found({"ft": look("unlearned", "eyes", 9, **weak), "r": look("retrained", "eyes", 3)}, ("r",), GROUPS, ALIGNED)
    assert finding(alone, AGES) == "Where 20 to 28 are read from: of ft it cannot be said, as its maps fail their checks"


def rows():
    row = Row("attribution_distance", "forget", "likeness", "", "lower", 0.3, 0.0, 0.1, 0.25, floor=0.2, reason="nobody knows")
    return {group: {"original": row, "ft": row} for group in (*GROUPS, PLANTED)}


@pytest.fixture(scope="module")
def text():
    return explain_page(found(ft=look("unlearned", "forehead", 9)), rows(), AGES)


def test_the_page_is_whole_asks_nothing_of_anybody_and_has_every_figure_and_number(text):
    assert_alone(text, "face-1")
    page = Page(text)
    assert [image["alt"] != "" for image in page.all("img")] == [True] * len(EXPLAIN_FIGURES)
    assert ["ft", "forgotten faces (12)", "25 %", "20 %", "not known"] in page.rows
    assert any(row[:2] == ["ft", "yes"] for row in page.rows)
    assert "The injected patch" in words(page)


def test_the_page_fits_a_phone(text, opened):
    assert opened.phone(text).texts("h1")[0].startswith("The original reads 20 to 28")
