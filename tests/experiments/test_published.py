"""The published values, checked against each other."""

import pytest

from unlearning.experiments import published


def test_f_is_utility_times_forgetting_in_tables_4_to_7():
    """The study rounds all three to two digits, so the product is off by up to .01."""
    table = published.tables_4_to_7()
    assert (table.F - table.Utility * table.Forgetting).abs().max() < 0.011


def test_f_is_utility_times_forgetting_in_table_8():
    table = published.table_8()
    assert (table.F - table.Utility * table.Forgetting).abs().max() < 0.012


def test_utility_is_the_ratio_of_the_errors():
    table = published.tables_4_to_7()
    assert (table.Utility - published.RETRAINED["test_mae"] / table.test_mae).abs().max() < 0.011


def test_forgetting_grows_with_alpha():
    table = published.table_3().pivot_table(index="alpha", columns="model", values="Forgetting")
    assert (table.diff().dropna() > 0).all(axis=None)


@pytest.mark.parametrize(
    ("rows", "table"), [(24, published.table_3()), (8, published.tables_4_to_7()), (15, published.table_8())]
)
def test_no_row_is_missing(rows, table):
    assert len(table) == rows
    assert not table.isna().any(axis=None)
