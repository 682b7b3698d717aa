"""The study's tables, ours beside the published numbers, and one table of everything that was measured.

The study's tables are long: one row a number, with its keys (alpha, epochs, forget_set, model), its metric, and

* ours: mean of the metric over the seeds; sd: its standard deviation over the seeds;
* pooled: the metric of the predictions averaged over the seeds, the other way to read the study's N = 3;
* published: the study's number; difference: ours - published. Not a number where there is none.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from math import isnan, nan

import numpy as np
import pandas as pd

from unlearning.data.settings import GROUPS
from unlearning.evaluation import study
from unlearning.evaluation.case import Case
from unlearning.evaluation.resample import mean_of_seeds
from unlearning.experiments import published
from unlearning.experiments.plan import ORIGINAL, RETRAINED
from unlearning.experiments.results import AGAIN, POOLED, Outcome, Results, scores, summary
from unlearning.markdown import table as rows_of
from unlearning.markdown import text
from unlearning.reports.words import NONE, as_printed, digits, is_as_published, key_text, metric_name, model_name, shown, spread
from unlearning.targets import ACCURACY

KEYS = ["forget_set", "arm", "epochs"]
VALUES = ["ours", "sd", "pooled", "published", "difference"]
FIRST = GROUPS[0]
SHOWN = {ORIGINAL: 0, "ft": 8, "rnd": 2}
SCORES = ["Utility", "test_mae", "Forgetting", "F"]
RANKED = ("memory_left", "test_mae")
METHOD_SCORES = (*RANKED, ACCURACY, "F", "seconds_ratio", "samples_ratio")  # the accuracy where there are classes
RANKING = (
    "In the order of memory left, on whichever side of 0: 100 is the original, 0 the retrained model, below 0 it errs more. "
    "Means over the seeds whose number is known, each with its 95 % interval by Student's t; one seed has none. Tied are "
    "intervals that overlap: with the first method's for memory left, with the retrained model's for the test error."
)
TIES = ("behind the first", "tied with the first", "behind the first")
ERRORS = ("below retraining", "tied with retraining", "above retraining")
BESIDE = (ORIGINAL, RETRAINED, AGAIN)
STUDIED, STUDIED_EPOCHS = ("ft", "rnd"), 8
READING = (
    "Each number is the mean of the seeds' scores, with their standard deviation where there are several seeds{}. The score of "
    "the predictions averaged over the seeds, the other way to read N seeds, stands {}."
)
BRACKETS = ", and in brackets the study's number"


@dataclass(frozen=True)
class Numbers:
    """Everything that tables, figures and page show, measured once."""

    results: Results  # the experiment
    scores: pd.DataFrame  # all metrics of every seed and of the pooled predictions
    tables: dict[str, pd.DataFrame]  # by name, those that have a cell that was run


def numbers(results: Results) -> Numbers:
    """Measure an experiment."""
    if not results.outcomes:
        return Numbers(results, pd.DataFrame(columns=[*KEYS, "seed"]), {})
    measured = scores(results)
    everything = summary(measured)
    ours = _long(everything)
    made = {make.__name__: make(ours) for make in (tables_4_to_7, table_8, defect, single)}
    studied = {"table_3": table_3(results)} | made
    tables = (studied if results.of_ages.outcomes else {"single": single(ours, ())}) | {"methods": methods(measured)}
    return Numbers(results, measured, {name: table for name, table in tables.items() if len(table)} | {"all": everything})


def _long(everything: pd.DataFrame) -> pd.DataFrame:
    """One row a number: forget_set, model, epochs, metric, ours, sd, pooled."""
    parts = []
    for name in metrics_of(everything):
        values = {"ours": everything[name], "sd": everything[f"{name}_sd"], "pooled": everything[f"{name}_pooled"]}
        parts.append(everything[KEYS].assign(metric=name, **values))
    return pd.concat(parts, ignore_index=True).rename(columns={"arm": "model"})


def _beside(ours: pd.DataFrame, theirs: pd.DataFrame | None, keys: list[str]) -> pd.DataFrame:
    """Our numbers with the published ones and the differences; no row where nothing was unlearned."""
    if ours.model.isin(BESIDE).all():
        return ours.iloc[:0]
    joined = ours.assign(published=np.nan) if theirs is None else ours.merge(theirs, how="left", on=keys)
    return joined.assign(difference=joined.ours - joined.published)[[*keys, *VALUES]].reset_index(drop=True)


def _chosen(ours: pd.DataFrame, rows: pd.Series, names: list[str], by: list[str] | None = None) -> pd.DataFrame:
    """Some rows and metrics, the metrics in the order of ``names``, the rows sorted by ``by`` (``epochs``)."""
    chosen = ours[rows & ours.metric.isin(names)]
    chosen = chosen.assign(place=chosen.metric.map(names.index))
    return chosen.sort_values(["place", *(by or ["epochs"])], kind="stable").drop(columns="place")


def table_3(results: Results) -> pd.DataFrame:
    """Experiment 1: Forgetting for each alpha; columns alpha, model, metric and the values."""
    outcomes = [results.find(FIRST, model, epochs) for model, epochs in SHOWN.items()]
    rows = [row for outcome in outcomes if outcome for row in _by_alpha(outcome)]
    ours = pd.DataFrame(rows, columns=["alpha", "model", "metric", "ours", "sd", "pooled"]).sort_values("alpha", kind="stable")
    theirs = published.table_3().rename(columns={"Forgetting": "published"}).assign(metric="Forgetting")
    return _beside(ours, theirs, ["alpha", "model", "metric"])


def _by_alpha(outcome: Outcome) -> list[tuple]:
    """Rows of table 3: the errors are looked up once and scaled by each alpha."""
    *seeds, pooled = (_forgetting(case) for case in (*outcome.cases, outcome.pooled))
    means, sds = np.mean(seeds, axis=0), np.std(seeds, axis=0, ddof=1) if len(seeds) > 1 else np.full(len(pooled), np.nan)
    return [
        (alpha, outcome.arm, "Forgetting", *values) for alpha, *values in zip(published.ALPHAS, means, sds, pooled, strict=True)
    ]


def _forgetting(case: Case) -> list[float]:
    """For each alpha; not a number where nobody is in the forget set."""
    errors = case.reference_errors("forget"), case.errors("forget")
    return [study.forgetting(*errors, alpha) if len(errors[0]) else np.nan for alpha in published.ALPHAS]


def tables_4_to_7(ours: pd.DataFrame) -> pd.DataFrame:
    """Experiment 2: original and retrained (epochs 0), FT and RND by epochs; columns epochs, model, metric and the values."""
    models = [ORIGINAL, RETRAINED, "ft", "rnd"]
    chosen = _chosen(ours, (ours.forget_set == FIRST) & ours.model.isin(models), SCORES)
    still = {ORIGINAL: published.ORIGINAL, RETRAINED: published.RETRAINED}
    rows = [(0, model, metric, value) for model, row in still.items() for metric, value in row.items()]
    fixed = pd.DataFrame(rows, columns=["epochs", "model", "metric", "published"])
    theirs = pd.concat([fixed, _melted(published.tables_4_to_7(), ["epochs", "model"])], ignore_index=True)
    return _beside(chosen, theirs, ["epochs", "model", "metric"])


def _melted(theirs: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return theirs.melt(keys, var_name="metric", value_name="published")


def table_8(ours: pd.DataFrame) -> pd.DataFrame:
    """Experiment 3: the five groups; columns forget_set, model, metric and the values."""
    shown = ours.forget_set.isin(GROUPS) & (ours.epochs == ours.model.map(SHOWN))
    ranked = ours.assign(rank=ours.model.map({model: rank for rank, model in enumerate(SHOWN)}))
    chosen = _chosen(ranked, shown, ["Utility", "Forgetting", "F"], ["forget_set", "rank"])
    return _beside(chosen, _melted(published.table_8(), ["forget_set", "model"]), ["forget_set", "model", "metric"])


def defect(ours: pd.DataFrame) -> pd.DataFrame:
    """RND as published, by epochs, beside the published RND, and beside our FT and RND; empty when it was not run."""
    wanted = ours.model.map(lambda arm: arm in ("ft", "rnd") or is_as_published(arm)).astype(bool)
    chosen = _chosen(ours, (ours.forget_set == FIRST) & wanted, SCORES)
    if not chosen.model.map(is_as_published).any():
        return chosen.iloc[:0]
    theirs = _melted(published.tables_4_to_7(), ["epochs", "model"])
    copies = [theirs[theirs.model == "rnd"].assign(model=arm) for arm in chosen.model.unique() if is_as_published(arm)]
    return _beside(chosen, pd.concat([theirs, *copies]), ["epochs", "model", "metric"])


def single(ours: pd.DataFrame, groups: Sequence[str] = GROUPS) -> pd.DataFrame:
    """Forget sets that are none of the study's, as drawn or listed faces: its models at all epochs; it has no such numbers."""
    rows = ~ours.forget_set.isin(groups) & (ours.model.isin(BESIDE) | _is_studied(ours.model))
    chosen = _chosen(ours, rows, [*SCORES, "forget_mae"], ["forget_set", "epochs"])
    return _beside(chosen, None, ["forget_set", "epochs", "model", "metric"])


def _is_studied(models: pd.Series) -> pd.Series:
    """Is it FT or RND, with whatever settings?"""
    return models.map(lambda arm: arm.partition(" ")[0] in STUDIED).astype(bool)


def methods(measured: pd.DataFrame) -> pd.DataFrame:
    """One row a model after its own passes: original and retrained models, then the methods, the least memory left first.

    It has the forget sets on which others than FT and RND were run. A method's own passes are the last at which it was looked
    at; those of FT and RND, which other experiments train for longer, are 8. Columns: forget_set, model, epochs, seeds (how
    many), METHOD_SCORES, and of RANKED ``_low`` and ``_high``, the interval over the seeds, and in words ``_tied``.
    """
    seeds = measured[measured.seed != POOLED].rename(columns={"arm": "model"})
    return pd.concat([_ranked(chosen) for _, chosen in seeds.groupby("forget_set", sort=False)], ignore_index=True)


def _ranked(chosen: pd.DataFrame) -> pd.DataFrame:
    """The rows of one forget set; none where only FT and RND were run, or there is nothing to compare with."""
    studied = _is_studied(chosen.model)
    if (studied | chosen.model.isin(BESIDE)).all() or RETRAINED not in set(chosen.model):
        return pd.DataFrame()
    own = chosen[chosen.epochs == chosen.groupby("model").epochs.transform("max").mask(studied, STUDIED_EPOCHS)]
    rows = []
    for keys, of_seeds in own.groupby(["forget_set", "model", "epochs"], sort=False):
        row = dict(zip(("forget_set", "model", "epochs"), keys, strict=True), seeds=len(of_seeds))
        for name in RANKED:
            row |= zip((name, f"{name}_low", f"{name}_high"), mean_of_seeds(of_seeds[name].to_numpy()), strict=True)
        rows.append(row | of_seeds[method_scores(of_seeds)[len(RANKED) :]].mean().to_dict())
    table = pd.DataFrame(rows)
    place = table.model.map(lambda model: BESIDE.index(model) if model in BESIDE else len(BESIDE))
    table = table.assign(place=place, far=table.memory_left.abs()).sort_values(["place", "far", "test_mae"], ignore_index=True)
    first, retrained = table[table.place == len(BESIDE)].iloc[0], table[table.model == RETRAINED].iloc[0]
    table["memory_left_tied"] = [_tied(row, first, "memory_left", TIES) for _, row in table.iterrows()]
    table["test_mae_tied"] = [_tied(row, retrained, "test_mae", ERRORS) for _, row in table.iterrows()]
    return table.drop(columns=["place", "far"])


def _tied(row: pd.Series, other: pd.Series, name: str, words: tuple[str, str, str]) -> str:
    """How a method's interval lies to another's, in words: below, tied, above; nothing of models that were not unlearned."""
    if row.model in BESIDE or isnan(row[name]):
        return ""
    if isnan(row[f"{name}_low"]) or isnan(other[f"{name}_low"]):
        return "no interval: one seed"
    below, tied, above = words
    if row[f"{name}_high"] < other[f"{name}_low"]:
        return below
    return above if row[f"{name}_low"] > other[f"{name}_high"] else tied


def method_scores(table: Container[str]) -> list[str]:
    """Those of METHOD_SCORES that a table has."""
    return [name for name in METHOD_SCORES if name in table]


def ranked_cells(row: dict) -> list[tuple[str, str, str]]:
    """Value, interval and words of each of METHOD_SCORES in a row of ``methods``; empty where there are none."""
    cells = []
    for name in method_scores(row):
        value, low, high = (shown(row.get(one, nan), digits(name)) for one in (name, f"{name}_low", f"{name}_high"))
        interval = "" if low == NONE else f"{low} to {high}"
        cells.append((value, interval, row.get(f"{name}_tied", "")))
    return cells


def markdown(table: pd.DataFrame) -> str:
    """A table of ``tables`` as Markdown, with a caption that says which of the two readings of N seeds its numbers are.

    Our mean +- sd over the seeds; where the study has numbers also / the score of the averaged predictions (the study's).
    """
    if "seeds" in table.columns:
        return f"{_ranking(table)}\n{RANKING}\n"
    if not set(VALUES) <= set(table.columns):
        return f"{_everything(table)}\n{READING.format('', 'in the CSV file (columns that end in _pooled)')}\n"
    if table.published.notna().any():
        return f"{_wide(table)}\n{READING.format(BRACKETS, 'after the slash')}\n"
    return f"{_wide(table)}\n{READING.format('', 'in the CSV file (column pooled)')}\n"


def _wide(table: pd.DataFrame) -> str:
    """One column a metric, or a model where there is one metric only."""
    across = "model" if len(set(table.metric)) == 1 else "metric"
    keys = [name for name in table.columns if name not in (*VALUES, "metric", across)]
    rows: dict[tuple, dict[str, str]] = {}
    both = table.published.notna().any()
    for row in table.to_dict("records"):
        key, decimals = tuple(key_text(name, row[name]) for name in keys), digits(row["metric"])
        pooled = f" / {shown(row['pooled'], decimals)}" if both else ""
        theirs = "" if isnan(row["published"]) else f" ({as_printed(row['published'])})"
        rows.setdefault(key, {})[row[across]] = spread(row["ours"], row["sd"], decimals) + pooled + theirs
    columns = list(dict.fromkeys(table[across]))
    heads = [model_name(name) if across == "model" else metric_name(name) for name in columns]
    return _lines([*keys, *heads], [[*key, *(cells.get(name, NONE) for name in columns)] for key, cells in rows.items()])


def _ranking(table: pd.DataFrame) -> str:
    rows = []
    for row in table.to_dict("records"):
        cells = [key_text(name, row[name]) for name in ("forget_set", "model", "epochs", "seeds")]
        for value, interval, words in ranked_cells(row):
            known = f"{value} ({interval})" if interval else value
            cells.append(f"{known}, {words}" if words else known)
        rows.append(cells)
    return _lines(["forget_set", "model", "epochs", "seeds", *map(metric_name, method_scores(table))], rows)


def metrics_of(everything: pd.DataFrame) -> list[str]:
    """Names of the metrics in the table ``all``."""
    return [name.removesuffix("_sd") for name in everything.columns if name.endswith("_sd")]


def _everything(table: pd.DataFrame) -> str:
    names, rows = metrics_of(table), []
    for row in table.to_dict("records"):
        values = [spread(row[name], row[f"{name}_sd"], digits(name)) for name in names]
        rows.append([*(key_text(key, row[key]) for key in KEYS), *values])
    return _lines([*KEYS, *map(metric_name, names)], rows)


def _lines(heads: list[str], rows: list[list[str]]) -> str:
    return rows_of([text(head) for head in heads], [[text(cell) for cell in row] for row in rows]) + "\n"
