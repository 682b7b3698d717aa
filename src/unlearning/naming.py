"""Names: visible registries by them, what was meant by a wrong one, and nouns with their number."""

import re
from difflib import get_close_matches
from typing import TypeVar

from unlearning.errors import InputError

Named = TypeVar("Named")
LONGEST_MODEL_NAME = 200
# MLflow writes it into whatever it downloads, and into local stores themselves: it is no file of the version.
NOTED_BY_MLFLOW = "registered_model_meta"
MODEL_ARTIFACT = "age_model"  # a version's folder with its networks
PREDICTION_TABLE = "predictions.parquet"  # the artifact of a version's run
ERROR_TABLE = "errors_by_age.csv"  # what people look at beside it
NEVER_SEEN_TABLE = "crossfit.parquet"  # the artifact of a cross-fitting's


def by_name(*things: Named) -> dict[str, Named]:
    """Map each thing's ``name`` to it; a name that is taken twice raises ValueError."""
    registry: dict[str, Named] = {}
    for thing in things:
        if thing.name in registry:
            raise ValueError(f"two entries are called {thing.name!r}: {registry[thing.name]!r} and {thing!r}")
        registry[thing.name] = thing
    return registry


def choose(registry: dict[str, Named], name: str, kind: str) -> Named:
    """The entry called ``name``; InputError lists the legal names when there is none."""
    if name not in registry:
        raise InputError(f"unknown {kind} {name!r}{did_you_mean(name, registry)}; legal: {', '.join(registry)}")
    return registry[name]


def printable(text: str) -> str:
    """A path as it can be printed and stored: bytes that are no UTF-8 become escapes, as ``f\\xfcr``."""
    return as_bytes(text).decode("utf-8", "backslashreplace")


def as_bytes(text: str) -> bytes:
    """A path's own bytes, where the system has them; UTF-8 whatever the locale says."""
    return text.encode("utf-8", "surrogateescape")


def did_you_mean(word: str, legal) -> str:
    """A half sentence that names the closest legal word, or nothing."""
    close = get_close_matches(word, list(legal), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def counted(count: int, noun: str, plural: str = "") -> str:
    """A number with its noun: ``1 face``, ``1,043 faces``; ``plural`` where it is not the noun with an s."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def manifest_file(name: str) -> str:
    """Where a run holds a forget manifest."""
    return f"forget/{name}.json"


def check_model_name(name: str) -> None:
    """InputError for a name that a model URI, a filter of MLflow's or the name of a lock would take for something else."""
    odd = set("/:?'") & set(name) or name.strip() in ("", ".", "..") or re.search(r"\.lock($|-after-)", name)
    if odd or not name.isprintable() or len(name) > LONGEST_MODEL_NAME:
        raise InputError(
            f"name={name!r} cannot be a registered model's; legal: up to {LONGEST_MODEL_NAME} printable characters without / : "
            f"? and ', not ending in .lock, as age-resnet50"
        )
