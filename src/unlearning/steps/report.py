"""report: from the newest experiment's runs and prediction tables to tables, figures and one page; no model is loaded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from unlearning.data.forget import ForgetSet
from unlearning.errors import InputError
from unlearning.evaluation.case import Case
from unlearning.naming import choose
from unlearning.steps import forget_sets
from unlearning.steps.experiment import CELLS
from unlearning.steps.forget_sets import PREDICTIONS
from unlearning.steps.progress import say, track
from unlearning.steps.settings import ReportSettings
from unlearning.studies.plan import ORIGINAL, RETRAINED
from unlearning.studies.presets import PRESETS
from unlearning.studies.results import Outcome, Results, pool
from unlearning.tracking import registry, runs

PAGE, TABLES, FIGURES = "report/report.html", "report/tables", "report/figures"


def report(settings: ReportSettings) -> Results:
    """Collect what the experiments of a preset have made, and log tables, figures and the page on a run."""
    with runs.run("report", "report"):
        table, setup = _cells(settings.preset)
        preset = choose(PRESETS, setup["preset"], "preset")
        runs.rename(f"report {preset.name}")
        runs.log_settings("report", {"preset": preset.name, "out": settings.out})
        results = collect(table, preset.name, setup["data digest"], preset.params)
        files = _files(results, setup)
        for name, text in files.items():
            runs.log_text(text, name)
        if settings.out:
            _write(Path(settings.out), files)
    say(f"report: {len(results.outcomes)} outcomes of {len(results.seeds)} seeds; see {PAGE} of the run{_place(settings.out)}")
    return results


def _place(out: str) -> str:
    return f", or {out}" if out else ""


def _cells(preset: str) -> tuple[pd.DataFrame, dict[str, str]]:
    """The cells of a preset's finished experiments on its newest data (empty: the newest preset), and how they were made."""
    if preset:
        choose(PRESETS, preset, "preset")
    found = runs.find_by_tags({"step": "experiment"} | ({"preset": preset} if preset else {}))
    if not found:
        raise InputError(
            f"there is no finished experiment{f' of the preset {preset}' if preset else ''}; run one with: mlflow run . "
            f"-e experiment -P study=all -P preset={preset or 'demo'}"
        )
    newest = found[0]
    same = [run for run in found if all(run["tags"][tag] == newest["tags"][tag] for tag in ("data_digest", "preset"))]
    tables = [runs.read_table(run["run_id"], CELLS, ("params", "set")) for run in same]
    keys = ["seed", "role", "forget_set", "method", "params", "epochs"]
    return pd.concat(tables).drop_duplicates(keys), _setup(newest, same)


def _setup(newest: dict, same: list[dict]) -> dict[str, str]:
    tags = newest["tags"]
    versions = {name.removeprefix("package."): value for name, value in sorted(tags.items()) if name.startswith("package.")}
    return {
        "preset": tags["preset"],
        "data digest": tags["data_digest"],
        "studies": ", ".join(dict.fromkeys(name for run in same for name in run["tags"]["studies"].split(","))),
        "commands": "; ".join(run["command"] for run in reversed(same)),
        "seconds": ", ".join(f"{run['seconds']:.0f}" for run in reversed(same)),
        "code": tags.get("code.commit", ""),
        "versions": ", ".join(f"{name} {value}" for name, value in versions.items()),
        **{name: value for name, value in sorted(newest["params"].items()) if name.startswith("preset.")},
    }


def collect(table: pd.DataFrame, preset: str, digest: str, params: dict[str, str]) -> Results:
    """Outcomes from the table of cells: every version's predictions beside its own seed's reference."""
    predictions = {run_id: runs.read_table(run_id, PREDICTIONS) for run_id in track(list(table.run_id), len(table), "reading")}
    table = table.assign(seconds=_seconds(table))
    outcomes = []
    for rule in [rule for rule in dict.fromkeys(table.forget_set) if rule]:
        references = table[(table.role == RETRAINED) & (table.forget_set == rule)]
        forget = _forget_set(references.iloc[0])
        rows = table[(table.forget_set == rule) | (table.role == ORIGINAL)]
        for (role, method, own, epochs), cells in rows.groupby(["role", "method", "params", "epochs"], sort=False):
            if set(cells.seed) & set(references.seed):
                arm = _arm(role, method, own, params)
                outcomes.append(_outcome(rule, arm, epochs, cells, references, forget, predictions))
    return Results(preset, digest, tuple(outcomes))


def _seconds(table: pd.DataFrame) -> list[float]:
    """How long each version took to train or to unlearn, as the registry has it."""
    known = {(v.model, v.number): float(v.tag("seconds", "nan")) for name in set(table.model) for v in registry.versions(name)}
    return [known[model, version] for model, version in zip(table.model, table.version, strict=True)]


def _forget_set(reference: pd.Series) -> ForgetSet:
    return forget_sets.of_version(registry.find(reference.model, str(reference.version)))


def _arm(role: str, method: str, params: str, usual: dict[str, str]) -> str:
    """The method's name, with those settings that are not the preset's."""
    own = params.removeprefix(usual.get(method, "")).strip()
    return f"{method} {own}".strip() if method else role


def _outcome(rule, arm, epochs, cells, references, forget, predictions) -> Outcome:
    seeds = tuple(sorted(set(cells.seed) & set(references.seed)))
    own, other = (rows.set_index("seed").loc[list(seeds)] for rows in (cells, references))
    tables = [(predictions[one], predictions[two]) for one, two in zip(own.run_id, other.run_id, strict=True)]
    times = zip(own.seconds, other.seconds, strict=True)
    cases = tuple(
        Case(*pair, forget, seconds=took, retrained_seconds=retraining)
        for pair, (took, retraining) in zip(tables, times, strict=True)
    )
    evaluated, retrained = (pool(list(side)) for side in zip(*tables, strict=True))
    seconds = {"seconds": own.seconds.sum(), "retrained_seconds": other.seconds.sum()}
    pooled = replace(cases[0], evaluated=evaluated, retrained=retrained, **seconds)
    return Outcome(rule, arm, int(epochs), seeds, cases, pooled)


def _files(results: Results, setup: dict[str, str]) -> dict[str, str]:
    """Everything that is logged: name -> text."""
    from unlearning.reports.study_figures import render_study
    from unlearning.reports.study_report import study_report
    from unlearning.reports.study_tables import markdown, numbers
    from unlearning.reports.style import THEMES

    known = numbers(results)
    pictures = {theme: render_study(results, theme, known) for theme in THEMES}
    files = {PAGE: study_report(results, setup, pictures=pictures, known=known)}
    for name, table in known.tables.items():
        files |= {f"{TABLES}/{name}.csv": table.to_csv(index=False), f"{TABLES}/{name}.md": markdown(table)}
    for theme, drawn in pictures.items():
        files |= {f"{FIGURES}/{theme}/{name}.svg": svg for name, svg in drawn.items()}
    return files


def _write(out: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = out / name.removeprefix("report/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
