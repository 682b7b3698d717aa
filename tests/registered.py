"""Versions in the registry without a model behind them."""

from functools import partial

import mlflow

from unlearning.registry import moves
from unlearning.registry.record import RECORD, changed
from unlearning.registry.transitions import add

SET = "20-28"
ORIGINAL = {"role": "original", "state": "remembers", "forgotten": "none", "forget_set": "none", "parent_version": "none"}
RETRAINED = {"role": "retrained", "state": "reference", "forgotten": SET, "forget_set": SET, "parent_version": "1"}
UNLEARNED = {"role": "unlearned", "state": "candidate", "forgotten": SET, "forget_set": SET, "parent_version": "1"}


def register(model: str, tags: dict[str, str], move, description: str = "made for a test") -> int:
    """A version with these tags, installed by a move; returns its number."""
    empty = mlflow.MlflowClient().create_logged_model("0")
    return add(model, empty.model_id, "", tags | {"method": "ft"}, description, move).number


def fill(model: str, candidates: int = 2) -> None:
    """An original (1), its reference without 20-28 (2), and candidates (3, 4, ...)."""
    register(model, ORIGINAL, moves.install_original)
    register(model, RETRAINED, partial(moves.install_reference, forget_set=SET))
    for number in range(1, candidates + 1):
        alias = f"ft-{SET}-e{number}"
        register(model, UNLEARNED | {"epochs": str(number)}, partial(moves.install_candidate, alias=alias))


def lose_tag(model: str, number: int, name: str) -> None:
    """Take a tag away by hand, out of the record of a version."""
    client = mlflow.MlflowClient()
    stored = client.get_model_version(model, str(number)).tags
    client.set_model_version_tag(model, str(number), RECORD, changed(stored, {name: None})[RECORD])


def promoting(number: int, **more):
    """The move that makes a version the champion, and says that it was shown to have forgotten."""
    tags = {"gates": "passed", "promoted_by": "me", "verdict": "as retraining"}
    return partial(moves.promote, number=number, forget_set=SET, tags=tags, **more)
