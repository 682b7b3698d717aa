"""Train the members of an ensemble one after the other; ``train`` and ``retrain`` differ only in the faces they show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from unlearning.data.faces import Batches, FaceSet
from unlearning.models.build import build, file_digest
from unlearning.models.ensemble import save_member, save_spec
from unlearning.models.spec import ModelSpec
from unlearning.steps.progress import training_bar
from unlearning.tracking import runs
from unlearning.training.fit import Epoch, fit
from unlearning.training.losses import absolute_error
from unlearning.training.precision import make_fabric
from unlearning.training.recipe import Recipe


def epoch_logger(seed: int) -> Callable[[Epoch], None]:
    """Logs an epoch of one member under ``seed-N/...``, so that members of one run do not mix."""

    def log(epoch: Epoch) -> None:
        values = asdict(epoch)
        runs.log_numbers({f"seed-{seed}/{k}": v for k, v in values.items() if k != "number"}, step=epoch.number)

    return log


def train_ensemble(faces: FaceSet, spec: ModelSpec, recipe: Recipe, seeds: tuple[int, ...], folder: Path, title: str) -> float:
    """Train one member a seed, save them with their spec, and return the seconds of all optimisation.

    Steps are taken on the training part of ``faces``; its validation part stops early and chooses the best epoch.
    """
    seconds = 0.0
    for index, seed in enumerate(seeds):
        network = build(spec, seed)
        seconds += _train_member(network, faces, recipe, seed, f"{title}, seed {seed}")
        save_member(network, folder, index)
    save_spec(folder, spec, seeds, {"recipe": recipe.as_dict(), "weights_digest": file_digest(spec.weights)})
    return seconds


def _train_member(network, faces: FaceSet, recipe: Recipe, seed: int, title: str) -> float:
    batches = Batches(faces.part("train"), None, recipe.batch_size, recipe.flip, recipe.shift, seed)
    log = epoch_logger(seed)
    with training_bar(title, recipe.epochs) as bar:

        def after_epoch(epoch, model):
            log(epoch)
            bar.after_epoch(epoch)

        epochs = fit(
            make_fabric(recipe.precision),
            network,
            batches,
            absolute_error,
            recipe,
            seed=seed,
            validation=faces.part("validation"),
            keep_best=True,
            after_epoch=after_epoch,
            after_step=bar.after_step,
        )
    return epochs[-1].seconds
