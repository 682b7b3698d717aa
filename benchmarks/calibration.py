"""Does the audit find what a model is known to remember? Mixtures of training, and how often it errs on each.

    PYTHONPATH=src python benchmarks/calibration.py --name age-resnet50 --folder FOLDER \
--keep results/calibration/answers.parquet
    PYTHONPATH=src python benchmarks/calibration.py --from results/calibration/answers.parquet

A model that forgot 25 % of the forget set was retrained without a random quarter of it, one that forgot 100 % without all of
it. Each is judged beside two, three and five models that forgot all, of other seeds: those that follow its own, in a circle.
So every model is judged once in each row, and the exact (Clopper-Pearson) intervals are those of so many models; that the
references of two trials may be the same, they do not know. FOLDER keeps the predictions of every retrained model.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click
import numpy as np
import pandas as pd
from audit_verdicts import joined
from crossfit_reference import Retrainings
from never_seen import numbered, share, show

from unlearning.data.forget import ForgetSet
from unlearning.evaluation.audit.audit import AuditSettings, audit
from unlearning.evaluation.case import Case
from unlearning.evaluation.table import align
from unlearning.finding import AS_RETRAINING, NOT_KNOWN, VERDICTS
from unlearning.progress import track
from unlearning.registry.lookup import find
from unlearning.tracking.store import prepare_store
from unlearning.versions.files import predictions_of

YOUNGEST, OLDEST = 20, 28
SEEDS, PARTIAL_SEEDS = (3, 4, 5, 6, 7, 8), (3, 4, 5)
PERCENT = (25, 50, 75)
BESIDE = (2, 3, 5)
NOTHING, ANOTHER = "the original itself", "another original seed"
SHORT = {verdict: lead.removeprefix("It ").removeprefix("has ") for verdict, lead in VERDICTS.items()}
SHORT |= {NOT_KNOWN: "cannot be said"}
PASSES = (AS_RETRAINING, NOT_KNOWN)


def answers(name: str, folder: Path) -> pd.DataFrame:
    """Faces and what each model says, its column named by the percent that it forgot and its seed; trains what is missing."""
    original = find(name, "original")
    retrained = Retrainings(original, folder)
    faces, said = retrained.faces.frame, predictions_of(original)
    young = faces.id[faces.age.between(YOUNGEST, OLDEST) & (faces.split != "test")].to_numpy()
    table = said[["id", "split", "age"]].merge(faces[["id", "copy_of", "near"]], on="id")
    for at, seed in enumerate(original.tag("seeds").split(",")):
        table[f"0 {seed}"] = said[f"member_{at}"]
    for percent, seed in [*((100, seed) for seed in SEEDS), *((part, seed) for part in PERCENT for seed in PARTIAL_SEEDS)]:
        gone = np.random.default_rng([seed, percent]).choice(young, round(len(young) * percent / 100), replace=False)
        left_out = f"forgot-{percent}" if percent < 100 else f"ages-{YOUNGEST}-{OLDEST}"  # as the other benchmark calls it
        table[f"{percent} {seed}"] = align(retrained(left_out, gone, seed), table).predicted
    numbers = pd.factorize(table.near)[0].astype(str)  # which belong together is kept, and not by what name
    return numbered(table.assign(near=numbers, copy_of=np.where(table.copy_of == "", "", numbers)))


def trials(table: pd.DataFrame, beside: int) -> list[tuple[str, str, Case]]:
    """(percent that it forgot, or who it is; its column; the case) of every model that is judged."""
    faces, young = table[["id", "split", "age"]], table[table.age.between(YOUNGEST, OLDEST)]
    rule, tested = f"{YOUNGEST}-{OLDEST}", young.split == "test"
    forget = ForgetSet(rule, rule, "", tuple(young.id[~tested]), tuple(young.id[tested]))
    models = {column: faces.assign(predicted=table[column], member_0=table[column]) for column in table if " " in column}
    by_percent = {percent: [c for c in models if c.startswith(f"{percent} ")] for percent in (0, *PERCENT, 100)}
    originals, retrained = by_percent[0], by_percent[100]
    judged = [(NOTHING, one, one) for one in originals]
    judged += [(ANOTHER, one, originals[at - 1]) for at, one in enumerate(originals)]
    judged += [(f"{percent} %", one, originals[0]) for percent in (*PERCENT, 100) for one in by_percent[percent]]

    def case(model: str, original: str) -> Case:
        """Beside the references whose seeds follow the model's own, which an original's is not among."""
        seed = model.split()[1]
        start = SEEDS.index(int(seed)) + 1 if int(seed) in SEEDS else originals.index(model)
        first, *others = (models[retrained[(start + at) % len(retrained)]] for at in range(beside))
        return Case(models[model], first, forget, original=models[original], second=joined(others), about=table)

    return [(who, model, case(model, original)) for who, model, original in judged]


def judged(table: pd.DataFrame, settings: AuditSettings) -> pd.DataFrame:
    """One row a trial: the audit's verdict, and what is left of the original's memory, in percent."""
    rows = []
    for beside in BESIDE:
        found = trials(table, beside)
        for who, model, case in track(found, len(found), f"beside {beside}"):
            said = audit(case, settings)
            left = next(one for one in said.rows if one.metric == "memory_left")
            rows.append((who, model, beside, said.verdict, left.version, left.low, left.high))
    return pd.DataFrame(rows, columns=["forgot", "model", "beside", "said", "left", "low", "high"])


def findings(found: pd.DataFrame) -> pd.DataFrame:
    """What the audit says, by what was forgotten and how many stand beside; of memory left median, interval and range."""
    rows = []
    for who, some in found.groupby("forgot", sort=False):
        said = {f"beside {beside}": in_words(one.said) for beside, one in some.groupby("beside")}
        left, low, high = some[["left", "low", "high"]].median()
        ends = f"{some.left.min():.0f} to {some.left.max():.0f}"
        memory = {"memory left, median (%)": f"{left:.0f} ({low:.0f} to {high:.0f})", "of all models": ends}
        rows.append({"forgot": who, "models": some.model.nunique()} | said | memory)
    return pd.DataFrame(rows)


def in_words(said: pd.Series) -> str:
    return ", ".join(f"{SHORT[one]} {count}" for one, count in Counter(said).most_common())


def errors(found: pd.DataFrame) -> pd.DataFrame:
    """By how many stand beside: power, over all that remember something and are not the original itself, and false alarms."""
    fault, clean = ~found.said.isin(PASSES), found.forgot == "100 %"
    remember = ~clean & (found.forgot != NOTHING)
    parts = {
        f"noticed, of {found[remember].model.nunique()}": remember,
        f"false alarms, of {found[clean].model.nunique()}": clean,
    }
    return pd.DataFrame(
        [
            {"retrained seeds": beside}
            | {name: share(fault[part & (found.beside == beside)].tolist()) for name, part in parts.items()}
            for beside in BESIDE
        ]
    )


@click.command()
@click.option("--name", default="age-resnet50", help="Registered model with an original of three seeds.")
@click.option("--folder", type=Path, help="Where the predictions of retrained models are, or come to be.")
@click.option("--keep", type=Path, help="Where to write the answers, with numbers for ids.")
@click.option("--from", "kept", type=Path, help="Answers that --keep wrote; nothing is trained then.")
@click.option("--tables", type=Path, help="Folder to write findings.csv and rates.csv to as well.")
@click.option("--resamples", default=2000, help="Of the faces.")
def main(name: str, folder: Path | None, keep: Path | None, kept: Path | None, tables: Path | None, resamples: int):
    """Print what the audit says by what was forgotten and how many retrained seeds stand beside it, as a Markdown table."""
    if (folder is None) == (kept is None):
        raise click.UsageError("give --folder, to train, or --from, to read what was kept")
    if folder:
        prepare_store()
    table = answers(name, folder) if folder else pd.read_parquet(kept)
    if keep:
        keep.parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(keep, index=False)
    found = judged(table, AuditSettings(resamples=resamples))
    for title, rows in (("findings", findings(found)), ("rates", errors(found))):
        show(rows, tables and tables / f"{title}.csv")


if __name__ == "__main__":
    main()
