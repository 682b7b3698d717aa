"""From a folder of weights to a registered version with its predictions and scores: whole, or not at all."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from unlearning import markdown
from unlearning.data.faces import FaceSet
from unlearning.evaluation.case import Case
from unlearning.evaluation.metric import unit_of
from unlearning.evaluation.registry import METRICS, measure
from unlearning.evaluation.table import by_age, prediction_table
from unlearning.models.ensemble import load_model
from unlearning.naming import ERROR_TABLE, PREDICTION_TABLE
from unlearning.progress import track
from unlearning.registry import logged_models
from unlearning.registry.moves import Move
from unlearning.registry.transitions import add
from unlearning.registry.version import TARGET, Version
from unlearning.targets import AGE, Target
from unlearning.tracking import runs
from unlearning.versions.files import digest_tags, digests_in

HEADLINES = ("Utility", "Forgetting", "F", "test_mae", "forget_mae", "test_in_range_mae", "seconds")


@dataclass(frozen=True)
class Draft:
    """A version that is about to be registered.

    Args:
        name: registered model.
        title: what the version is, in one sentence.
        tags: what the version will say of itself, scores aside.
        case_of: turns its prediction table into the case to measure.
        move: turns the versions and its number into the changes and aliases that install it.
    """

    name: str
    title: str
    folder: Path
    tags: dict[str, str]
    case_of: Callable[[pd.DataFrame], Case]
    move: Callable[[list[Version], int], Move]


def publish(draft: Draft, faces: FaceSet, run_id: str) -> Version:
    """Predict all faces, measure, log predictions, metrics and model on the active run, and register the version."""
    ensemble = load_model(draft.folder)
    table = prediction_table(ensemble, faces, progress=track)
    spec, target = ensemble.spec, ensemble.spec.target
    metrics = measure(replace(draft.case_of(table), target=target)) | target.measured(table)
    runs.log_table(by_age(table, target), ERROR_TABLE)
    digests = digests_in(draft.folder) | {PREDICTION_TABLE: runs.log_table(table, PREDICTION_TABLE)}
    seeds = ",".join(map(str, ensemble.seeds))
    own = {"run_id": run_id, "seeds": seeds, "arch": spec.arch, "image_size": str(spec.image_size)}
    own |= {TARGET: target.as_text()} if target != AGE else {}
    tags = draft.tags | own | score_tags(metrics) | digest_tags(digests)
    lasting = {name: value for name, value in tags.items() if name not in ("state", *metrics)}  # the rest the registry says
    model_id = logged_models.logged_in(run_id) or logged_models.log_model(draft.folder, lasting)
    runs.log_numbers(metrics, model_id=model_id)
    return add(draft.name, model_id, run_id, tags, f"{markdown.text(draft.title)}\n\n{explain(metrics, target)}", draft.move)


def score_tags(metrics: dict[str, float]) -> dict[str, str]:
    """The metrics as a version's tags; what is not a number is left out."""
    return {name: f"{value:.6g}" for name, value in metrics.items() if value == value}


def explain(metrics: dict[str, float], target: Target) -> str:
    """The headline metrics as lines for people."""
    known = [METRICS[name] for name in HEADLINES if metrics[name] == metrics[name]]
    told = [
        f"* {m.name} = {metrics[m.name]:.4g} {unit_of(m, target)}".rstrip() + f" ({target.told(m.description)})" for m in known
    ]
    further = [f"* {name} = {metrics[name]:.4g}" for name in metrics if name not in METRICS]
    return "\n".join([*told, *further])
