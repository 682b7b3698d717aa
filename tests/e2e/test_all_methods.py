"""Every method as a user runs it: one experiment on drawn faces, and the table and figure that the report makes of it."""

import pandas as pd
import pytest

from e2e.test_whole_job import run_project
from unlearning.methods import METHODS
from unlearning.reports.study_tables import METHOD_SCORES
from unlearning.reports.study_words import model_name
from unlearning.reports.style import THEMES

NAMES = [model_name(name) for name in METHODS]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The folder that ``report`` wrote after all methods had forgotten 20-28."""
    folder = tmp_path_factory.mktemp("methods")
    for entry, given in (
        ("experiment", ("study=methods", "preset=demo", "seeds=0", "forget_sets=20-28")),
        ("report", ("preset=demo", f"out={folder / 'report'}")),
    ):
        done = run_project(folder, entry, *given)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "report"


@pytest.fixture(scope="module")
def scores(report):
    """One row a model, one column a score."""
    table = pd.read_csv(report / "tables" / "methods.csv")
    return table.pivot_table(index="model", columns="metric", values="ours")


def test_all_methods_stand_in_the_table_beside_original_and_retrained(scores):
    assert set(scores.index) == {"original", "retrained", *METHODS}


def test_every_method_has_every_score_and_no_absurd_error(scores):
    made = scores.loc[list(METHODS)]
    assert made[METHOD_SCORES].notna().all().all()
    assert made[["test_mae", "forget_mae"]].max().max() < 60, "years: no method is allowed to run away"
    assert ((made.Forgetting > 0) & (made.Forgetting <= 1)).all()
    assert (made.F - made.Utility * made.Forgetting).abs().max() < 1e-9


def test_retraining_as_a_method_scores_what_the_reference_scores(scores):
    assert scores.loc["retrain", ["Utility", "Forgetting", "F"]].tolist() == [1.0, 1.0, 1.0]


def test_the_figure_of_methods_by_cost_is_drawn_on_light_and_dark_paper(report):
    assert all((report / "figures" / theme / "pareto.svg").exists() for theme in THEMES)


def test_the_table_for_readers_has_a_line_for_every_method(report):
    lines = (report / "tables" / "methods.md").read_text().splitlines()
    assert not [name for name in NAMES if sum(f"| {name} |" in line for line in lines) != 1]
