"""The published values, checked against each other."""

import pytest

from unlearning.experiments import published


@pytest.mark.parametrize("table", [published.tables_4_to_7(), published.table_8()], ids=["4 to 7", "8"])
def test_f_is_utility_times_forgetting(table):
    """The study rounds all three to two digits, so the product is off by up to .011."""
    assert (table.F - table.Utility * table.Forgetting).abs().max() < 0.012


def test_utility_is_the_ratio_of_the_errors():
    table = published.tables_4_to_7()
    assert (table.Utility - published.RETRAINED["test_mae"] / table.test_mae).abs().max() < 0.011


def test_forgetting_grows_with_alpha():
    table = published.table_3().pivot_table(index="alpha", columns="model", values="Forgetting")
    assert (table.diff().dropna() > 0).all(axis=None)


def test_no_row_is_missing():
    tables = published.table_3(), published.tables_4_to_7(), published.table_8()
    assert [len(table) for table in tables] == [24, 8, 15]
    assert not any(table.isna().any(axis=None) for table in tables)
