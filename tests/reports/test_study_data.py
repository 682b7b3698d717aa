"""Counts of the data behind an experiment."""

import pytest

from forgetting import forget_set
from unlearning.reports.study_data import counts, data_page
from unlearning.reports.study_words import NONE


@pytest.fixture(scope="module")
def manifest(make_data):
    table = make_data().manifest
    return table.assign(near=table.copy_of.where(table.copy_of != "", table.id))


def row(table, name):
    return table[table["part or forget set"] == name].iloc[0].tolist()[1:]


def test_every_part_and_forget_set_is_counted_beside_the_study(manifest):
    sets = {"20-28": forget_set("20-28", manifest), "list a.csv": forget_set("60-60 | 40-40", manifest)}
    table = counts(manifest, sets)
    assert row(table, "train") == [4, 5, 9, 6470]
    assert row(table, "test") == [3, 0, 3, 1043]
    # training faces of 20, 28 (with three copies) and 28, and a validation face of 24; the test face of 28 is not forgotten
    assert row(table, "forget 20-28") == [4, 3, 7, 1735]
    assert row(table, "forget list a.csv") == [1, 2, 3, NONE]


def test_the_page_tells_what_was_left_out(make_data, manifest):
    page = data_page(manifest, make_data().rejected, {}, {"split": "<svg/>"})
    assert page["headline"].startswith("Of 1,253 files, 9 were kept as faces, 1,244 were left out")
    assert page["figures"] == {"split": "<svg/>"}
