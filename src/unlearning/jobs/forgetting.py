"""Run a method on every member of a registered version, save what comes out, and keep account of what it cost."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path

from unlearning.data.cache import write_whole
from unlearning.errors import DivergedError
from unlearning.jobs.ensemble import checkpoints_in, epoch_logger, standardised
from unlearning.jobs.job import Job
from unlearning.jobs.scheme import passes_of, scheme_after, slices_of
from unlearning.methods.task import Method, UnlearningTask
from unlearning.models.build import AgeNet, build
from unlearning.models.ensemble import save_member, save_spec
from unlearning.naming import MODEL_ARTIFACT
from unlearning.progress import training_bar
from unlearning.tracking import runs
from unlearning.training.checkpoint import Checkpoints
from unlearning.training.cost import Meter
from unlearning.training.fit import Epoch
from unlearning.training.group import handed_out, make_fabric
from unlearning.training.memory import peak_mb, reset_peak
from unlearning.training.predict import mean_absolute_error


@dataclass(frozen=True)
class Cost:
    """What it cost to make a version, all members together.

    Args:
        seconds: of work, measuring and logging aside.
        retain_samples: faces of the retain set shown, each time that one was.
        forget_samples: faces of the forget set shown.
        peak_memory_mb: most memory in use, in MB (10^6 bytes).
    """

    seconds: float = 0.0
    retain_samples: int = 0
    forget_samples: int = 0
    peak_memory_mb: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        sums = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        return Cost(**sums | {"peak_memory_mb": max(self.peak_memory_mb, other.peak_memory_mb)})

    @classmethod
    def read(cls, meter: Meter) -> Cost:
        """What a meter shows now."""
        return cls(meter.seconds, meter.retain, meter.forget, peak_mb())


def forget(job: Job, place: Path, watch: Callable = lambda step, model: None) -> dict[int, Cost]:
    """Run the method on every member, save the ensemble at every milestone, and return what each cost up to there.

    ``watch`` is shown every epoch's network, which it must not change, under a number that counts the members' epochs.
    """
    costs = dict.fromkeys(job.epochs, Cost())
    for index, member in enumerate(job.parent.ensemble().members):
        before = index * max(job.epochs)

        def counted(epoch: int, model, before=before) -> None:
            watch(before + epoch, model)

        for epochs, cost in _forget_member(job, place, index, member, counted).items():
            costs[epochs] += cost
    return costs


def _save(job: Job, place: Path, index: int, model: AgeNet, epochs: int) -> None:
    """A member, and what the version is; a network that was trained anew brings a spec of its own."""
    scheme, aggregate = scheme_after(job)
    training = {"recipe": job.parent.recipe.as_dict(), "weights_digest": job.parent.weights_digest}
    training |= {"method": job.method.name, "params": asdict(job.method), "epochs": epochs} | scheme
    save_member(model, folder_of(place, epochs), index)
    save_spec(folder_of(place, epochs), model.spec, job.parent.seeds, training, aggregate)


def folder_of(place: Path, epochs: int) -> Path:
    """Where the ensemble after so many epochs is saved."""
    return place / f"e{epochs}" / MODEL_ARTIFACT


def _forget_member(job: Job, place: Path, index: int, member, watch: Callable) -> dict[int, Cost]:
    """One run for all milestones where a shorter run is the beginning of a longer one; else a run for each.

    What a member cost stands beside it until the version is made: one that is done is not done again.
    """
    seed, accounts = job.parent.seeds[index], {epochs: place / f"e{epochs}" / f"cost-{index}.json" for epochs in job.epochs}

    def made() -> dict[int, Cost]:
        return {
            epochs: Cost(**json.loads(path.read_text(encoding="utf-8"))) for epochs, path in accounts.items() if path.is_file()
        }

    def keep(epochs: int, model, meter: Meter) -> None:
        _save(job, place, index, model, epochs)
        write_whole(accounts[epochs], lambda part: part.write_text(json.dumps(asdict(Cost.read(meter))), encoding="utf-8"))

    def look(epoch: int, model, meter: Meter) -> None:
        if epoch in job.epochs:
            keep(epoch, model, meter)
        watch(epoch, model)

    left = [epochs for epochs in job.epochs if epochs not in made()]
    if left and job.method.card.prefix and job.method.epochs:
        _run(job, member, seed, max(job.epochs), look, place, index)
        left = []
    for epochs in left:
        model, meter = _run(job, member, seed, epochs, lambda epoch, model, meter: watch(epoch, model), place, index)
        with meter.aside():
            keep(epochs, model, meter)
    return made()


def _run(job: Job, member, seed: int, epochs: int, look: Callable, place: Path, index: int):
    """The method on one member; ``look`` sees (epoch, network, meter) after every epoch."""
    title = f"{job.method.name}, seed {seed}"
    reset_peak()
    meter, log, fabric = Meter(), epoch_logger(seed), make_fabric(job.parent.recipe.precision)
    job = replace(job, faces=job.faces.on(fabric.device))
    leaving = job.forget
    target = job.parent.spec.target
    with training_bar(title, epochs or passes_of(job), target.error, target.unit) as bar:

        def after_epoch(epoch: Epoch, model) -> None:
            forgotten = mean_absolute_error(model, leaving)
            log(epoch, forget_mae=forgotten)
            bar.after_epoch(epoch, f"forget {target.error} {forgotten:.2f}  ")
            look(epoch.number, model, meter)

        def log_own(values: dict[str, float], epoch: int) -> None:
            with meter.aside():
                runs.log_numbers({f"seed-{seed}/{job.method.name}/{name}": v for name, v in values.items()}, step=epoch)

        recipe = job.parent.recipe
        task = UnlearningTask(
            model=member.eval(),
            retain=job.retain,
            forget=leaving,
            fabric=fabric,
            seed=seed,
            fresh=partial(build, standardised(job.parent.spec, job.retain, job.parent.plan)),
            recipe=recipe,
            epochs=epochs,
            after_epoch=after_epoch,
            after_step=bar.after_step,
            log=log_own,
            meter=meter,
            slices=slices_of(job.parent, index, place),
            checkpoints=checkpoints_in(place, index, job.method.name, epochs, meter, fabric),
            track=bar.track,
        )
        try:
            with handed_out(fabric, partial(follow, job.method, task.silent(), recipe.precision)):
                return job.method.unlearn(task), meter
        except DivergedError as error:
            raise DivergedError(f"{job.method.name}: {error}") from error


def follow(method: Method, task: UnlearningTask, precision: str) -> None:
    """Do what ``_run`` does in the first process of a group, in another one."""
    fabric = make_fabric(precision)
    method.unlearn(replace(task, fabric=fabric, checkpoints=Checkpoints(fabric=fabric)))
