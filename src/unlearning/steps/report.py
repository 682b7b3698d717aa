"""report: from the newest experiment's runs and prediction tables to tables, figures and one page; no model is loaded."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from unlearning.commands import command
from unlearning.data.forget import ForgetSet
from unlearning.data.settings import GROUPS
from unlearning.errors import InputError
from unlearning.evaluation.case import Case
from unlearning.experiments.kept import load, save
from unlearning.experiments.plan import ORIGINAL, RETRAINED, UNLEARNED
from unlearning.experiments.presets import PRESETS
from unlearning.experiments.results import AGAIN, AT_DEFAULTS, Outcome, Results, outcome_of
from unlearning.naming import choose
from unlearning.progress import say, track
from unlearning.registry.lookup import all_versions, find
from unlearning.registry.version import Version
from unlearning.reports.page import render
from unlearning.reports.study_report import STUDY_FIGURES, data_page, readings, study_report
from unlearning.reports.study_tables import markdown, numbers
from unlearning.reports.style import THEMES
from unlearning.reports.words import discreet, titles
from unlearning.settings.experiments import ReportSettings
from unlearning.steps.experiment import CELLS
from unlearning.steps.prepare import FIGURES as DATA_FIGURES
from unlearning.tracking import finished, runs
from unlearning.versions import forget_sets
from unlearning.versions.data import account_of
from unlearning.versions.files import predictions_of
from unlearning.versions.witnesses import ABOUT, costs_of

KEPT = "kept"
ENOUGH = "%.12g"  # digits: those behind them differ from machine to machine
PAGE, TABLES, FIGURES = "report/report.html", "report/tables", "report/figures"


def report(settings: ReportSettings) -> Results:
    """Collect what the experiments of a preset have made, and log tables, figures and the page on a run.

    With ``source`` it is what such a report kept: no registry and no face is needed, and the page tells nothing of the data.
    """
    if settings.source:
        return _again_from(settings)
    with runs.run("report", "report"):
        table, setup = _cells(settings.preset)
        preset = choose(PRESETS, setup["preset"], "preset")
        runs.rename(f"report {preset.name}")
        runs.log_settings("report", {"preset": preset.name, "out": settings.out})
        sets = forget_sets_of(table)
        results = collect(table, sets, preset.name, setup["data digest"], preset.params)
        if settings.out:  # what is shown is what can be made again: attacks draw their pairs in the order of the keyed ids
            save(results, setup, Path(settings.out) / KEPT)
            results, setup = load(Path(settings.out) / KEPT)
        data_run = _data_run(table)
        files = _files(results, setup, data_page(*account_of(data_run), sets, _data_figures(data_run)))
        for name, text in files.items():
            runs.log_text(text, name)
        if settings.out:
            _write(Path(settings.out), files)
    also = f", or {settings.out}" if settings.out else ""
    say(f"report: {len(results.outcomes)} outcomes of {len(results.seeds)} seeds; see {PAGE} of the run{also}")
    return results


def _again_from(settings: ReportSettings) -> Results:
    results, setup = load(Path(settings.source) / KEPT)
    _write(Path(settings.out), _files(results, setup, {}))
    say(f"report: {len(results.outcomes)} outcomes of {len(results.seeds)} seeds, made again in {settings.out}")
    return results


def _cells(preset: str) -> tuple[pd.DataFrame, dict[str, str]]:
    """The cells of a preset's finished experiments on its newest data (empty: the newest preset), and how they were made."""
    found = finished.find_by_tags({"step": "experiment"} | ({"preset": preset} if preset else {}))
    if not found:
        raise InputError(
            f"there is no finished experiment{f' of the preset {preset}' if preset else ''}; run one with: "
            f"{command('experiment', study='all', preset=preset or 'demo')}"
        )
    newest = found[0]
    same = [run for run in found if all(run["tags"][tag] == newest["tags"][tag] for tag in ("data_digest", "preset"))]
    tables = [runs.read_table(run["run_id"], CELLS, ("params", "set", "scheme")) for run in same]
    keys = ["seed", "role", "set", "method", "params", "epochs", "scheme"]
    table = pd.concat(tables).drop_duplicates(keys)
    # What a scheme's own original and reference are is seen in what its method makes; all stand beside the ordinary ones.
    return table[(table.scheme == "") | (table.role == UNLEARNED)], _setup(newest, same)


def _setup(newest: dict, same: list[dict]) -> dict[str, str]:
    tags = newest["tags"]
    apart = [f"{name.removeprefix('package.')}=={value}" for name, value in sorted(tags.items()) if name.startswith("package.")]
    versions = tags["packages"].split() if "packages" in tags else apart  # those of earlier runs have a tag each
    return {
        "preset": tags["preset"],
        "data digest": tags["data_digest"],
        "studies": ", ".join(dict.fromkeys(name for run in same for name in run["tags"]["studies"].split(","))),
        "commands": "; ".join(discreet(run["command"]) for run in reversed(same)),
        "seconds": ", ".join(f"{run['seconds']:.0f}" for run in reversed(same)),
        "code": tags.get("code.commit", ""),
        "versions": ", ".join(each.replace("==", " ") for each in versions),
        **{name: value for name, value in sorted(newest["params"].items()) if name.startswith("preset.")},
    }


def forget_sets_of(table: pd.DataFrame) -> dict[str, ForgetSet]:
    """The forget sets by title, as the references' runs hold them: the study's groups before all others."""
    references = table[table.role == RETRAINED].drop_duplicates("set")
    versions = (find(row.model, str(row.version)) for row in references.itertuples())
    found = [forget_sets.of_version(version) for version in versions]
    sets = sorted(found, key=lambda forget: GROUPS.index(forget.rule) if forget.rule in GROUPS else len(GROUPS))
    return {titles(sets)[forget.name]: forget for forget in sets}


def collect(table: pd.DataFrame, sets: dict[str, ForgetSet], preset: str, digest: str, params: dict[str, str]) -> Results:
    """Outcomes from the table of cells: every version's predictions beside its own seed's reference."""
    known = _known(table)
    outcomes = []
    for title, forget in sets.items():
        references = table[(table.role == RETRAINED) & (table["set"] == forget.name)].sort_values("seed")
        rows = table[(table["set"] == forget.name) | (table.role == ORIGINAL)]
        for (role, method, own, epochs), cells in rows.groupby(["role", "method", "params", "epochs"], sort=False):
            if set(cells.seed) & set(references.seed):
                arm = _arm(role, method, own, params)
                outcomes.append(_outcome(title, arm, epochs, cells, references, forget, known))
        if len(references) > 1:
            outcomes.append(_again(title, references, forget, known))
    return Results(preset, digest, tuple(outcomes))


@dataclass(frozen=True)
class Known:
    """What runs and registry hold of the cells: prediction tables by run, and the cells of the originals by seed."""

    predictions: dict[str, pd.DataFrame]
    versions: dict[tuple[str, int], Version]
    originals: pd.DataFrame
    about: pd.DataFrame

    def version(self, cell: pd.Series) -> Version:
        return self.versions[cell.model, cell.version]

    def table(self, cell: pd.Series | None) -> pd.DataFrame | None:
        """A cell's predictions; None without a cell."""
        return None if cell is None else self.predictions[cell.run_id]


def _known(table: pd.DataFrame) -> Known:
    versions = {(v.model, v.number): v for name in set(table.model) for v in all_versions(name)}
    cells = track(list(table.itertuples()), len(table), "reading")
    predictions = {cell.run_id: predictions_of(versions[cell.model, cell.version]) for cell in cells}
    originals = table[table.role == ORIGINAL].set_index("seed")
    return Known(predictions, versions, originals, account_of(_data_run(table))[0][ABOUT])


def _data_run(table: pd.DataFrame) -> str:
    """The run that prepared the experiment's data."""
    original = table[table.role == ORIGINAL].iloc[0]
    return find(original.model, str(original.version)).tag("data_run")


def _arm(role: str, method: str, params: str, usual: dict[str, str]) -> str:
    """The method's name, with those settings that are not the preset's; AT_DEFAULTS where it runs without the preset's."""
    if not method:
        return role
    if usual.get(method) and not params:
        return f"{method} {AT_DEFAULTS}"
    return f"{method} {params.removeprefix(usual.get(method, '')).strip()}".strip()


def _outcome(title, arm, epochs, cells, references, forget, known) -> Outcome:
    seeds = tuple(sorted(set(cells.seed) & set(references.seed)))
    own, others = cells.set_index("seed"), references.set_index("seed")
    cases = tuple(_case(own.loc[seed], seed, others, forget, known) for seed in seeds)
    return outcome_of(title, arm, int(epochs), seeds, cases)


def _again(title, references, forget, known) -> Outcome:
    """The retrained model of the next seed in the place of an unlearned one: how alike two retrained models are."""
    others = references.assign(seed=np.roll(references.seed, 1))
    return _outcome(title, AGAIN, 0, others, references, forget, known)


def _case(cell, seed, references, forget, known) -> Case:
    """A version beside its own seed's reference, that of the next seed, and the original that it comes from."""
    following = np.roll(references.index, -1)[references.index.get_loc(seed)]
    original = known.originals.loc[seed] if seed in known.originals.index else None
    version = known.version(cell)
    return Case(
        known.table(cell),
        known.table(references.loc[seed]),
        forget,
        original=known.table(original),
        second=None if following == seed else known.table(references.loc[following]),
        about=known.about,
        alpha=version.target.alpha,
        target=version.target,
        **costs_of(version, known.version(references.loc[seed])),
    )


def _data_figures(data_run: str) -> dict[str, str]:
    """On light paper only: both would make the page too large. None where the run has none."""
    try:
        folder = runs.download(data_run, f"{DATA_FIGURES}/light")
    except InputError as error:
        say(f"report: the page shows no figures of the data: {error}")
        return {}
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.svg"))}


def _files(results: Results, setup: dict[str, str], data: dict) -> dict[str, str]:
    """Everything that is logged: name -> text."""
    known = numbers(results)
    pictures = {theme: render(STUDY_FIGURES, theme, known) for theme in THEMES}
    judged = readings(results)
    claims = [
        {"reading": one["sentence"]} | part | {"seeds": ", ".join(part["seeds"])} for one in judged for part in one["evidence"]
    ]
    files = {PAGE: study_report(known, setup, pictures, data, judged)}
    files[f"{TABLES}/readings.csv"] = pd.DataFrame(claims).drop(columns="sign", errors="ignore").to_csv(index=False)
    for name, table in known.tables.items():
        files[f"{TABLES}/{name}.csv"] = table.to_csv(index=False, float_format=ENOUGH)
        files[f"{TABLES}/{name}.md"] = results.target.told(markdown(table))
    for theme, drawn in pictures.items():
        files |= {f"{FIGURES}/{theme}/{name}.svg": svg for name, svg in drawn.items()}
    return files


def _write(out: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = out / name.removeprefix("report/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
