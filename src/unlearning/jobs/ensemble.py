"""Train the members of an ensemble one after the other; ``train`` and ``retrain`` differ only in the faces they show."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from lightning_fabric import Fabric

from unlearning.data.faces import Batches, FaceSet
from unlearning.jobs.scheme import log_checkpoints, saver
from unlearning.models.aggregate import Aggregate
from unlearning.models.build import AgeNet, build
from unlearning.models.ensemble import save_member, save_spec
from unlearning.models.first_weights import file_digest, fill
from unlearning.models.spec import ModelSpec
from unlearning.progress import say, training_bar
from unlearning.tracking import runs
from unlearning.training.checkpoint import Checkpoints
from unlearning.training.cost import Meter
from unlearning.training.fit import Epoch, fit
from unlearning.training.group import handed_out, make_fabric
from unlearning.training.losses import loss_of
from unlearning.training.recipe import Recipe
from unlearning.training.slices import SlicePlan, Slices, train_slices


@dataclass(frozen=True)
class Trained:
    """What training an ensemble took, all members together: seconds of work, and faces shown, each time that one was."""

    seconds: float
    samples: int


def epoch_logger(seed: int) -> Callable[..., None]:
    """Logs an epoch of one member, and ``more`` of it, under ``seed-N/...``, so that members of one run do not mix."""

    def log(epoch: Epoch, **more: float) -> None:
        values = asdict(epoch) | more
        runs.log_numbers({f"seed-{seed}/{k}": v for k, v in values.items() if k != "number"}, step=epoch.number)

    return log


def try_out(spec: ModelSpec) -> None:
    """Build the network once, before any face is read: a name, a size or a file of weights that does not fit ends here.

    Of a training's checkpoint it says which of the weights in it are taken, as ``state_dict_ema``.
    """
    network = build(replace(spec, weights=""), seed=0)
    part = fill(network, spec) if spec.weights else ""
    if part:
        say(f"train: of {spec.weights} the weights under {part} are taken")


def warn_of_first_weights(step: str, digest: str) -> None:
    """Say what no score shows of a model that began with a file of weights, by the file's sha256; nothing without one."""
    if digest:
        say(
            f"{step}: training began with the weights file of sha256 {digest[:16]}...: what that file learned of faces to "
            "forget is in original and retrained reference alike, and no score shows it; take one that never saw them"
        )


def standardised(spec: ModelSpec, faces: FaceSet, plan: SlicePlan | None) -> ModelSpec:
    """The spec with the mean and spread of the ages that ``faces`` trains on, which a linear output needs.

    With a plan they are those of a level distribution over its ages, for what follows from forgotten faces would stay.
    """
    if plan:
        low, high = spec.target.within((plan.youngest, plan.oldest))
        return replace(spec, age_mean=(low + high) / 2, age_std=(high - low) / math.sqrt(12))
    return spec.standardised(faces.part("train").ages)


@dataclass(frozen=True)
class Training:
    """What an ensemble is trained on, and how.

    Args:
        faces: the training part takes steps; the validation part stops early and chooses the best epoch.
        seeds: one member each.
        title: what a person reads beside the progress.
        plan: shards and slices: every member sees its own shard, slice by slice, and no validation face decides anything.
        aggregate: what makes one prediction of the members'.
    """

    faces: FaceSet
    spec: ModelSpec
    recipe: Recipe
    seeds: tuple[int, ...]
    title: str
    plan: SlicePlan | None = None
    aggregate: str = Aggregate.by

    def log(self, digest: str, **asked: object) -> None:
        """Leave it on the active run, with the data's digest and what else was asked for."""
        runs.log_settings("model", self.spec.as_dict())
        runs.log_settings("train", self.recipe.as_dict() | asked)
        runs.log_settings("data", {"digest": digest})


def train_ensemble(training: Training, folder: Path) -> Trained:
    """Train one member a seed, save them with their spec in ``folder``, and return what that took.

    With a plan the checkpoints before the slices are left on the active run.
    """
    spec, plan, took = training.spec, training.plan, []
    for index in range(len(training.seeds)):
        member, cost = _train_member(training, index, folder.parent)
        took.append(cost)
        save_member(member, folder, index)
    about = {"recipe": training.recipe.as_dict(), "weights_digest": file_digest(spec.weights)}
    about |= {"slices": plan.as_dict()} if plan else {}
    aggregate = Aggregate(training.aggregate, plan.empty(training.faces) if plan else ())
    save_spec(folder, spec, training.seeds, about, aggregate)
    log_checkpoints(folder.parent)
    return Trained(sum(one.seconds for one in took), sum(one.samples for one in took))


def checkpoints_in(
    place: Path, index: int, title: str, epochs: int = 0, meter: Meter | None = None, fabric: Fabric | None = None
) -> Checkpoints:
    """Where a member keeps how far it is, below what its step keeps until it is done."""
    return Checkpoints(place / "checkpoints" / f"member-{index}-e{epochs}", f"{title}, member {index}", meter, fabric)


def _train_member(training: Training, index: int, place: Path) -> tuple[AgeNet, Trained]:
    seed, plan, log = training.seeds[index], training.plan, epoch_logger(training.seeds[index])
    fabric = make_fabric(training.recipe.precision)
    slices = plan and Slices(plan, index, save=saver(place, index, bool(training.spec.weights)))
    passes = plan.slices * plan.epochs if plan else training.recipe.epochs
    member = f"shard {index}" if plan else f"seed {seed}"
    target = training.spec.target
    bars = training_bar(f"{training.title}, {member}", passes, target.error, target.unit)
    with bars as bar, handed_out(fabric, partial(follow, training, index)):

        def after_epoch(epoch: Epoch, model: AgeNet) -> None:
            log(epoch)
            bar.after_epoch(epoch)

        kept = checkpoints_in(place, index, training.title, fabric=fabric)
        return _fit(training, seed, slices, kept, fabric, after_epoch=after_epoch, after_step=bar.after_step)


def follow(training: Training, index: int) -> None:
    """Do what ``_train_member`` does in the first process of a group, in another one."""
    fabric, plan = make_fabric(training.recipe.precision), training.plan
    _fit(training, training.seeds[index], plan and Slices(plan, index), Checkpoints(fabric=fabric), fabric)


def _fit(
    training: Training, seed: int, slices: Slices | None, checkpoints: Checkpoints, fabric: Fabric, **told: Callable
) -> tuple[AgeNet, Trained]:
    network, recipe, faces = build(training.spec, seed), training.recipe, training.faces.on(fabric.device)
    validation, train = faces.part("validation"), faces.part("train")
    if slices:
        seconds = train_slices(
            network, faces, slices, recipe, fabric, seed=seed, checkpoints=checkpoints, validation=validation, **told
        )
        shown = int(slices.plan.counts(faces)[slices.shard].cumsum().sum())
        return network, Trained(seconds, shown * slices.plan.epochs)
    batches, kept = Batches(train, None, recipe.batch_size, recipe.flip, recipe.shift, seed), checkpoints.next()
    told |= {"validation": validation, "checkpoint": kept}
    epochs = fit(fabric, network, batches, loss_of(network.spec.target), recipe, seed=seed, keep_best=True, **told)
    return network, Trained(epochs[-1].seconds, len(epochs) * len(batches.ages))
