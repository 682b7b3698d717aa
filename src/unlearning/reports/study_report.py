"""The page about an experiment: what the study says, what was found here, and why the two differ; no face is in it."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from types import SimpleNamespace

import pandas as pd

from unlearning.data.settings import GROUPS
from unlearning.evaluation.metrics import GATE_METRICS, METRICS
from unlearning.experiments.readings import CONFIRMED, CONTRADICTED, NOT_RUN, OPEN, READINGS, Evidence, verdict
from unlearning.experiments.results import HEADLINES, Results
from unlearning.reports import study_reasons
from unlearning.reports.charts import counted
from unlearning.reports.data_figures import FIGURES
from unlearning.reports.page import figures, page
from unlearning.reports.study_figures import STUDY_FIGURES, render_study
from unlearning.reports.study_tables import KEYS, METHOD_SCORES, VALUES, Numbers, metrics_of, numbers
from unlearning.reports.study_words import MINUS, as_printed, digits, key_text, metric_name, shown, spread
from unlearning.reports.style import THEMES

TEMPLATE = "study_report.html.jinja"
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
METHOD_HEADS = {
    "test_mae": "test MAE",
    "forget_mae": "forget MAE",
    "test_in_range_mae": "in-range MAE",
    "forget_difference": "distance",
    "mia_auc": "MIA AUC",
    "seconds_ratio": "RTE",
    "samples_ratio": "faces shown",
}
SIGNS = {CONFIRMED: "\N{CHECK MARK}", CONTRADICTED: "\N{MULTIPLICATION SIGN}", OPEN: "?", NOT_RUN: "\N{EN DASH}"}
COUNTED = {CONFIRMED: "confirmed", CONTRADICTED: "found to be the other way round", OPEN: "open", NOT_RUN: "not run"}


@dataclass(frozen=True)
class Block:
    """One table on the page.

    Args:
        title: its caption.
        heads: of the columns.
        keys: how many of the columns are keys.
        rows: texts.
    """

    title: str
    heads: list[str]
    keys: int
    rows: list[list[str]]


def study_report(
    results: Results,
    setup: dict,
    data_page: dict | None = None,
    pictures: dict[str, dict[str, str]] | None = None,
    known: Numbers | None = None,
) -> str:
    """The page as HTML text, below 3 MB.

    Args:
        results: the experiment.
        setup: how it was made: commands, versions, seconds, seeds, parameters; texts by name.
        data_page: about its data: ``headline`` (a sentence), ``counts`` (a DataFrame) and ``figures`` (SVG texts by name, of
            one theme: both would make the page too large).
        pictures: what ``render_study`` gave for each theme, by the theme's name, where the caller has it.
        known: what ``study_tables.numbers`` gave, where the caller has it.
    """
    found = known or numbers(results)
    drawn = pictures or {theme: render_study(results, theme, found) for theme in THEMES}
    judged, seeds = readings(results), results.seeds if results.outcomes else ()
    return page(
        TEMPLATE,
        headline=headline(judged),
        preset=results.preset,
        digest=results.digest,
        seeds_in_words=seeds_in_words(seeds),
        n=how_n_is_read(results),
        signs={"confirmed": SIGNS[CONFIRMED], "opposite": SIGNS[CONTRADICTED], "open": SIGNS[OPEN]},
        studies=setup.get("studies") or ", ".join(study for name, study in STUDY_OF.items() if name in found.tables),
        readings=judged,
        blocks={name: blocks(name, found.tables[name]) for name in STUDY_OF if name in found.tables},
        figures={figure["name"]: figure for figure in figures(STUDY_FIGURES, drawn)},
        reasons=study_reasons.reasons(found),
        defect=study_reasons.defect_sentences(found),
        methods=methods(found),
        method_heads=[METHOD_HEADS.get(name, name) for name in METHOD_SCORES],
        everything=everything(found),
        metrics=[*METRICS.values(), *(GATE_METRICS[name] for name in HEADLINES)],
        metric_names=[metric_name(name) for name in metrics_of(found.tables.get("all", pd.DataFrame()))],
        data=_data(data_page),
        setup={str(name): str(value) for name, value in setup.items()},
    )


def headline(judged: list[dict]) -> str:
    """How many of the study's readings were found here too, in one sentence."""
    count = Counter(each["verdict"] for each in judged)
    others = [f"{count[kind]} {'is' if count[kind] == 1 else 'are'} {COUNTED[kind]}" for kind in (CONTRADICTED, OPEN)]
    others.append(f"{count[NOT_RUN]} {'was' if count[NOT_RUN] == 1 else 'were'} not run")
    told = [text for text, kind in zip(others, (CONTRADICTED, OPEN, NOT_RUN), strict=True) if count[kind]]
    first = (
        f"Of the study's {len(judged)} readings, {count[CONFIRMED]} {'is' if count[CONFIRMED] == 1 else 'are'} confirmed here"
    )
    return ", ".join([first, *told]) + "."


def readings(results: Results) -> list[dict]:
    """Every reading with its verdict and its evidence in words, of the study's own forget sets and no others."""
    own_sets = replace(results, outcomes=tuple(o for o in results.outcomes if o.forget_set in GROUPS))
    shown_readings = []
    for reading in READINGS.values():
        evidence = reading.function(own_sets) if own_sets.outcomes else []
        kind = verdict(evidence)
        parts = [_evidence(part) for part in evidence]
        own = {"sentence": reading.sentence, "verdict": kind, "sign": SIGNS[kind], "evidence": parts}
        shown_readings.append(own)
    return shown_readings


def _evidence(part: Evidence) -> dict:
    value, low, high, *seeds = (shown(number, 3, sign=True) for number in (part.value, part.low, part.high, *part.seeds))
    own = {"claim": part.claim.replace(" - ", f" {MINUS} "), "value": value, "interval": f"{low} to {high}", "seeds": seeds}
    return own | {"sign": SIGNS[part.verdict], "verdict": part.verdict}


def blocks(name: str, table: pd.DataFrame) -> list[Block]:
    """One block a metric, with the columns of the study only where it published something."""
    keys = [column for column in table.columns if column not in (*VALUES, "metric")]
    both = bool(table.published.notna().any())
    heads = [*(key.replace("_", " ") for key in keys), "here", "pooled", *(["study", "difference"] if both else [])]
    made = []
    for metric in dict.fromkeys(table.metric):
        rows = [_row(row, keys, both) for row in table[table.metric == metric].to_dict("records")]
        title = TITLES.get((name, metric), f"{'Table 8: ' if name == 'table_8' else ''}{metric_name(metric)}")
        made.append(Block(title, heads, len(keys), rows))
    return made


def _row(row: dict, keys: list[str], both: bool) -> list[str]:
    decimals = digits(row["metric"])
    own = [spread(row["ours"], row["sd"], decimals), shown(row["pooled"], decimals)]
    theirs = [as_printed(row["published"]), shown(row["difference"], decimals, sign=True)] if both else []
    return [*(key_text(key, row[key]) for key in keys), *own, *theirs]


def everything(found: Numbers) -> dict[str, list[dict]]:
    """By forget set, the rows of the table ``all``: arm, epochs, and (mean, sd, pooled) of every metric."""
    table = found.tables.get("all", pd.DataFrame(columns=KEYS))
    return _by_forget_set(table, metrics_of(table))


def methods(found: Numbers) -> dict[str, list[dict]]:
    """By forget set, the rows of the table ``methods`` in its order, as ``everything`` has them, but without pooled values."""
    if "methods" not in found.tables:
        return {}
    order = found.tables["methods"].rename(columns={"model": "arm"})[KEYS].drop_duplicates()
    rows = order.merge(found.tables["all"], on=KEYS)
    return _by_forget_set(rows.assign(**{f"{name}_pooled": math.nan for name in METHOD_SCORES}), METHOD_SCORES)


def _by_forget_set(table: pd.DataFrame, names: list[str]) -> dict[str, list[dict]]:
    grouped: dict[str, list[dict]] = {}
    for row in table.to_dict("records"):
        values = [_three(row, name) for name in names]
        own = {"arm": key_text("arm", row["arm"]), "epochs": key_text("epochs", row["epochs"]), "values": values}
        grouped.setdefault(row["forget_set"], []).append(own)
    return grouped


def _three(row: dict, name: str) -> tuple[str, str, str]:
    """A mean, its deviation and the pooled value; the last two empty where there are none."""
    decimals = digits(name)
    sd, pooled = row[f"{name}_sd"], row[f"{name}_pooled"]
    deviation = "" if math.isnan(sd) else f"\N{PLUS-MINUS SIGN} {shown(sd, decimals)}"
    return shown(row[name], decimals), deviation, "" if math.isnan(pooled) else f"({shown(pooled, decimals)})"


def _data(content: dict | None) -> dict | None:
    """What the template shows of the data."""
    if not content:
        return None
    drawn, counts = content.get("figures", {}), content.get("counts", pd.DataFrame())
    unknown = {name: SimpleNamespace(caption=name, alt=name) for name in drawn if name not in FIGURES}
    registry = {name: figure for name, figure in FIGURES.items() if name in drawn} | unknown
    rows = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in counts.astype(object).to_numpy()]
    own = {"headline": content.get("headline", ""), "heads": [str(name) for name in counts.columns], "rows": rows}
    return own | {"figures": figures(registry, {"light": drawn})}


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


def seeds_in_words(seeds: tuple[int, ...]) -> str:
    """How many, and which."""
    return f"{counted(len(seeds), 'seed')} ({', '.join(map(str, seeds))})" if seeds else "no seed"
