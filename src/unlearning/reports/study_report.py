"""The page about an experiment: what the study says, what was found here, and why the two differ; no face is in it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from unlearning.data.forget import ForgetSet, forget_mask
from unlearning.data.settings import GROUPS
from unlearning.evaluation.registry import METRICS
from unlearning.experiments.published import COUNTS
from unlearning.experiments.readings import CONFIRMED, CONTRADICTED, NOT_RUN, OPEN, READINGS, Evidence, verdict
from unlearning.experiments.results import BESIDES, Results
from unlearning.reports import data_counts, data_report
from unlearning.reports.error_figures import errors, figure_9, figure_11, figure_12
from unlearning.reports.methods_figure import pareto, pareto_single
from unlearning.reports.page import by_function, figures, page
from unlearning.reports.score_figures import alpha, defect, epochs, forget_sets, tradeoff
from unlearning.reports.study_reasons import of_defect, unlike
from unlearning.reports.study_tables import (
    KEYS,
    METHOD_SCORES,
    RANKING,
    VALUES,
    Numbers,
    method_scores,
    metrics_of,
    ranked_cells,
)
from unlearning.reports.words import MINUS, NONE, as_printed, digits, key_text, metric_name, shown, spread

TEMPLATE = "study_report.html.jinja"
STUDY_FIGURES = by_function(
    tradeoff, figure_9, alpha, epochs, errors, figure_11, figure_12, forget_sets, defect, pareto, pareto_single
)
TITLES = {
    ("tables_4_to_7", "Utility"): "Table 4: Utility",
    ("tables_4_to_7", "test_mae"): "Table 5: test MAE (years)",
    ("tables_4_to_7", "Forgetting"): "Table 6: Forgetting",
    ("tables_4_to_7", "F"): "Table 7: F",
    ("table_3", "Forgetting"): "Table 3: Forgetting by alpha",
}
STUDY_OF = {
    "table_3": "alpha",
    "tables_4_to_7": "epochs",
    "table_8": "forget_set",
    "defect": "defect",
    "single": "single",
    "methods": "methods",
}
METHOD_HEADS = dict(
    zip(METHOD_SCORES, ("memory left (%)", "test MAE", "test accuracy", "F", "RTE", "faces shown"), strict=True)
)
SIGNS = {CONFIRMED: "\N{CHECK MARK}", CONTRADICTED: "\N{MULTIPLICATION SIGN}", OPEN: "?", NOT_RUN: "\N{EN DASH}"}
COUNTED = {
    CONFIRMED: ("is", "are", "confirmed here"),
    CONTRADICTED: ("is", "are", "found to be the other way round"),
    OPEN: ("is", "are", "open"),
    NOT_RUN: ("was", "were", "not run"),
}
DATA_HEADS = ("part or forget set", "faces", "copies", "together", "study")


def study_report(
    numbers: Numbers,
    setup: dict,
    pictures: dict[str, dict[str, str]],
    data: dict | None = None,
    judged: list[dict] | None = None,
) -> str:
    """The page as HTML text, below 3 MB.

    Args:
        setup: how it was made: commands, versions, seconds, seeds, parameters; texts by name.
        pictures: the figures of STUDY_FIGURES as SVG texts, by theme and name.
        data: what ``data_page`` gave.
        judged: what ``readings`` gave, where the caller has it.
    """
    results, tables, told = numbers.results, numbers.tables, numbers.results.target.told
    judged = readings(results) if judged is None else judged
    return page(
        TEMPLATE,
        headline=headline(judged),
        preset=results.preset,
        digest=results.digest,
        seeds=results.seeds if results.outcomes else (),
        n=how_n_is_read(results),
        signs={"confirmed": SIGNS[CONFIRMED], "opposite": SIGNS[CONTRADICTED], "open": SIGNS[OPEN]},
        studies=setup.get("studies") or ", ".join(study for name, study in STUDY_OF.items() if name in tables),
        readings=judged,
        blocks={name: blocks(name, tables[name], told) for name in STUDY_OF if name in tables and name != "methods"},
        figures=figures("study", pictures),
        unlike=unlike(numbers),
        defect=of_defect(numbers),
        methods=methods(numbers),
        ranking=RANKING,
        method_heads=[told(METHOD_HEADS[name]) for name in method_scores(tables.get("methods", ()))],
        everything=everything(numbers),
        metrics=[
            replace(metric, description=told(metric.description), unit=told(metric.unit))
            for name, metric in METRICS.items()
            if metric.headline or name in BESIDES
        ],
        metric_names=[told(metric_name(name)) for name in metrics_of(tables.get("all", pd.DataFrame()))],
        data=data,
        setup={str(name): str(value) for name, value in setup.items()},
    )


def headline(judged: list[dict]) -> str:
    """How many of the study's readings were found here too, in one sentence."""
    if not judged:
        return "The study's readings are of ages, and these models predict something else."
    count = Counter(each["verdict"] for each in judged)
    parts = [f"Of the study's {len(judged)} readings"]
    for kind, (one, several, what) in COUNTED.items():
        if count[kind] or kind == CONFIRMED:
            parts.append(f"{count[kind]} {one if count[kind] == 1 else several} {what}")
    return ", ".join(parts) + "."


def readings(results: Results) -> list[dict]:
    """Every reading with its verdict and its evidence in words, of the study's own forget sets and no others.

    None of an experiment on another target than the age.
    """
    of_study = replace(results, outcomes=tuple(o for o in results.of_ages.outcomes if o.forget_set in GROUPS))
    if results.outcomes and not results.of_ages.outcomes:
        return []
    told = []
    for reading in READINGS.values():
        evidence = reading.function(of_study) if of_study.outcomes else []
        kind = verdict(evidence, reading.parts)
        parts = [_evidence(part) for part in evidence]
        told.append({"sentence": reading.sentence, "verdict": kind, "sign": SIGNS[kind], "evidence": parts})
    return told


def _evidence(part: Evidence) -> dict:
    value, low, high, *seeds = (shown(number, 3, sign=True) for number in (part.value, part.low, part.high, *part.seeds))
    return {
        "claim": part.claim.replace(" - ", f" {MINUS} "),
        "value": value,
        "interval": f"{low} to {high}",
        "seeds": seeds,
        "sign": SIGNS[part.verdict],
        "verdict": part.verdict,
    }


def blocks(name: str, table: pd.DataFrame, told: Callable[[str], str]) -> list[dict]:
    """A table a metric: title, heads, how many of them are keys, and rows; the study's columns where it published something."""
    keys = [column for column in table.columns if column not in (*VALUES, "metric")]
    both = bool(table.published.notna().any())
    heads = [*(key.replace("_", " ") for key in keys), "here", "pooled", *(["study", "difference"] if both else [])]
    made = []
    for metric in dict.fromkeys(table.metric):
        rows, decimals = [], digits(metric)
        for row in table[table.metric == metric].to_dict("records"):
            ours = [spread(row["ours"], row["sd"], decimals), shown(row["pooled"], decimals)]
            theirs = [as_printed(row["published"]), shown(row["difference"], decimals, sign=True)] if both else []
            rows.append([*(key_text(key, row[key]) for key in keys), *ours, *theirs])
        title = TITLES.get((name, metric), f"{'Table 8: ' if name == 'table_8' else ''}{metric_name(metric)}")
        made.append({"title": told(title), "heads": heads, "key_count": len(keys), "rows": rows})
    return made


def everything(numbers: Numbers) -> dict[str, list[dict]]:
    """By forget set, the rows of the table ``all``: arm, epochs, and (mean, sd, pooled) of every metric."""
    table = numbers.tables.get("all", pd.DataFrame(columns=KEYS))
    names = metrics_of(table)
    return _by_forget_set(table, lambda row: [_three(row, name) for name in names])


def methods(numbers: Numbers) -> dict[str, list[dict]]:
    """By forget set, the rows of the table ``methods``: arm, epochs, and value, interval and words of METHOD_SCORES."""
    return _by_forget_set(numbers.tables.get("methods", pd.DataFrame()).rename(columns={"model": "arm"}), ranked_cells)


def _by_forget_set(table: pd.DataFrame, values: Callable[[dict], list]) -> dict[str, list[dict]]:
    grouped: dict[str, list[dict]] = {}
    for row in table.to_dict("records"):
        keys = {name: key_text(name, row[name]) for name in ("arm", "epochs")}
        grouped.setdefault(row["forget_set"], []).append(keys | {"values": values(row)})
    return grouped


def _three(row: dict, name: str) -> tuple[str, str, str]:
    """A mean, its deviation and the pooled value; the last two empty where there are none."""
    decimals = digits(name)
    sd, pooled = row[f"{name}_sd"], row[f"{name}_pooled"]
    deviation = "" if math.isnan(sd) else f"\N{PLUS-MINUS SIGN} {shown(sd, decimals)}"
    return shown(row[name], decimals), deviation, "" if math.isnan(pooled) else f"({shown(pooled, decimals)})"


def data_page(manifest: pd.DataFrame, rejected: pd.DataFrame, sets: dict[str, ForgetSet], pictures: dict[str, str]) -> dict:
    """What the page tells of the experiment's data, and of its forget sets, which come by title.

    ``pictures`` are SVG texts of the data's figures by name, of one theme: both would make the page too large.
    """
    return {
        "headline": data_report.headline(manifest, rejected),
        "heads": DATA_HEADS,
        "rows": [[name, *(f"{n:,}" if isinstance(n, int) else n for n in row)] for name, *row in counts(manifest, sets)],
        "figures": figures("data", {"light": pictures}),
    }


def counts(manifest: pd.DataFrame, sets: dict[str, ForgetSet]) -> list[tuple]:
    """Real faces, augmented copies and both together of every part and forget set, beside the study's counts."""
    is_copy = data_counts.is_copy(manifest)
    rows = [tuple(row) for row in data_counts.parts(manifest).itertuples()]
    for title, forget in sets.items():
        copies = is_copy[forget_mask(manifest, forget)]
        rows.append((f"forget {title}", int((~copies).sum()), int(copies.sum())))
    return [(name, faces, copies, faces + copies, COUNTS.get(name, NONE)) for name, faces, copies in rows]


def how_n_is_read(results: Results) -> str:
    """Which of the two readings of N seeds the columns ``here`` and ``pooled`` show."""
    counts = sorted({len(outcome.seeds) for outcome in results.outcomes})
    if counts in ([], [1]):
        return "one seed: here and pooled are the same"
    seeds = f"{' to '.join(map(str, dict.fromkeys((counts[0], counts[-1]))))} seeds"
    return (
        f"here: mean of the scores of {seeds}, \N{PLUS-MINUS SIGN} their standard deviation; pooled: score of the predictions "
        f"averaged over {seeds}"
    )
