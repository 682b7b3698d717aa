"""Are out-of-fold predictions as good a reference of single faces as another retrained seed?

    PYTHONPATH=src python benchmarks/crossfit_reference.py --name age-resnet50 --folder FOLDER \
--keep results/never-seen/reference.parquet
    PYTHONPATH=src python benchmarks/crossfit_reference.py --from results/never-seen/reference.parquet

Every draw holds a set of 50 training faces, one of 5 and one of 1, which are disjoint. One model a seed is retrained without
all 56 and is the reference of each of the three sets: 55 of some two thousand faces more or fewer change less than a seed does.
Its seeds are none of the original's, nor of the cross-fitting's. All distances are of single models; an interval is that of the
mean over draws (t). Whole ages, for which a cross-fitting is no reference, stand below; of them there is one set each. FOLDER
keeps the predictions of every retrained model, so that a run that was killed goes on after the last one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import product
from pathlib import Path

import click
import numpy as np
import pandas as pd
from never_seen import numbered, show

from unlearning.data import cache
from unlearning.data.faces import face_set
from unlearning.evaluation.never_seen import SEED
from unlearning.evaluation.resample import mean_of_seeds
from unlearning.evaluation.study import forgetting
from unlearning.evaluation.table import align, prediction_table
from unlearning.jobs.ensemble import Training, standardised, train_ensemble
from unlearning.models.ensemble import load_model
from unlearning.naming import MODEL_ARTIFACT
from unlearning.registry.lookup import find
from unlearning.registry.version import Version
from unlearning.tracking import runs, temporary
from unlearning.tracking.store import prepare_store
from unlearning.versions.files import predictions_of
from unlearning.versions.lineage import first_spec, open_parent
from unlearning.versions.never_seen import never_seen_of

SIZES = (50, 5, 1)
SEEDS = (3, 4)
AGES = ((20, 28),)


class Retrainings:
    """Models retrained without some faces, as prediction tables in a folder: one that lies there is not made again."""

    def __init__(self, original: Version, folder: Path):
        parent = open_parent(original)
        self.faces, self.recipe = face_set(parent.data), parent.recipe
        self.spec = first_spec(parent, "", "put it back: each model begins with it, as the original did")
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def __call__(self, name: str, gone: Collection[str], seed: int) -> pd.DataFrame:
        """The predictions of a model of ``seed`` that never saw ``gone``; ``name`` must tell whom it lacks."""
        path = self.folder / f"{name}-seed-{seed}.parquet"
        if not path.is_file():
            frame = self.faces.frame
            learned = self.faces.where(frame.split.isin(("train", "validation")) & ~frame.id.isin(gone))
            with runs.run("benchmark", f"{name}, seed {seed}"), temporary.folder() as place:
                model = Path(place) / MODEL_ARTIFACT
                train_ensemble(Training(learned, standardised(self.spec, learned, None), self.recipe, (seed,), name), model)
                cache.write_table(path, prediction_table(load_model(model), self.faces))
        return cache.read_table(path)


def forget_sets(faces: pd.DataFrame, draws: int) -> Iterator[tuple[str, dict[str, Collection[str]]]]:
    """(name, its forget sets by size or ages) of every draw, then of every range of ages: ids of faces that are not tested."""
    learned = faces[(faces.split != "test") & (faces.copy_of == "")]
    one_each = learned[learned.split == "train"].drop_duplicates("near").id
    for draw in range(draws):
        ids = np.random.default_rng([draw, 3]).choice(one_each, sum(SIZES), replace=False)
        sets = np.split(ids, np.cumsum(SIZES)[:-1])
        yield f"draw-{draw}", {str(size): some for size, some in zip(SIZES, sets, strict=True)}
    for youngest, oldest in AGES:
        rule = f"{youngest}-{oldest}"
        yield f"ages-{rule}", {f"ages {rule}": learned.id[learned.age.between(youngest, oldest)]}


def answers(name: str, folder: Path, draws: int) -> pd.DataFrame:
    """Set, draw, age and what each model says, one row for each forgotten training face; trains what is not there yet."""
    original = find(name, "original")
    retrained = Retrainings(original, folder)
    faces, crossfit = retrained.faces.frame, never_seen_of(original)
    asked = crossfit[["id", "age", *crossfit.filter(like=SEED)]]
    trained = crossfit.split == "train"
    members = align(predictions_of(original), asked).filter(like="member_")
    parts = []
    for drawn, sets in forget_sets(faces, draws):
        near = faces.near[faces.id.isin(np.concatenate([*sets.values()]))]
        gone = faces.id[faces.near.isin(near) & (faces.split != "test")]
        tables = {f"retrained_{seed}": align(retrained(drawn, gone, seed), asked).predicted for seed in SEEDS}
        known = asked.join(members).assign(**tables, draw=drawn)
        parts += [known[trained & known.id.isin(ids)].assign(set=label) for label, ids in sets.items()]
    return numbered(pd.concat(parts).drop(columns="id"))


def distances(faces: pd.DataFrame) -> dict[str, float]:
    """Of one forget set: how far its references are from each other, and what each says of the original."""
    out, retrained, members = (faces.filter(like=part) for part in (SEED, "retrained_", "member_"))

    def apart(some: pd.DataFrame, others: pd.DataFrame) -> float:
        return float(np.mean([(some[a] - others[b]).abs().mean() for a, b in product(some, others) if a != b]))

    def forgotten(reference: pd.DataFrame) -> float:
        """Members beside references of other seeds, for equal seeds begin alike."""
        pairs = [(a, b) for a, b in product(members, reference) if a.split("_")[1] != b.split("_")[1]]
        return float(np.mean([forgetting(reference[b] - faces.age, members[a] - faces.age) for a, b in pairs]))

    return {
        "out-of-fold to retrained": apart(out, retrained),
        "retrained to retrained": apart(retrained, retrained),
        "Forgetting by out-of-fold": forgotten(out),
        "Forgetting by retrained": forgotten(retrained),
    }


def mean(values: np.ndarray, digits: int) -> str:
    """Over draws, with its 95 % interval where there are several."""
    if len(values) == 1:
        return f"{values[0]:.{digits}f}"
    found, low, high = mean_of_seeds(values)
    return f"{found:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def row(label: str, draws: pd.DataFrame) -> dict[str, str]:
    """One kind of forget set: every distance, and that of the two references, which are of the same faces."""
    by_draw = pd.DataFrame([distances(faces) for _, faces in draws.groupby("draw")])
    out, other, by_out, by_other = by_draw.to_numpy().T
    return {
        "faces": label if label.isdigit() else f"{label} ({len(draws)})",
        "sets": str(len(by_draw)),
        "out-of-fold to retrained": mean(out, 2),
        "retrained to retrained": mean(other, 2),
        "difference": mean(out - other, 2),
        "Forgetting by out-of-fold": mean(by_out, 3),
        "by retrained": mean(by_other, 3),
        "difference of these": mean(by_out - by_other, 3),
    }


@click.command()
@click.option("--name", default="age-resnet50", help="Registered model whose original was cross-fitted.")
@click.option("--folder", type=Path, help="Where the predictions of retrained models are, or come to be.")
@click.option("--draws", default=20, help="Of forget sets; each takes two trainings.")
@click.option("--keep", type=Path, help="Where to write the answers, which name nobody.")
@click.option("--from", "kept", type=Path, help="Answers that --keep wrote; nothing is trained then.")
@click.option("--table", "file", type=Path, help="CSV file to write what is printed to as well.")
def main(name: str, folder: Path | None, draws: int, keep: Path | None, kept: Path | None, file: Path | None):
    """Print the distances in years, and Forgetting, as a Markdown table."""
    if (folder is None) == (kept is None):
        raise click.UsageError("give --folder, to train, or --from, to read what was kept")
    if folder:
        prepare_store()
    table = answers(name, folder, draws) if folder else pd.read_parquet(kept)
    if keep:
        keep.parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(keep, index=False)
    labels = sorted(table["set"].unique(), key=lambda label: (len(label), label))
    rows = [row(label, table[table["set"] == label]) for label in labels]
    show(pd.DataFrame(rows), file)


if __name__ == "__main__":
    main()
