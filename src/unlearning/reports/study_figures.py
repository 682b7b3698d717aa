"""STUDY_FIGURES, the visible registry of an experiment's figures: each is one function of its numbers and a theme."""

from __future__ import annotations

from unlearning.naming import by_name
from unlearning.reports.error_figures import errors, figure_9, figure_11, figure_12
from unlearning.reports.methods_figure import pareto, pareto_single
from unlearning.reports.page import Drawing
from unlearning.reports.score_figures import alpha, defect, epochs, forget_sets, tradeoff

STUDY_FIGURES = by_name(
    Drawing(
        "tradeoff",
        tradeoff,
        "Every model of the forget set 20\N{EN DASH}28, means over the seeds: the farther up, the more useful; the farther "
        "right, the more alike to the retrained model on what was forgotten. The retrained model stands at 1 and 1. Below, the "
        "crowd alone; numbers at the signs are epochs of unlearning. "
        "The study has no such figure.",
        "Utility against Forgetting of every model, with lines of equal F.",
    ),
    Drawing(
        "figure_9",
        figure_9,
        "Above, what a forgotten face adds to Forgetting: 1 where the model errs as much as the retrained one, less the more "
        "the two errors differ. Below, the differences that were measured, of all seeds; the last bar has all beyond the "
        "scale. The upper part answers the study's figure 9.",
        "Eight falling curves of f against E, one for each alpha; below them two histograms of the measured E.",
    ),
    Drawing(
        "alpha",
        alpha,
        "Forgetting for eight values of alpha, forget set 20\N{EN DASH}28: FT after 8 and RND after 2 epochs. "
        "Lines that cross would mean that alpha reorders the models. Shows table 3.",
        "Forgetting of three models against alpha, ours as full and the study's as hollow signs; table 3 has the numbers.",
    ),
    Drawing(
        "epochs",
        epochs,
        "Means over the seeds, every seed, and the study's numbers; forget set 20\N{EN DASH}28. The retrained model has 1 in "
        "every score, by definition. Shows tables 4, 6 and 7.",
        "Utility, Forgetting and F of FT and RND after 2, 4, 8 and 16 epochs, ours and the study's; tables have the numbers.",
    ),
    Drawing(
        "errors",
        errors,
        "The share of test faces whose age is missed by at most so many years, over the faces of all seeds: the more to the "
        "left a line rises, the better the model. A summary of the study's figures 11 and 12.",
        "Rising curves of the share of test faces by absolute error for four models, at 2 and at 16 epochs, with medians.",
    ),
    Drawing(
        "figure_11",
        figure_11,
        "The same hundred test faces, drawn at random once, with the predictions averaged over the seeds. "
        "Answers the study's figure 11.",
        "Four panels, one a model, with the absolute error of each of a hundred test faces; FT and RND after 2 epochs.",
    ),
    Drawing(
        "figure_12",
        figure_12,
        "The same hundred faces with 16 epochs of unlearning. Answers the study's figure 12.",
        "Four panels, one a model, with the absolute error of each of a hundred test faces; FT and RND after 16 epochs.",
    ),
    Drawing(
        "forget_sets",
        forget_sets,
        "Original, FT after 8 and RND after 2 epochs for the study's five age groups. Bars reach one standard deviation over "
        "the seeds to both sides. Shows table 8.",
        "Utility, Forgetting and F of three models in five age groups, ours and the study's; table 8 has the numbers.",
    ),
    Drawing(
        "defect",
        defect,
        "RND by the study's text, RND with the labels of its published code, both ours, and the study's RND. The dotted line "
        "is the error of always answering the median training age. The study has no such figure.",
        "Test MAE and Forgetting by epochs of our RND, our RND with the published code's labels, and the study's RND.",
    ),
    Drawing(
        "pareto",
        pareto,
        "What every method gives, against what it costs in seconds: means over the seeds, with pale bars of one standard "
        "deviation to both sides. Above, F; below, how many years its answers lie from the retrained model's on the "
        "forgotten faces. The line joins the methods that nothing cheaper equals. Levels across: the original, which costs "
        "nothing, and a retrained model of another seed, the noise floor. Triangles at the edge lie beyond the scale, their "
        "names tell how far. The study has no such figure.",
        "Two panels of methods by seconds relative to retraining, each named; the table of every method has the numbers.",
    ),
    Drawing(
        "pareto_single",
        pareto_single,
        "The same for single requests: a few people of any age instead of an age group.",
        "Two panels of methods by seconds relative to retraining on a forget set of single people; the table has the numbers.",
    ),
)
