"""What the audit says of an experiment's models: of those known to have forgotten or to have done nothing, and of all others.

    PYTHONPATH=src python benchmarks/audit_verdicts.py --from results/utkface-study-small --table verdicts.csv

Of every forget set with three retrained seeds and more that ``report -P out=FOLDER`` kept, each retrained seed is judged beside
the others: it never saw the forget set, so a fault is a false alarm. So is the original of each seed beside all of them: it did
nothing, so no fault is a memory that was missed. Then come the methods, of which nobody knows beforehand. ``--most 3`` takes
the first three retrained seeds. Only kept predictions are read: no store and no face is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import pandas as pd
from never_seen import show

from unlearning.data.labels import column_of
from unlearning.evaluation.audit.audit import Audit, AuditSettings, audit
from unlearning.evaluation.audit.verdicts import BETWEEN, DECIDING, OVER, WORSE
from unlearning.evaluation.case import Case
from unlearning.evaluation.table import align
from unlearning.experiments.kept import load
from unlearning.experiments.plan import ORIGINAL, RETRAINED
from unlearning.experiments.results import Outcome, Results
from unlearning.progress import track

FAULTS = (BETWEEN, WORSE, OVER)
FEWEST = 3
Trial = tuple[str, int, Case]


def joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Several versions as the members of one."""
    first = tables[0]
    columns = {f"member_{at}": align(table, first).predicted.to_numpy() for at, table in enumerate(tables)}
    return first[["id", "split", column_of(first)]].assign(predicted=sum(columns.values()) / len(columns), **columns)


def trials(results: Results, most: int) -> Iterator[Trial]:
    """(what it is, its seed, the case) of every model that is judged."""
    for forget_set in results.forget_sets:
        retrained, original = (results.find(forget_set, arm) for arm in (RETRAINED, ORIGINAL))
        if retrained is None or original is None or len(retrained.seeds) < FEWEST:
            continue
        beside = zip(retrained.seeds[:most], retrained.cases[:most], strict=True)
        tables = {seed: case.version for seed, case in beside}
        for outcome in (retrained, original, *_methods(results, forget_set)):
            for seed, case in zip(outcome.seeds, outcome.cases, strict=True):
                first, *others = (table for one, table in tables.items() if outcome is not retrained or one != seed)
                what = f"{outcome.arm} after {outcome.epochs} epochs" if outcome.epochs else outcome.arm
                yield what, seed, replace(case, retrained=first, second=joined(others))


def _methods(results: Results, forget_set: str) -> list[Outcome]:
    return [one for arm in results.arms(forget_set) for one in results.series(forget_set, arm)]


def row(what: str, seed: int, forget_set: str, said: Audit) -> dict[str, str | int | float]:
    """An audit as one line: its verdict, memory left in percent, and which of the numbers that decide are faults."""
    found = {one.metric: one for one in said.rows}
    left = found["memory_left"]
    faults = [name for name in DECIDING if name in found and found[name].verdict in FAULTS]
    memory = {"memory left": left.version, "low": left.low, "high": left.high}
    return {
        "model": what,
        "forget set": forget_set,
        "seed": seed,
        "verdict": said.verdict,
        **memory,
        "faults": ", ".join(faults),
    }


@click.command()
@click.option("--from", "kept", type=Path, required=True, help="Folder that report -P out= wrote.")
@click.option("--resamples", default=2000, help="Of the faces.")
@click.option(
    "--most", default=5, type=click.IntRange(FEWEST), help="Retrained seeds that a model is judged beside, at the most."
)
@click.option("--table", "file", type=Path, help="CSV file to write what is printed to as well.")
def main(kept: Path, resamples: int, most: int, file: Path | None):
    """Print the verdicts as a Markdown table."""
    results, _ = load(kept / "kept")
    found, settings = list(trials(results, most)), AuditSettings(resamples=resamples)
    if not found:
        raise click.UsageError(f"{kept} has no forget set of {FEWEST} retrained seeds, and an original")
    judged = [(what, seed, case, audit(case, settings)) for what, seed, case in track(found, len(found), "models")]
    show(pd.DataFrame([row(what, seed, case.forget.rule, said) for what, seed, case, said in judged]).round(1), file)


if __name__ == "__main__":
    main()
