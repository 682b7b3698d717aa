"""Give every method the same number of trials on validation faces, and write chosen.csv by the rule of docs/defaults.md.

    PYTHONPATH=src python benchmarks/method_defaults.py --data_dir FOLDER --out search.csv

One original and two retrained references are trained, with seeds that no table of results uses. Every trial makes the original
forget TUNED and is one row: memory left and errors on validation faces, none of which is in the forget set that the results are
scored on; the test set is never predicted. Rows that the file holds already are not made again, so a killed search goes on.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import click
import numpy as np
import optuna
import pandas as pd

from unlearning.data.cache import cache_folder
from unlearning.data.faces import Batches, FaceSet
from unlearning.data.forget import ForgetSet, Known, forget_mask, resolve, retain_mask
from unlearning.data.manifest import prepare
from unlearning.data.settings import DataSettings
from unlearning.errors import DivergedError, InputError
from unlearning.evaluation.table import prediction_table
from unlearning.experiments import search
from unlearning.methods import METHODS
from unlearning.methods.params import make_method
from unlearning.methods.task import UnlearningTask
from unlearning.models.build import build
from unlearning.models.ensemble import Ensemble, load_model, save_member, save_spec
from unlearning.models.spec import ModelSpec
from unlearning.training.fit import fit
from unlearning.training.losses import absolute_error
from unlearning.training.precision import make_fabric, resolve_precision
from unlearning.training.recipe import PRESETS, Recipe

TUNED, SCORED = "52-60", "20-28"  # what trials forget, and what the tables of all methods are scored on
SEEDS = (100, 101)
TRIALS = 4  # of every method: its default, and three draws from what `tune` searches
WORSE = 1.1
SEARCHED = [name for name, kind in METHODS.items() if not kind.card.exact]  # retraining has nothing to choose
MEASURED = ("memory_left", "error", "forget_error", "seconds")
COLUMNS = ("method", "params", "seed", *MEASURED, "note")


@dataclass(frozen=True)
class Bench:
    """What all trials share: the faces, whom to forget, which faces to ask, the recipe, and three networks by name and seed."""

    faces: FaceSet
    asked: FaceSet
    forget: ForgetSet
    recipe: Recipe
    networks: dict[tuple[str, int], Ensemble]

    @property
    def original(self) -> Ensemble:
        return self.networks["original", SEEDS[0]]

    def errors(self, network: Ensemble) -> tuple[float, float]:
        """Mean absolute errors on the asked faces of the forgotten ages, and on the others, in years."""
        table = prediction_table(network, self.asked)
        error, gone = (table.predicted - table.age).abs(), forget_mask(table, self.forget)
        return error[gone].mean(), error[~gone].mean()

    def row(self, network: Ensemble) -> dict[str, str]:
        """Memory left in percent (100 the original, 0 the mean of both references) and errors of a network, as texts."""
        original, *retrained = (self.errors(one)[0] for one in self.networks.values())
        reference, (gone, kept) = sum(retrained) / len(retrained), self.errors(network)
        left = 100 * (reference - gone) / (reference - original)
        return {"memory_left": f"{left:.2f}", "error": f"{kept:.4f}", "forget_error": f"{gone:.4f}"}

    def task(self, seed: int, epochs: int) -> UnlearningTask:
        frame = self.faces.frame
        return UnlearningTask(
            model=self.original.members[0].eval(),
            retain=self.faces.where(retain_mask(frame, [self.forget])),
            forget=self.faces.where(forget_mask(frame, self.forget)),
            fabric=make_fabric(self.recipe.precision),
            seed=seed,
            fresh=partial(build, self.original.spec),
            recipe=self.recipe,
            epochs=epochs,
        )


def open_bench(data_dir: str, spec: ModelSpec, epochs: int, fraction: float) -> Bench:
    """Prepare the faces, and train or read the three networks."""
    data = prepare(DataSettings(data_dir, fraction=fraction, augment_to=0), spec.image_size, lambda items, count, title: items)
    faces = FaceSet(data.manifest, data.pixels)
    forget, scored = (resolve(rule, Known(data.manifest, data.rejected), data.digest) for rule in (TUNED, SCORED))
    asked = faces.where((faces.frame.split == "validation") & ~forget_mask(faces.frame, scored))
    recipe = replace(PRESETS["scratch"], epochs=epochs, precision=resolve_precision("auto"))
    place = cache_folder() / "method-defaults" / f"{data.digest}-{spec.arch}-{spec.image_size}-{epochs}-{recipe.precision}"
    everyone, kept = faces.part("train", "validation"), faces.where(retain_mask(faces.frame, [forget]))
    shown = {("original", SEEDS[0]): everyone, **{("retrained", seed): kept for seed in SEEDS}}
    networks = {key: trained(place / f"{key[0]}-{TUNED}-{key[1]}", shown[key], spec, recipe, key[1]) for key in shown}
    return Bench(faces, asked, forget, recipe, networks)


def trained(folder: Path, faces: FaceSet, spec: ModelSpec, recipe: Recipe, seed: int) -> Ensemble:
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


def settings_of(name: str) -> list[str]:
    """What is tried of a method, the same in every call: its default, and draws from its search space."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=SEEDS[0]))
    search.begin_with_defaults(study, METHODS[name])
    tried = [search.suggest(study.ask(), METHODS[name]) for _ in range(TRIALS)]
    return [" ".join(f"{setting}={value}" for setting, value in values.items()) for values in tried]


def trial(bench: Bench, name: str, params: str, seed: int) -> dict[str, str]:
    """What one trial measured; a failure is one with its reason."""
    method = make_method(METHODS[name], params)
    start = time.perf_counter()
    try:
        network = method.unlearn(bench.task(seed, method.epochs))
    except (InputError, DivergedError) as error:
        return {"note": str(error)}
    seconds = time.perf_counter() - start
    return bench.row(Ensemble(bench.original.spec, (seed,), (network,))) | {"seconds": f"{seconds:.1f}"}


def done(out: Path) -> pd.DataFrame:
    """The rows of the file so far."""
    if not out.exists():
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.read_csv(out, keep_default_na=False, na_values={name: [""] for name in MEASURED})


def append(out: Path, row: dict) -> None:
    """One more row of the file, written at once: a killed search goes on where it was."""
    out.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame([row], columns=list(COLUMNS)).to_csv(out, mode="a", header=not out.exists(), index=False)
    click.echo("  ".join(f"{name} {row[name]}" for name in COLUMNS if row.get(name)))


def ranked(table: pd.DataFrame, name: str, seed: int) -> pd.DataFrame:
    """The trials of a method with a seed, best first by the rule: those that err too much are behind, those that failed last.

    What memory is left counts as none where it is no more than between the two references, which is what a seed makes.
    """
    retrained = table[table.method == "retrained"]
    rows = table[(table.method == name) & (table.seed == seed)]
    noise, able = retrained.memory_left.abs().max(), rows.error <= WORSE * retrained.error.mean()
    apart = rows.memory_left.abs().clip(lower=noise).where(able, np.inf)
    return rows.assign(apart=apart).sort_values(["apart", "error"], kind="stable")


def chosen(table: pd.DataFrame) -> pd.DataFrame:
    """For each method its default, which was tried first, beside the best trial, and whether the second seed says the same."""
    rows = []
    for name in table.method[table.method.isin(SEARCHED)].unique():
        first, second = (ranked(table, name, seed) for seed in SEEDS)
        default, best = first.loc[first.index.min()], first.iloc[0]
        change = best.params != default.params and len(second) > 1 and second.params.iloc[0] == best.params
        numbers = {"left": default.memory_left, "error": default.error, "best_left": best.memory_left, "best_error": best.error}
        settings = {"default": default.params, "best": best.params}
        rows.append({"method": name, **numbers, "change": change, **settings})
    return pd.DataFrame(rows)


def run(bench: Bench, out: Path, wanted: list[tuple[str, str, int]]) -> None:
    """Make the rows of methods, settings and seeds that the file does not hold."""
    known = set(done(out)[["method", "params", "seed"]].itertuples(index=False, name=None))
    for name, params, seed in wanted:
        if (name, params, seed) not in known:
            ready = bench.networks.get((name, seed))
            numbers = bench.row(ready) if ready else trial(bench, name, params, seed)
            append(out, {"method": name, "params": params, "seed": seed, **numbers})


@click.command()
@click.option("--data_dir", default="", help="Folder of UTKFace-named pictures; empty draws faces.")
@click.option("--out", default="search.csv", type=click.Path(path_type=Path), help="Table of trials, made longer.")
@click.option("--arch", default="test_resnet", help="Backbone of timm.")
@click.option("--image_size", default=64, help="Side of the pictures, in pixels.")
@click.option("--epochs", default=12, help="Of the original and the retrained networks.")
@click.option("--fraction", default=0.8, help="Share of the faces.")
@click.option("--methods", default=",".join(SEARCHED), help="Names of methods, with commas.")
@click.option("--choose", is_flag=True, help="Run nothing, and only say what the rule chooses, as always in the end.")
def main(data_dir, out, arch, image_size, epochs, fraction, methods, choose):
    """Run the trials that are missing: the defaults first, so that what is broken shows early, and what is best once more."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    names = methods.split(",")
    if not choose:
        bench = open_bench(data_dir, ModelSpec(arch, image_size), epochs, fraction)
        tried = {name: settings_of(name) for name in names}
        run(bench, out, [(name, "", seed) for name, seed in bench.networks])
        run(bench, out, [(name, tried[name][number], SEEDS[0]) for number in range(TRIALS) for name in names])
        best = {name: ranked(done(out), name, SEEDS[0]).params.iloc[0] for name in names}
        doubtful = [name for name in names if best[name] != tried[name][0]]
        run(bench, out, [(name, params, SEEDS[1]) for name in doubtful for params in (tried[name][0], best[name])])
    table = chosen(done(out))
    table.to_csv(out.with_name("chosen.csv"), index=False, float_format="%.2f")
    click.echo(table.to_string(index=False, float_format="%.2f"))


if __name__ == "__main__":
    main()
