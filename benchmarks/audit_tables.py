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
from unlearning.evaluation.audit.audit import audit
from unlearning.evaluation.audit.panel import ROLES
from unlearning.evaluation.case import Case
from unlearning.evaluation.on_models.many_seeds import of_seeds
from unlearning.evaluation.registry import measure

AGES, FORGOTTEN = (20, 60), (20, 28)
SPLITS, SHARES = ("train", "validation", "test"), (0.6, 0.2, 0.2)


def draw_faces(rows: int) -> pd.DataFrame:
    """Faces with ids like those of a manifest, without predictions."""
    random = np.random.default_rng(0)
    names = [f"{number:032x}" for number in random.permutation(rows)]
    ages, splits = random.integers(AGES[0], AGES[1] + 1, rows), random.choice(SPLITS, rows, p=SHARES)
    codes = {"copy_of": "", "near": names}
    return pd.DataFrame({"id": names, "split": splits, "age": ages}).assign(**codes)


def draw_table(faces: pd.DataFrame, members: int, seed: int) -> pd.DataFrame:
    """A prediction table with errors of 5 years."""
    random = np.random.default_rng(seed)
    ages = faces.age.to_numpy()
    columns = {f"member_{i}": ages + random.normal(0, 5, len(ages)) for i in range(members)}
    return faces[["id", "split", "age"]].assign(predicted=sum(columns.values()) / members, **columns)


def draw_case(rows: int, members: int) -> Case:
    """Everything that an audit looks at."""
    faces = draw_faces(rows)
    chosen = faces.age.between(*FORGOTTEN)
    forgotten, tested = (tuple(faces.id[chosen & part]) for part in (faces.split != "test", faces.split == "test"))
    forget = ForgetSet("20-28", "20-28", "digest", forgotten, tested)
    tables = {role: draw_table(faces, members, seed) for seed, role in enumerate(ROLES)}
    return Case(**tables, forget=forget, about=faces, seconds=1.0, retrained_seconds=9.0, samples=1.0)


def tables_of(case: Case) -> dict[str, pd.DataFrame]:
    """The prediction tables by role."""
    return {role: getattr(case, role) for role in ROLES}


def members_of(case: Case) -> np.ndarray:
    """Which rows are forgotten training faces."""
    version = case.version
    return ((version.split == "train") & version.id.isin(case.forget.ids)).to_numpy()


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
    timed("four tables drawn", lambda: made.append(draw_case(rows, members)))
    timed("measure (HEADLINES)", lambda: measure(made[0]))
    timed("audit (METRICS)", lambda: audit(made[0]))
    timed("many seeds (U-LiRA, ...)", lambda: of_seeds(tables_of(made[0]), members_of(made[0])))


if __name__ == "__main__":
    main()
