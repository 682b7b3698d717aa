"""What measuring and auditing prediction tables costs: seconds and memory, by the number of faces and of members.

    PYTHONPATH=src OMP_NUM_THREADS=1 python benchmarks/audit_tables.py --rows 1000000 --members 8

The tables of a version, an original and two retrained models are drawn first, and what they take is printed by itself.
Memory is the largest of the whole process, tables and libraries included.
"""

from __future__ import annotations

import resource
import time

import click
import numpy as np
import pandas as pd

from unlearning.data.forget import ForgetSet
from unlearning.evaluation.audit.audit import Witnesses, audit
from unlearning.evaluation.metrics import measure
from unlearning.evaluation.on_models.measured import of_seeds

AGES, FORGOTTEN = (20, 60), (20, 28)
SPLITS, SHARES = ("train", "validation", "test"), (0.6, 0.2, 0.2)


def draw_faces(rows: int) -> pd.DataFrame:
    """Faces with ids like those of a manifest, without predictions."""
    random = np.random.default_rng(0)
    names = [f"{number:032x}" for number in random.permutation(rows)]
    ages, splits = random.integers(AGES[0], AGES[1] + 1, rows), random.choice(SPLITS, rows, p=SHARES)
    codes = {"gender": random.integers(0, 2, rows), "race": random.integers(0, 5, rows), "copy_of": "", "near": names}
    return pd.DataFrame({"id": names, "split": splits, "age": ages}).assign(**codes)


def draw_table(faces: pd.DataFrame, members: int, seed: int) -> pd.DataFrame:
    """A prediction table with errors of 5 years."""
    random = np.random.default_rng(seed)
    ages = faces.age.to_numpy()
    columns = {f"member_{i}": ages + random.normal(0, 5, len(ages)) for i in range(members)}
    return faces[["id", "split", "age"]].assign(predicted=sum(columns.values()) / members, **columns)


def draw_witnesses(rows: int, members: int) -> Witnesses:
    """Everything that an audit looks at."""
    faces = draw_faces(rows)
    chosen = faces.age.between(*FORGOTTEN)
    forgotten, tested = (tuple(faces.id[chosen & part]) for part in (faces.split != "test", faces.split == "test"))
    forget = ForgetSet("20-28", "20-28", "digest", forgotten, tested)
    tables = [draw_table(faces, members, seed) for seed in range(4)]
    return Witnesses(*tables, forget=forget, about=faces, seconds=1.0, retrained_seconds=9.0, samples=1.0)


def tables_of(witnesses: Witnesses) -> dict[str, pd.DataFrame]:
    """The prediction tables by role."""
    return {role: getattr(witnesses, role) for role in ("version", "original", "retrained", "second")}


def members_of(witnesses: Witnesses) -> np.ndarray:
    """Which rows are forgotten training faces."""
    version = witnesses.version
    return ((version.split == "train") & version.id.isin(witnesses.forget.ids)).to_numpy()


def timed(title: str, action) -> None:
    """Run it; print the seconds, those of the processor, and the largest memory so far."""
    start, busy = time.perf_counter(), time.process_time()
    action()
    took, worked = time.perf_counter() - start, time.process_time() - busy
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(f"{title:<28} {took:7.2f} s   ({worked:.2f} s of the processor)   {memory:6.0f} MB", flush=True)


@click.command()
@click.option("--rows", default=1_000_000, help="Faces.")
@click.option("--members", default=8, help="Members of every model.")
def main(rows: int, members: int):
    """Print seconds and memory."""
    print(f"{rows} faces, {members} members")
    made = []
    timed("four tables drawn", lambda: made.append(draw_witnesses(rows, members)))
    timed("measure (METRICS)", lambda: measure(made[0].case()))
    timed("audit (AUDIT_METRICS)", lambda: audit(made[0]))
    timed("many seeds (U-LiRA, ...)", lambda: of_seeds(tables_of(made[0]), members_of(made[0])))


if __name__ == "__main__":
    main()
