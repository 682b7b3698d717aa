"""STUDY_FIGURES, the visible registry of an experiment's figures: each is one function of its numbers and a theme."""

from __future__ import annotations

from unlearning.reports.error_figures import errors, figure_9, figure_11, figure_12
from unlearning.reports.methods_figure import pareto, pareto_single
from unlearning.reports.page import by_function
from unlearning.reports.score_figures import alpha, defect, epochs, forget_sets, tradeoff

STUDY_FIGURES = by_function(
    tradeoff, figure_9, alpha, epochs, errors, figure_11, figure_12, forget_sets, defect, pareto, pareto_single
)
