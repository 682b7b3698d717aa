"""Which files are kept: each step leaves out what it says, names why, and comes in its turn."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unlearning.data.cleaning import (
    STEPS,
    ages_outside,
    bad_quality,
    clean,
    contradictions,
    duplicates,
    reasons_table,
    reduction,
)
from unlearning.data.settings import DataSettings

GOOD = {"sharpness": 500.0, "brightness": 120.0, "contrast": 50.0, "saturated": 0.0, "smallest_side": 200.0}
AGES = st.lists(st.integers(18, 62), min_size=1, max_size=200)
FRACTIONS = st.floats(0.01, 1)
SEEDS = st.integers(0, 2**31)


def account(ages: list[int], **columns) -> pd.DataFrame:
    """Files of these ages, all different and good, but for the columns that are given."""
    names = [f"{number:04d}" for number in range(len(ages))]
    texts = {"file": [f"{name}.jpg" for name in names], "id": names, "picture": names, "near": names, "reason": ""}
    return pd.DataFrame(texts | {"age": ages} | GOOD | columns)


@settings(derandomize=True, max_examples=40, deadline=None)
@given(AGES, FRACTIONS, SEEDS)
def test_every_age_keeps_its_share_within_one_picture(ages, fraction, seed):
    files = account(ages)
    kept = files.drop(index=reduction(files, fraction, seed).index)
    before, after = files.groupby("age").size(), kept.groupby("age").size()
    assert (before * fraction - after.reindex(before.index, fill_value=0)).abs().max() < 1
    assert abs(len(kept) - len(files) * fraction) <= 0.5 + 1e-9


@settings(derandomize=True, max_examples=20, deadline=None)
@given(SEEDS, FRACTIONS)
def test_the_reduction_follows_its_seed_and_not_the_order_of_the_files(seed, fraction):
    files = account([20 + n % 7 for n in range(100)])
    shuffled = files.sample(frac=1, random_state=1)
    assert set(reduction(files, fraction, seed).index) == set(reduction(shuffled, fraction, seed).index)


def test_both_ends_of_the_ages_asked_for_are_kept():
    assert ages_outside(account([19, 20, 60, 61, 0, 116]), 20, 60).to_dict() == {
        0: "age 19 is outside 20-60",
        3: "age 61 is outside 20-60",
        4: "age 0 is outside 20-60",
        5: "age 116 is outside 20-60",
    }


@pytest.mark.parametrize(
    ("measure", "setting", "bound", "step", "word"),
    [
        ("sharpness", "min_sharpness", 15.0, -0.001, "below"),
        ("brightness", "min_brightness", 30.0, -0.001, "below"),
        ("brightness", "max_brightness", 230.0, 0.001, "above"),
        ("contrast", "min_contrast", 15.0, -0.001, "below"),
        ("smallest_side", "min_side", 48.0, -1.0, "below"),
        ("saturated", "max_saturated", 0.5, 0.001, "above"),
    ],
)
def test_each_threshold_drops_exactly_what_lies_beyond_it(measure, setting, bound, step, word):
    """The default is the documented one; the value itself is kept, and so is the other side."""
    assert getattr(DataSettings(), setting) == bound
    files = account([30, 30, 30], **{measure: [bound - step, bound, bound + step]})
    assert bad_quality(files, DataSettings()).to_dict() == {2: f"{measure} {bound + step:g} is {word} {bound:g}"}
    assert bad_quality(files, DataSettings(**{setting: type(getattr(DataSettings(), setting))(bound + 2 * step)})).empty


def test_a_picture_beyond_two_thresholds_is_listed_with_the_first():
    files = account([30], sharpness=1.5, contrast=2.0)
    assert bad_quality(files, DataSettings()).to_dict() == {0: "sharpness 1.5 is below 15"}


def test_a_picture_under_different_ages_is_left_out_everywhere_or_the_first_by_name_is_kept():
    files = account([30, 35, 30, 30], near=["a", "a", "b", "b"])
    reason = "one picture under ages from 30 to 35"
    assert contradictions(files, "leave_out").to_dict() == {0: reason, 1: reason}
    files = account([40, 35, 30, 30], near=["a", "a", "a", "b"])
    reason = "one picture under ages from 30 to 40"
    assert contradictions(files, "keep_one").to_dict() == {1: reason, 2: reason}


@pytest.mark.parametrize(
    ("columns", "words"),
    [({"id": "x", "picture": "x", "near": "x"}, "the same content"), ({"picture": "x", "near": "x"}, "the same picture")],
)
def test_of_duplicates_the_first_by_name_is_kept_or_none(columns, words):
    files = account([30, 30, 30], **columns)
    assert duplicates(files, "keep_one", "together").to_dict() == dict.fromkeys((1, 2), f"{words} as another: 0000.jpg")
    none = duplicates(files, "leave_out", "together").to_dict()
    assert list(none) == [0, 1, 2]
    assert all(words in reason for reason in none.values())


def test_near_copies_stay_together_or_only_the_first_is_kept():
    files = account([30, 30, 30], near=["a", "a", "b"])
    assert duplicates(files, "keep_one", "together").empty
    assert duplicates(files, "leave_out", "together").empty
    (place, reason), *more = duplicates(files, "keep_one", "keep_one").to_dict().items()
    assert (place, more) == (1, [])
    assert "nearly the same picture" in reason
    assert "0000.jpg" in reason


def test_a_file_is_listed_with_the_first_step_that_leaves_it_out():
    """All are children and blurred but the last; four of them have a fault that is looked for before."""
    files = account([9, 10, 11, 10, 10, 9, 30, 30], sharpness=[1.0] * 7 + [500.0])
    files["reason"] = ["not a JPEG or PNG image", *[""] * 7]
    files["near"] = ["", "a", "a", "b", "b", "c", "d", "e"]
    files["id"] = ["", "1", "2", "b", "b", "c", "d", "e"]
    kept, rejected, stages = clean(files, DataSettings())
    assert kept.file.tolist() == ["0007.jpg"]
    assert rejected.step.tolist() == ["file", "contradiction", "contradiction", "age", "duplicate", "age", "quality"]
    assert {step: len(ages) for step, ages in stages.items()} == dict(zip(STEPS, [7, 5, 4, 4, 2, 1], strict=True))


@settings(derandomize=True, max_examples=12, deadline=None)
@given(st.lists(st.tuples(st.integers(18, 62), *[st.integers(0, 8)] * 3, st.booleans()), min_size=1, max_size=40), st.data())
def test_every_file_is_kept_or_listed_once_whatever_the_settings(rows, draw):
    """Equal files are equal pictures, and equal pictures are near-copies, as reading finds them."""
    ages, near, picture, file, broken = zip(*rows, strict=True)
    pictures = [f"{a}{b}" for a, b in zip(near, picture, strict=True)]
    ids = [f"{a}{b}" for a, b in zip(pictures, file, strict=True)]
    files = account(list(ages), near=list(map(str, near)), picture=pictures, id=ids)
    files["reason"] = ["x" if one else "" for one in broken]
    chosen = draw.draw(
        st.builds(
            DataSettings,
            fraction=FRACTIONS,
            duplicates=st.sampled_from(["keep_one", "leave_out"]),
            near_duplicates=st.sampled_from(["together", "keep_one"]),
            contradictions=st.sampled_from(["leave_out", "keep_one"]),
        )
    )
    kept, rejected, stages = clean(files, chosen)
    assert sorted([*kept.file, *rejected.file]) == files.file.tolist()
    assert (rejected.reason != "").all()
    assert kept.picture.is_unique
    assert kept.groupby("near").age.nunique().max() <= 1 or kept.empty
    assert kept.near.is_unique or chosen.near_duplicates == "together"
    assert len(stages["quality"]) == len(kept)


def test_reasons_that_differ_in_a_number_or_a_file_name_are_counted_as_one():
    reasons = {
        "age 19 is outside 20-60": "age",
        "age 61 is outside 20-60": "age",
        "sharpness 14.99 is below 15": "quality",
        "the same content as another: a/35_0_0_1.jpg": "duplicate",
        "the same content as another: b/36_0_0_1.jpg": "duplicate",
        "the same picture as another: b/36_0_0_1.jpg": "duplicate",
        "not a JPEG or PNG image": "file",
    }
    table = reasons_table(pd.DataFrame({"reason": list(reasons), "step": list(reasons.values())}))
    assert table.to_dict("split")["data"] == [
        ["file", "not a JPEG or PNG image", 1],
        ["duplicate", "the same content as another", 2],
        ["duplicate", "the same picture as another", 1],
        ["age", "age N is outside N-N", 2],
        ["quality", "sharpness N is below N", 1],
    ]


def test_what_a_table_holds_is_in_no_counted_reason():
    """A column that slipped holds names of people, in either kind of quotation marks."""
    cells = ["'Anna: Meier'", '"O\'Brien"', r"'O\'Brien, \"Al\"'"]
    reasons = [f"unknown gender {cell}; legal: 0 (male), 1 (female)" for cell in cells] + [
        f"age {cell} is no number" for cell in cells
    ]
    table = reasons_table(pd.DataFrame({"reason": reasons, "step": "file"}))
    assert sorted(table.reason) == ["age ... is no number", "unknown gender ..."]
