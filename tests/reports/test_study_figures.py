"""What the figures of an experiment show, read from the drawn shapes."""

from dataclasses import replace

import numpy as np
import pytest

from reports.reading import assert_pictures, contrast, draw, texts_of
from unlearning.reports.error_figures import errors_of, samples
from unlearning.reports.model_looks import looks
from unlearning.reports.study_report import STUDY_FIGURES
from unlearning.reports.study_tables import numbers
from unlearning.reports.style import THEMES

OF_STUDY = {
    "alpha": {"tradeoff", "figure_9", "alpha", "epochs", "forget_sets"},
    "epochs": {"tradeoff", "figure_9", "alpha", "epochs", "errors", "figure_11", "figure_12", "forget_sets"},
    "forget_set": {"tradeoff", "figure_9", "alpha", "epochs", "forget_sets"},
    "defect": {"tradeoff", "defect"},
    "single": set(),
    "methods": {"tradeoff", "figure_9", "alpha", "epochs", "forget_sets", "pareto", "pareto_single"},
}


def lines(axes, colour, hollow=False):
    """Heights of the signs of one model with a line: ours, or the study's."""
    paper = THEMES["light"].paper
    drawn = [line for line in axes.lines if line.get_color() == colour and line.get_marker() not in (None, "None")]
    kinds = [line for line in drawn if line.get_markersize() > 4 and (line.get_markerfacecolor() == paper) == hollow]
    return [list(line.get_ydata()) for line in kinds]


@pytest.mark.parametrize("theme", THEMES)
def test_every_figure_is_an_image_on_the_themes_paper(drawn_study, theme):
    assert_pictures(drawn_study[theme], STUDY_FIGURES, theme)


@pytest.mark.parametrize("study", OF_STUDY)
def test_figures_whose_cells_were_not_run_are_left_out(make_results, study):
    known = numbers(make_results([study], seeds=1, faces=120))
    assert {name for name in STUDY_FIGURES if draw(STUDY_FIGURES, name, known)} == OF_STUDY[study]


@pytest.mark.parametrize(
    ("name", "panel", "model", "published"),
    [
        ("epochs", 0, 2, [1.25, 1.24, 1.21, 1.18]),
        ("alpha", 0, 3, [0.14, 0.23, 0.41, 0.50, 0.57, 0.63, 0.67, 0.71]),
        ("forget_sets", 2, 0, [0.86, 0.81, 0.80, 0.76, 0.60]),
        ("defect", 0, 3, [8.2, 15.09, 14.3, 13.59]),
    ],
)
def test_the_studys_numbers_stand_beside_ours(known, name, panel, model, published):
    axes, colour = draw(STUDY_FIGURES, name, known).axes[panel], THEMES["light"].models[model]
    assert lines(axes, colour, hollow=True) == [published]
    assert len(lines(axes, colour)[0]) == len(published)


def test_means_over_the_seeds_are_drawn_and_what_knowing_nothing_errs(known):
    table = known.tables["tables_4_to_7"]
    ft = table[(table.model == "ft") & (table.metric == "Utility")]
    assert lines(draw(STUDY_FIGURES, "epochs", known).axes[0], THEMES["light"].models[2]) == [list(ft.ours)]
    guess = known.scores.median_guess_mae.iloc[0]
    assert any(np.allclose(line.get_ydata(), guess) for line in draw(STUDY_FIGURES, "defect", known).axes[0].lines)


def test_figure_9_draws_the_formula(known):
    curves = draw(STUDY_FIGURES, "figure_9", known).axes[0].lines
    assert len(curves) == 8
    at = np.interp(15.0, curves[3].get_xdata(), curves[3].get_ydata())
    assert at == pytest.approx(np.exp(-1), abs=1e-3)


def test_a_hundred_faces_are_the_same_test_faces_whatever_the_order_of_the_table(make_results):
    case = make_results(["epochs"], seeds=1, faces=700).outcomes[0].pooled
    ids = samples(case)
    assert len(set(ids)) == 100
    assert set(ids) <= set(case.version.id[case.version.split == "test"])
    shuffled = replace(case, version=case.version.sort_values("predicted", ignore_index=True))
    assert list(samples(shuffled)) == list(ids)
    first = case.version.set_index("id").loc[ids[0]]
    assert errors_of(case, ids)[0] == abs(first.predicted - first.age)


def test_figures_of_errors_have_a_panel_a_model_in_the_order_of_the_retrained(known):
    figure = draw(STUDY_FIGURES, "figure_12", known)
    assert len(figure.axes) == 4
    retrained = figure.axes[1].lines[-1].get_ydata()
    assert list(retrained) == sorted(retrained)
    assert {"original", "retrained", "FT", "RND"} <= texts_of(figure)


def test_shares_of_errors_end_with_nearly_all_faces_and_tell_medians(known):
    figure = draw(STUDY_FIGURES, "errors", known)
    outcome = known.results.find("20-28", "ft", 16)
    median = np.median(np.concatenate([np.abs(case.errors("test")) for case in outcome.cases]))
    assert f"FT: median {median:.2f} years" in texts_of(figure)
    assert all(line.get_ydata()[-1] > 98 for axes in figure.axes for line in axes.lines[:4])


def test_new_methods_appear_in_the_tradeoff_with_their_epochs(make_results):
    hostile = r"<b> $x_{$ \U0001f9d1 " + "\U0001f9d1\x00\n" + "long " * 40
    known = numbers(make_results(["alpha"], more={"scrub strength=3": (5,), hostile: (1,)}, seeds=1))
    figure = draw(STUDY_FIGURES, "tradeoff", known)
    assert {"scrub strength=3", "5", "8", "2"} <= texts_of(figure)


def test_a_model_has_one_colour_and_every_model_its_own_look(make_results):
    results = make_results(["defect", "alpha"], more={f"new{number}": (1,) for number in range(6)}, seeds=1)
    for theme in THEMES.values():
        found = looks(results, theme)
        assert len({(look.colour, look.sign) for look in found.values()}) == len(found)
        for look in found.values():
            assert contrast(look.colour, theme.paper) >= 3, look


def test_seeds_that_agree_with_the_reference_wholly_are_no_error(make_results):
    results = make_results(["epochs"], seeds=1, faces=60)
    for each in results.outcomes:
        for case in (*each.cases, each.pooled):
            case.version["predicted"] = case.retrained["predicted"] = 30.0
    assert draw(STUDY_FIGURES, "errors", numbers(results))


def test_methods_stand_by_cost_with_their_names_however_few_they_are(make_results):
    for more, names in ({}, {"scrub", "ssd", "FT", "RND"}), ({"free": (1,)}, {"free"}):
        known = numbers(make_results([] if more else ["methods"], more=more, seeds=1, faces=120))
        assert names <= texts_of(draw(STUDY_FIGURES, "pareto", known))
