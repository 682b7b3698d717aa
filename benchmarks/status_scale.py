"""What ``status`` costs at many versions: seconds on SQLite and on PostgreSQL, each part by itself.

    PYTHONPATH=src python benchmarks/status_scale.py --versions 1000

The versions are written straight into the tables of each store, without models: as many as a team leaves that answers one
request after another, every request with a reference and candidates, the last of which is promoted and is the next request's
start. They carry the tags of a real version. PostgreSQL is a fresh one of this script's own (Debian's package postgresql).
``--page FILE`` keeps the page.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import click
import mlflow
from mlflow.store.db.utils import create_sqlalchemy_engine
from mlflow.store.model_registry.dbmodels.models import SqlModelVersion, SqlModelVersionTag, SqlRegisteredModelAlias
from sqlalchemy import text
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from postgres import running_postgres
from unlearning.evaluation.registry import METRICS
from unlearning.registry.lookup import all_versions
from unlearning.steps import status
from unlearning.tracking.store import prepare_store

MODEL, A_REQUEST, TIMES = "age-resnet50", 25, 3


def versions(count: int) -> Iterator[tuple[dict[str, str], str, str]]:
    """Tags, stage and alias of each version in turn."""
    parent, forgotten = 1, []
    for number in range(1, count + 1):
        request, place = divmod(number - 2, A_REQUEST)
        rule = f"file:person-{request:04d}.csv"
        name = f"{request:010x}"
        if number == 1:
            yield _tags("original", "none", "", [], "none"), "Archived", "original"
        elif place == 0:
            forgotten = [*forgotten[-40:], name]
            yield _tags("retrained", name, rule, forgotten, parent), "None", f"retrained-{name}"
        else:
            ends = place == A_REQUEST - 1
            state, stage = ("retired", "Archived") if ends else ("candidate", "Staging")
            made = {"method": "ft", "state": state}
            yield _tags("unlearned", name, rule, forgotten, parent) | made, stage, f"ft-{name}-e{place}"
            parent = number if ends else parent


def _tags(role: str, name: str, rule: str, forgotten: list[str], parent) -> dict[str, str]:
    own = {"role": role, "state": "remembers", "forget_set": name, "forget_rule": rule, "forgotten": ",".join(forgotten)}
    own |= {"parent_version": str(parent), "epochs": "8", "seeds": "0,1,2", "arch": "resnet50", "image_size": "224"}
    own |= {"data_digest": "0123456789abcdef", "data_run": "f" * 32, "run_id": "e" * 32, "params": "lr=0.0001"}
    return own | dict.fromkeys(METRICS, "0.912345")


def fill(count: int) -> None:
    """Write the versions into the tables at once; the last one that was to be promoted is the champion.

    A database that grows by and by is analysed in the background (PostgreSQL by its autovacuum, after a minute); until then its
    plans are those of an empty one, and the same query takes six seconds in place of one.
    """
    mlflow.MlflowClient().create_registered_model(MODEL)
    served = max(1, count - (count - 2) % A_REQUEST - 1) if count > A_REQUEST else 1
    rows: list = [SqlRegisteredModelAlias(name=MODEL, alias="champion", version=served)]
    for number, (tags, stage, alias) in enumerate(versions(count), 1):
        own = {"source": f"/nowhere/{number}", "description": "The version of a benchmark."}
        stage = "Production" if number == served else stage
        rows.append(SqlModelVersion(name=MODEL, version=number, current_stage=stage, **own))
        rows += [SqlModelVersionTag(name=MODEL, version=number, key=key, value=value) for key, value in tags.items()]
        rows.append(SqlRegisteredModelAlias(name=MODEL, alias=alias, version=number))
    engine = create_sqlalchemy_engine(mlflow.get_tracking_uri())
    with Session(engine) as session, session.begin():
        session.add_all(rows)
    with engine.begin() as connection:
        connection.execute(text("ANALYZE"))
    engine.dispose()


def seconds(action) -> str:
    """The median of some runs: by the clock, and of this process alone, which a busy machine does not stretch."""
    taken = []
    for _ in range(TIMES):
        start, busy = time.perf_counter(), time.process_time()
        action()
        taken.append((time.perf_counter() - start, time.process_time() - busy))
    clock, own = (statistics.median(column) for column in zip(*taken, strict=True))
    return f"{clock:6.2f} s   ({own:.2f} s of the processor)"


def measure(name: str, count: int, page: str) -> None:
    """Fill a store and print what each part of ``status`` takes."""
    prepare_store()
    start = time.perf_counter()
    fill(count)
    print(f"{name}: {count} versions made in {time.perf_counter() - start:.0f} s", flush=True)
    print(f"{name}: {'versions read':<16} {seconds(lambda: all_versions(MODEL))}", flush=True)
    for form in ("table", "json", "markdown", "html"):
        print(f"{name}: {'status, ' + form:<16} {seconds(lambda f=form: status.render(status.look_at(MODEL), f))}", flush=True)
    if page:
        Path(page).write_text(status.render(status.look_at(MODEL), "html"), encoding="utf-8")


@click.command()
@click.option("--versions", "count", default=1000, help="How many versions.")
@click.option("--store", default="both", type=click.Choice(["sqlite", "postgresql", "both"]), help="Which stores.")
@click.option("--page", default="", help="File to keep the HTML page in.")
def main(count: int, store: str, page: str):
    """Print seconds, each the median of three."""
    with tempfile.TemporaryDirectory() as place:
        stores = {"sqlite": nullcontext(f"sqlite:///{place}/mlflow.db"), "postgresql": running_postgres()}
        for name in stores if store == "both" else [store]:
            with stores[name] as uri:
                os.environ["MLFLOW_TRACKING_URI"] = uri
                measure(name, count, page)


if __name__ == "__main__":
    main()
