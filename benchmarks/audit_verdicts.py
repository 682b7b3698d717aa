"""What the audit says of models that are known to have forgotten, or to have done nothing, on the faces of an experiment.

    PYTHONPATH=src python benchmarks/audit_verdicts.py --models age-study-small-seed-0,age-study-small-seed-1,\
age-study-small-seed-2 --sisa age-study-small-sisa-seed-0,age-study-small-sisa-seed-1 --out results/audit-verdicts

A registered model holds what a seed made, or several: of every version of the role ``retrained`` each member is one. Each of
them is judged beside the others: it never saw the forget set, so it should pass. So is the original of every model, which
did nothing, so that it should fail what shows memory. Of three retrained seeds each has two beside it, by which distances have
no floor yet; with four and more all numbers have one. With SISA models of two seeds, a SISA version that forgot is judged
beside its own twin, that was trained without the forget set by the same scheme, and the twin of the next seed. Only prediction
tables are read, no model is loaded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pandas as pd

from unlearning.data.forget import ForgetSet
from unlearning.evaluation.audit.audit import Audit, AuditSettings, audit
from unlearning.evaluation.audit.verdicts import BETTER, BETWEEN, OVER, SAME, WORSE
from unlearning.evaluation.case import Case
from unlearning.evaluation.metric import COST, LIKENESS, MEMORY
from unlearning.evaluation.table import align
from unlearning.markdown import table as rows_of
from unlearning.markdown import text
from unlearning.progress import say
from unlearning.registry.lookup import all_versions
from unlearning.registry.version import Version
from unlearning.reports.words import discreet
from unlearning.versions import forget_sets
from unlearning.versions.data import account_of
from unlearning.versions.files import predictions_of
from unlearning.versions.witnesses import ABOUT, table_of

NEVER_SAW, DID_NOTHING, SLICED = "another retrained seed", "the original, nothing done", "SISA beside its twin"
FAULTS = (BETWEEN, WORSE, OVER)
FEWEST, SHOWN = 3, 10


@dataclass(frozen=True)
class Trial:
    """Who is judged, beside whom: one of the three kinds, which seeds, and their tables."""

    what: str
    who: str
    case: Case


def seeds_of(version: Version) -> dict[str, pd.DataFrame]:
    """A version's members as versions of one member each, by seed."""
    table, names = predictions_of(version), version.tag("seeds").split(",")
    own = table[["id", "split", "age"]]
    columns = {name: table[f"member_{at}"] for at, name in enumerate(names)}
    return {name: own.assign(predicted=column, member_0=column) for name, column in columns.items()}


def joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Several versions as the members of one."""
    first = tables[0]
    columns = {f"member_{at}": align(table, first).predicted.to_numpy() for at, table in enumerate(tables)}
    return first[["id", "split", "age"]].assign(predicted=sum(columns.values()) / len(columns), **columns)


def trials(models: list[str], only: Collection[str] = ()) -> Iterator[Trial]:
    """Of every forget set with three retrained seeds and more: each of them, or of ``only`` these, and every original."""
    originals = {f"seed {name}": table for model in models for name, table in seeds_of(original_in(model)).items()}
    about = about_faces(original_in(models[0]))
    for forget, found in retrained_in(models).items():
        retrained = {name: table for name, table in found.items() if name in (only or found)}
        if len(retrained) < FEWEST:
            say(f"{forget.rule}: {len(retrained)} retrained seeds; {FEWEST} are needed")
            continue
        beside = {"original": next(iter(originals.values())), "forget": forget, "about": about}
        for name, table in retrained.items():
            first, *others = (other for other in retrained if other != name)
            told = f"{name} beside {first} and {', '.join(others)}"
            given = {"retrained": retrained[first], "second": joined([retrained[other] for other in others])}
            yield Trial(NEVER_SAW, told, Case(table, **given, **beside))
        first, *others = retrained
        given = {"retrained": retrained[first], "second": joined([retrained[other] for other in others])}
        for name, table in originals.items():
            told = f"{name} beside {first} and {', '.join(others)}"
            yield Trial(DID_NOTHING, told, Case(table, **given, **beside | {"original": table}))


def sliced_trials(models: list[str]) -> Iterator[Trial]:
    """Of every forget set that SISA forgot: the version of a seed beside its twin and that of the next seed."""
    for at, model in enumerate(models):
        original, following = original_in(model), models[(at + 1) % len(models)]
        for version in all_versions(model):
            if version.tag("role") != "unlearned" or version.tag("scheme") != "sisa":
                continue
            forget = forget_sets.of_version(version)
            twins = [v for name in (model, following) for v in all_versions(name) if retrains(v, forget)]
            if len(twins) < 2:
                say(f"{forget.rule}: the twins of {version.label} in {model} and {following} are missing")
                continue
            roles = {"version": version, "original": original, "retrained": twins[0], "second": twins[1]}
            tables = {role: table_of(one) for role, one in roles.items()}
            told = f"{model} beside its twin and that of {following}"
            yield Trial(SLICED, told, Case(**tables, forget=forget, about=about_faces(original)))


def retrains(version: Version, forget: ForgetSet) -> bool:
    """Is it a reference that never saw the forget set?"""
    return version.tag("role") == "retrained" and version.tag("forget_sha256") == forget.sha256


def retrained_in(models: list[str]) -> dict[ForgetSet, dict[str, pd.DataFrame]]:
    """The retrained seeds of all models, by forget set; a seed that was retrained twice counts once."""
    found: dict[ForgetSet, dict[str, pd.DataFrame]] = {}
    for version in (v for model in models for v in all_versions(model) if v.tag("role") == "retrained"):
        forget = forget_sets.of_version(version)
        known = next((one for one in found if one.sha256 == forget.sha256), forget)
        found.setdefault(known, {}).update({f"seed {name}": table for name, table in seeds_of(version).items()})
    return found


def original_in(model: str) -> Version:
    """The version that remembers everything."""
    return next(version for version in all_versions(model) if version.tag("role") == "original")


def about_faces(version: Version) -> pd.DataFrame:
    """What the manifest says of them."""
    return account_of(version.tag("data_run"))[0][ABOUT]


def row(trial: Trial, found: Audit) -> dict[str, str | int]:
    """An audit as one line: how often each verdict was given, and the names of those that are faults."""
    judged = [one for one in found.rows if one.kind != COST]
    counts = Counter(one.verdict for one in judged)
    faults = [f"{one.metric} ({one.verdict})" for one in judged if one.verdict in FAULTS]
    shown = [one for one in judged if one.kind in (MEMORY, LIKENESS) and one.tells]
    return {
        "model": trial.what,
        "forget set": discreet(trial.case.forget.rule),
        "who": trial.who,
        "said": found.sentence.partition(":")[0],
        "as retraining, or better": counts[SAME] + counts[BETTER],
        "faults": len(faults),
        "numbers": len(judged),
        "that tell original from retrained": len(shown),
        "which": ", ".join(faults),
    }


def table(chosen: list[Trial], settings: AuditSettings) -> pd.DataFrame:
    """One row a trial."""
    rows = []
    for trial in chosen:
        rows.append(row(trial, audit(trial.case, settings)))
        say(f"{trial.what}, {rows[-1]['forget set']}, {trial.who}: {rows[-1]['said']}, {rows[-1]['faults']} faults")
    return pd.DataFrame(rows)


def markdown(rows: pd.DataFrame) -> str:
    """The table for people: of many faults the first are named."""

    def some(names: list[str]) -> str:
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        return ", ".join(names[:SHOWN]) + more

    short = rows.assign(which=[some(names.split(", ")) for names in rows.which]).astype(str)
    return rows_of(short.columns, [[text(cell) for cell in row] for row in short.to_numpy().tolist()]) + "\n"


@click.command()
@click.option("--models", required=True, help="Registered models, joined by commas.")
@click.option("--sisa", default="", help="Registered models of two seeds and more that were trained in slices.")
@click.option("--only", default="", help="Retrained seeds to look at, joined by commas; empty: all.")
@click.option("--forget_set", default="", help="The rule to look at; empty: all.")
@click.option("--resamples", default=2000, help="Of the faces.")
@click.option("--out", default="", help="Folder for verdicts.csv and verdicts.md; empty: only printed.")
def main(models: str, sisa: str, only: str, forget_set: str, resamples: int, out: str):
    """Print the table."""
    names, sliced = ([name for name in text.split(",") if name] for text in (models, sisa))
    if len(sliced) == 1:
        raise click.UsageError("give --sisa of none or of two seeds and more: the twin of another seed gives the floor")
    chosen = [*trials(names, [f"seed {name}" for name in only.split(",") if name]), *sliced_trials(sliced)]
    chosen = [trial for trial in chosen if forget_set in ("", trial.case.forget.rule)]
    rows = table(chosen, AuditSettings(resamples=resamples))
    print(markdown(rows))
    if out:
        Path(out).mkdir(parents=True, exist_ok=True)
        rows.to_csv(Path(out) / "verdicts.csv", index=False)
        (Path(out) / "verdicts.md").write_text(markdown(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
