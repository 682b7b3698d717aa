"""Try what every method's source has beside a few other values of its decisive settings, on validation faces alone.

    PYTHONPATH=src python benchmarks/method_defaults.py --data_dir FOLDER --out trials.csv

One original and two retrained references are trained, with seeds that no table of results uses, and every trial makes the
original forget 20-28. Its row tells how far it is from both references, and what it errs, on validation faces; forgotten
training faces are asked too, the test set never. The rows that the file holds already are not made again. ``--choose`` reads
the file and prints what the rule of docs/defaults.md makes of it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import click
import pandas as pd

from unlearning.data.cache import cache_folder
from unlearning.data.faces import Batches, FaceSet
from unlearning.data.forget import Known, forget_mask, resolve, retain_mask
from unlearning.data.manifest import prepare
from unlearning.data.settings import DataSettings
from unlearning.errors import DivergedError, InputError
from unlearning.evaluation.table import prediction_table
from unlearning.evaluation.validation import validation_scores
from unlearning.methods import METHODS
from unlearning.methods.params import make_method
from unlearning.methods.task import UnlearningTask
from unlearning.models.build import build
from unlearning.models.ensemble import Ensemble, load_model, save_member, save_spec
from unlearning.models.spec import ModelSpec
from unlearning.steps.settings import ALPHA
from unlearning.training.fit import fit
from unlearning.training.losses import absolute_error
from unlearning.training.precision import make_fabric, resolve_precision
from unlearning.training.recipe import PRESETS

RULE, SEEDS = "20-28", (100, 101)
WORSE = 1.1
MEASURED = ("F", "distance", "distance_second", "retain_mae", "forget_mae", "seconds")
COLUMNS = ("method", "params", "seed", "epochs", *MEASURED, "note")
# The first trial of each method is what its source has: written out where the default is another one by now, and else the
# default. No others: that is near already. retrain and sisa have nothing to choose.
GRID = {
    "reset": (
        "soft=1 divergence=1",
        *("soft=1 divergence=1 lr=3e-4", "soft=1 divergence=1 lr=3e-3", "soft=1 divergence=1 warm_up=1"),
        *("soft=0.1 divergence=0.1", "soft=0.1 divergence=0.1 lr=3e-3"),
    ),
    "prune": ("amount=0.99 pull=1", "amount=0.99 pull=0.1", "amount=0.9 pull=0.1"),
    "amnesiac": ("lr=1e-3", "lr=3e-4", "lr=1e-4"),
    "neggrad": ("lr=1e-3", "lr=3e-4", "lr=1e-4"),
    "bad_teacher": ("teacher=random", "teacher=proxy", "teacher=proxy proxy_lr=1e-3"),
    "fisher": ("", "noise=0.03", "noise=0.1"),
    "ssd": ("", "alpha=0.5 strength=0.5", "alpha=0.2 strength=0.2"),
    "conv_transpose": ("", "lr=3e-4"),
    "ft": ("", "lr=3e-5", "lr=3e-4"),
    "rnd_full": ("", "lr=3e-5", "lr=3e-4", "once=true"),
    "gradmask": ("", "lr=3e-4", "noise=0.3", "top=0.3"),
    **dict.fromkeys(("blindspot", "scrub", "stochastic_reset", "rnd", "activation", "neggrad_plus", "adv_neggrad"), ("",)),
    **dict.fromkeys(("cfk", "euk", "l1_sparse", "noise", "msg", "lfssd", "salun"), ("",)),
}


@dataclass(frozen=True)
class Bench:
    """What all trials share: all prepared faces, whom to forget, how networks are trained, the original, and what the two
    retrained networks predict."""

    faces: FaceSet
    forget: object
    recipe: object
    original: Ensemble
    tables: tuple[pd.DataFrame, ...]

    def asked(self) -> FaceSet:
        """Validation faces, and forgotten ones."""
        frame = self.faces.frame
        return self.faces.where((frame.split == "validation") | forget_mask(frame, self.forget))

    def task(self, seed: int, epochs: int) -> UnlearningTask:
        frame, spec = self.faces.frame, self.original.spec
        return UnlearningTask(
            model=self.original.members[0].eval(),
            retain=self.faces.where(retain_mask(frame, [self.forget])),
            forget=self.faces.where(forget_mask(frame, self.forget)),
            fabric=make_fabric(self.recipe.precision),
            seed=seed,
            fresh=partial(build, spec),
            recipe=self.recipe,
            epochs=epochs,
        )


def open_bench(data_dir: str, spec: ModelSpec, epochs: int, fraction: float) -> Bench:
    """Prepare the faces, and train or read the three networks."""
    data = prepare(DataSettings(data_dir, fraction=fraction, augment_to=0), spec.image_size, lambda items, count, title: items)
    faces = FaceSet(data.manifest, data.pixels)
    forget = resolve(RULE, Known(data.manifest, data.rejected), data.digest)
    recipe = replace(PRESETS["scratch"], epochs=epochs)
    recipe = replace(recipe, precision=resolve_precision("auto"))
    place = cache_folder() / "method-defaults" / f"{data.digest}-{spec.arch}-{spec.image_size}-{epochs}-{recipe.precision}"
    everyone = faces.part("train", "validation")
    kept = faces.where(retain_mask(faces.frame, [forget]))
    original = trained(place / "original", everyone, spec, recipe, SEEDS[0])
    retrained = [trained(place / f"retrained-{seed}", kept, spec, recipe, seed) for seed in SEEDS]
    bench = Bench(faces, forget, recipe, original, ())
    return replace(bench, tables=tuple(prediction_table(network, bench.asked()) for network in retrained))


def trained(folder: Path, faces: FaceSet, spec: ModelSpec, recipe, seed: int) -> Ensemble:
    """The network of an earlier call, or a new one."""
    if not (folder / "spec.json").exists():
        network = build(spec, seed)
        batches = Batches(faces.part("train"), None, recipe.batch_size, recipe.flip, recipe.shift, seed)
        validation, fabric = faces.part("validation"), make_fabric(recipe.precision)
        done = fit(fabric, network, batches, absolute_error, recipe, seed=seed, validation=validation, keep_best=True)
        click.echo(f"{folder.name}: {done[-1].seconds:.0f} s, validation MAE {min(e.validation_mae for e in done):.2f}")
        save_member(network, folder, 0)
        save_spec(folder, spec, (seed,), {"recipe": recipe.as_dict()})
    return load_model(folder)


def row_of(bench: Bench, name: str, params: str, seed: int) -> dict:
    """Run one trial; a failure is a row with its reason. ``original`` and ``retrained`` are rows to compare with."""
    if name in METHODS:
        given = [part for part in params.split() if not part.startswith("epochs=")]
        method = make_method(METHODS[name], " ".join(given))
        epochs = int(dict(part.split("=") for part in params.split()).get("epochs", method.epochs))
        start = time.perf_counter()
        try:
            network = method.unlearn(bench.task(seed, epochs))
        except (InputError, DivergedError) as error:
            return {"method": name, "params": params, "seed": seed, "epochs": epochs, "note": str(error)}
        seconds = time.perf_counter() - start
        table = prediction_table(Ensemble(bench.original.spec, (seed,), (network,)), bench.asked())
    else:
        epochs, seconds, table = bench.recipe.epochs, 0.0, prediction_table(bench.original, bench.asked())
        table = table if name == "original" else bench.tables[SEEDS.index(seed)]
    first, second = (validation_scores(table, reference, bench.forget, ALPHA) for reference in bench.tables)
    error = (table.predicted - table.age).abs().to_numpy()
    gone, validation = forget_mask(table, bench.forget), (table.split == "validation").to_numpy()
    found = {"F": first["F"], "distance": first["distance"], "distance_second": second["distance"]}
    found |= {"retain_mae": error[validation & ~gone].mean(), "forget_mae": error[gone & ~validation].mean()}
    found = {key: f"{value:.4f}" for key, value in found.items()} | {"seconds": f"{seconds:.1f}"}
    return {"method": name, "params": params, "seed": seed, "epochs": epochs, **found}


def trials(methods: list[str]) -> list[tuple[str, str, int]]:
    """What to run: what the sources have first, so that what is broken shows early."""
    beside = [("original", "", SEEDS[0]), *(("retrained", "", seed) for seed in SEEDS)]
    sources = [(name, GRID[name][0], SEEDS[0]) for name in methods]
    return beside + sources + [(name, params, SEEDS[0]) for name in methods for params in GRID[name][1:]]


def done(out: Path) -> pd.DataFrame:
    """The rows of the file so far."""
    if not out.exists():
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.read_csv(out, keep_default_na=False, na_values={name: [""] for name in MEASURED})


def append(out: Path, row: dict) -> None:
    """One more row of the file, written at once: a killed search goes on where it was."""
    out.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame([row], columns=list(COLUMNS)).to_csv(out, mode="a", header=not out.exists(), index=False)
    shown = "  ".join(f"{name} {row.get(name, '')}" for name in COLUMNS[3:])
    click.echo(f"{row['method']} {row['params']} seed {row['seed']}: {shown}")


def chosen(table: pd.DataFrame) -> pd.DataFrame:
    """For each method the setting that the rule takes, beside its source's, by the trials of the first seed."""
    line = WORSE * table[table.method == "retrained"].retain_mae.mean()
    first = table[table.seed == SEEDS[0]].assign(both=(table.distance + table.distance_second) / 2)
    rows = []
    for name, group in first[first.method.isin(GRID)].groupby("method", sort=False):
        able = group[group.retain_mae <= line]
        best = able.loc[able.both.idxmin()] if len(able) else group.loc[group.retain_mae.idxmin()]
        source = group[group.params == GRID[name][0]].iloc[0]
        of_source = {
            "source": source.params,
            "distance": source.both,
            "mae": source.retain_mae,
            "able": source.retain_mae <= line,
        }
        of_best = {"best": best.params, "best_distance": best.both, "best_mae": best.retain_mae}
        rows.append({"method": name, **of_source, **of_best})
    return pd.DataFrame(rows)


@click.command()
@click.option("--data_dir", default="", help="Folder of UTKFace-named pictures; empty draws faces.")
@click.option("--out", default="trials.csv", type=click.Path(path_type=Path), help="Table of trials, made longer.")
@click.option("--arch", default="test_resnet", help="Backbone of timm.")
@click.option("--image_size", default=64, help="Side of the pictures, in pixels.")
@click.option("--epochs", default=12, help="Of the original and the retrained networks.")
@click.option("--fraction", default=0.8, help="Share of the faces.")
@click.option("--methods", default=",".join(GRID), help="Names of methods, with commas.")
@click.option(
    "--choose", is_flag=True, help="Run nothing; print what the rule chooses, and write chosen.csv beside the trials."
)
@click.option("--again", default="", help="METHOD:PARAMS joined by ;, to be run with the second seed.")
def main(data_dir, out, arch, image_size, epochs, fraction, methods, choose, again):
    """Run the trials that are missing."""
    if choose:
        table = chosen(done(out))
        click.echo(table.to_string(index=False, float_format="%.3f"))
        table.to_csv(out.with_name("chosen.csv"), index=False, float_format="%.3f")
        return
    bench = open_bench(data_dir, ModelSpec(arch, image_size), epochs, fraction)
    wanted = trials(methods.split(",") if methods else [])
    for name, _, params in (part.partition(":") for part in again.split(";") if part):
        wanted.append((name, params, SEEDS[1]))
    known = {(row.method, row.params, int(row.seed)) for row in done(out).itertuples()}
    for name, params, seed in wanted:
        if (name, params, seed) not in known:
            append(out, row_of(bench, name, params, seed))
            known.add((name, params, seed))


if __name__ == "__main__":
    main()
