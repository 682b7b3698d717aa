"""Why our numbers differ from the study's, as rows of tables: what is unlike here, and what a defect of its code explains."""

from __future__ import annotations

import numpy as np
import pandas as pd

from unlearning.experiments import published
from unlearning.experiments.plan import ORIGINAL, RETRAINED
from unlearning.experiments.presets import PRESETS
from unlearning.reports.model_looks import of
from unlearning.reports.study_tables import FIRST, Numbers
from unlearning.reports.words import NONE, digits, is_as_published, metric_name, model_name, shown

NEAR = {"test_mae": 0.5, "Forgetting": 0.03, "Utility": 0.05, "F": 0.05}
MOST, SOME = 0.75, 0.25
OF_NUMBERS = ("table_3", "tables_4_to_7", "table_8")


def unlike(numbers: Numbers) -> list[tuple[str, str, str]]:
    """What is unlike the study: rows of (what, here, in the study), those that were measured last."""
    known = numbers.results.preset in PRESETS
    preset = PRESETS[numbers.results.preset if known else "study"]
    here = [preset.model["arch"], str(preset.model["image_size"]), f"{100 * preset.data.fraction:g} %"]
    network, side, share = here if known else [f"of the preset {numbers.results.preset}"] * 3
    return [
        ("weights to start from", "random ones, unless weights are given", "those of a ResNet50 that was trained on faces"),
        ("network", network, "resnet50"),
        ("side of the pictures (pixels)", side, "224"),
        ("share of the faces that is kept", share, "30 % of UTKFace"),
        ("which faces, limits of quality, split", "as this data has them", "not published"),
        (
            "labels of RND",
            "each forgotten age moved by 3 to 6 years, as the text says",
            "in its code at most 1 year, for every face",
        ),
        *_errors(numbers),
        *_within(numbers),
    ]


def _errors(numbers: Numbers) -> list[tuple[str, str, str]]:
    """What the original and the retrained model err by: Utility and F are measured against the second."""
    table = numbers.tables.get("tables_4_to_7")
    if table is None or not {ORIGINAL, RETRAINED} <= set(table.model):
        return []
    original, retrained = (of(table, model=model, metric="test_mae").ours.iloc[0] for model in (ORIGINAL, RETRAINED))
    theirs, again = published.ORIGINAL["test_mae"], published.RETRAINED["test_mae"]
    guess = of(numbers.scores, forget_set=FIRST).median_guess_mae.mean()
    changes = (f"{shown(100 * (ratio - 1), 0, sign=True)} %" for ratio in (retrained / original, again / theirs))
    return [
        ("test MAE of the original (years)", f"{original:.2f}", f"{theirs:.2f}"),
        ("test MAE of the retrained model (years)", f"{retrained:.2f}", f"{again:.2f}"),
        (f"what retraining without {FIRST} changes in it", *changes),
        ("test MAE of always answering the median training age (years)", f"{guess:.2f}", NONE),
    ]


def _within(numbers: Numbers) -> list[tuple[str, str, str]]:
    """How many published numbers lie within the spread of our seeds."""
    tables = [numbers.tables[name] for name in OF_NUMBERS if name in numbers.tables]
    both = pd.concat(tables).dropna(subset=["difference", "sd"]) if tables else pd.DataFrame()
    if not len(both):
        return []
    count = int((both.difference.abs() <= 2 * both.sd).sum())
    what = "numbers of tables 3 to 8 that differ by at most two standard deviations of the seeds"
    return [(what, f"{count} of {len(both)}", "no deviations published")]


def of_defect(numbers: Numbers) -> list[tuple[str, str, str, str, str]]:
    """What each defect of the published code explains of the study's RND, a row a metric; none where it was not run.

    Rows of (metric, RND with which labels, mean distance from the study's RND over the epochs, the same of RND by the text,
    what follows).
    """
    table = numbers.tables.get("defect")
    if table is None:
        return []
    rows = []
    for metric in (name for name in NEAR if (table.metric == name).any()):
        for arm in (arm for arm in dict.fromkeys(table.model) if is_as_published(arm)):
            as_published, by_text, beyond = distances(table, metric, arm)
            texts = (shown(distance, digits(metric)) for distance in (as_published, by_text))
            rows.append((metric_name(metric), model_name(arm), *texts, finding(metric, as_published, by_text, beyond)))
    return rows


def distances(table: pd.DataFrame, metric: str, arm: str) -> tuple[float, float, bool]:
    """How far RND with the published code's labels and RND by the text are from the published RND, over common epochs.

    The last says whether the defect moves RND the way of the published numbers, but past them. Without RND by the text its
    distance is not a number.
    """
    of_metric = of(table, metric=metric)
    defect, text = of(of_metric, model=arm), of(of_metric, model="rnd")
    text = text[text.epochs.isin(defect.epochs)]
    if len(text):
        defect = defect[defect.epochs.isin(text.epochs)]
    beyond = bool(defect.difference.mean() * text.difference.mean() < 0)
    return float(defect.difference.abs().mean()), float(text.difference.abs().mean()), beyond


def finding(metric: str, as_published: float, by_text: float, beyond: bool) -> str:
    """What the defect does to a published number; without RND by the text only how near it comes."""
    if np.isnan(by_text):
        return "comes close" if as_published <= NEAR[metric] else "does not come close"
    if by_text <= NEAR[metric]:
        return "is not needed to explain it"
    explained = 1 - as_published / by_text
    if explained >= MOST:
        return "explains most of it"
    if explained >= SOME:
        return "explains part of it"
    return "overshoots it" if beyond else "does not explain it"
