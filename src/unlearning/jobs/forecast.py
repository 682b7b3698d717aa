"""What a long training will take, told before it begins: minutes, disk and memory, by two steps of a network like it."""

import os
import shutil
import time
from dataclasses import replace
from itertools import chain, islice

import torch

from unlearning.data.cache import cache_folder
from unlearning.data.faces import Batches
from unlearning.faults import nearest
from unlearning.jobs.ensemble import Training
from unlearning.models.build import build
from unlearning.progress import say
from unlearning.training.group import make_fabric, size
from unlearning.training.losses import loss_of
from unlearning.training.memory import peak_mb, reset_peak
from unlearning.training.step import set_up

LEAST_STEPS = 500  # what has fewer is soon done, and says nothing
COPIES = 5  # of the weights beside a network that is trained: two moments of Adam, the best so far, and the same on disk
GB = 10**9


def foretell(step: str, training: Training, passes: float = 0.0, networks: int = 0) -> None:
    """Say what is to be expected, unless it is soon done. Nothing that is trained later depends on it.

    Several devices wait for each other in every step, so that one cannot try it alone: nothing is said there.

    Args:
        passes: over its faces, all networks together; by default those of the training.
        networks: how many are kept; by default one a seed.
    """
    networks, recipe, faces = networks or len(training.seeds), training.recipe, training.faces.part("train")
    passes = passes or recipe.epochs * (1 if training.plan else networks)
    batches = Batches(faces, None, recipe.batch_size, recipe.flip, recipe.shift, seed=0)
    if passes * len(batches) < LEAST_STEPS or size() > 1:
        return
    seconds, memory, weights = _tried(training, batches)
    minutes = passes * len(batches) * seconds / 60
    disk = weights * (networks + COPIES) / GB
    free, whole = shutil.disk_usage(nearest(cache_folder())).free / GB, _memory() / GB
    say(
        f"{step}: at most {passes:.0f} passes over {len(faces)} faces: about {in_words(minutes)} on this machine, sooner where "
        f"it stops early; {disk:.1f} GB of disk ({free:.0f} GB are free) and {memory:.1f} GB of {whole:.0f} GB of memory"
    )


def in_words(minutes: float) -> str:
    """``12 minutes``, or ``3.5 hours`` where that is easier to read."""
    if minutes < 1.5:
        return "1 minute"
    return f"{minutes:.0f} minutes" if minutes < 100 else f"{minutes / 60:.1f} hours"


def _tried(training: Training, batches: Batches) -> tuple[float, float, int]:
    """Seconds of a step, the most memory of two in GB, and the bytes of a network's weights."""
    recipe = replace(training.recipe, compile=False)
    fabric = make_fabric(recipe.precision)
    reset_peak()
    with torch.random.fork_rng():
        network = build(replace(training.spec, pretrained=False, weights=""), seed=0)
        step = set_up(fabric, network, loss_of(network.spec.target), recipe, len(batches), lambda: None)
        for batch in islice(chain(batches, batches), 2):  # the first has more to set up
            begun = time.perf_counter()
            step(batch.to(fabric.device)).tolist()
            seconds = time.perf_counter() - begun
    return seconds, peak_mb() / 1000, sum(one.numel() * one.element_size() for one in network.state_dict().values())


def _memory() -> int:
    """Of the GPU where there is one, else of the machine, in bytes."""
    if torch.cuda.is_available():
        return int(torch.cuda.get_device_properties(0).total_memory)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
