"""The README's tables on real faces are those of the results that lie beside it."""

import importlib.util

import pandas as pd

from places import ROOT

RESULTS = ROOT / "results" / "utkface-study-small" / "tables"


def printed() -> list[str]:
    """Every row that the script prints of the tables that the README shows."""
    spec = importlib.util.spec_from_file_location("readme_tables", ROOT / "benchmarks" / "readme_tables.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    versions, groups, methods = (pd.read_csv(RESULTS / f"{name}.csv") for name in ("tables_4_to_7", "table_8", "methods"))
    of_group = methods[(methods.forget_set == "20-28") & ~methods.model.str.contains("published")]
    texts = script.versions(versions), script.groups(groups), script.methods(of_group)
    return [line for text in texts for line in text.splitlines() if not line.startswith("| ---")]


def test_every_row_stands_in_the_readme_as_it_is_printed():
    shown = set((ROOT / "README.md").read_text().splitlines())
    rows = printed()
    assert len(rows) > 45
    assert [row for row in rows if row not in shown] == []
