"""Forget sets: exactly who is to be forgotten.

A rule (see ``rules``) is read once against the data and becomes a forget manifest: the sorted ids of its training and
validation faces with all their copies and near-copies. The retain set is the other training and validation faces. The
test set belongs to neither: it keeps the forgotten ages.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from unlearning.data import rules
from unlearning.data.labels import UNKNOWN, labels_of
from unlearning.data.rules import Known
from unlearning.errors import InputError
from unlearning.naming import printable
from unlearning.targets import AGE, Target


@dataclass(frozen=True)
class ForgetSet:
    """A forget manifest.

    Args:
        name: how aliases spell it: the rule where that is allowed (``20-28``), or the first ten digits of ``sha256``.
        rule: what the user asked for.
        data_digest: of the data it was read against.
        ids: sorted sample ids, copies included.
        test_ids: sorted ids of the test faces that the rule describes; they are measured, never forgotten.
        notes: sentences for the user about what the rule named in vain.
    """

    name: str
    rule: str
    data_digest: str
    ids: tuple[str, ...]
    test_ids: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """Of the data digest and the ids: equal hashes are equal forget sets of equal data."""
        return _hash(self.data_digest, self.ids)

    def as_dict(self) -> dict[str, Any]:
        """The manifest as JSON holds it."""
        content = {"name": self.name, "rule": self.rule, "data_digest": self.data_digest, "sha256": self.sha256}
        return content | {"count": len(self.ids), "ids": list(self.ids), "test_ids": list(self.test_ids)}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> ForgetSet:
        """Read what ``as_dict`` wrote; InputError when the ids are not those that the hash was made from."""
        ids, test_ids = tuple(content["ids"]), tuple(content["test_ids"])
        read = cls(content["name"], content["rule"], content["data_digest"], ids, test_ids)
        if read.sha256 != content["sha256"]:
            raise InputError(f"the forget manifest {read.name} was changed: its ids do not give its hash")
        return read


def _hash(data_digest: str, ids: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join((data_digest, *ids)).encode()).hexdigest()


def resolve(text: str, known: Known, data_digest: str) -> ForgetSet:
    """Read a rule against the data; InputError when it cannot be read or names what there is not."""
    manifest = known.manifest
    chosen = rules.parse(text)(known)
    forgotten = chosen & known.drawn_from
    together = manifest.near.isin(manifest.near[forgotten]) & (manifest.split != "test")
    ids = tuple(sorted(manifest.id[together]))
    name = rules.single_ages(text) or _hash(data_digest, ids)[:10]
    rule = re.sub(r'("[^"]*")|\s+', lambda match: match[1] or " ", printable(text.strip()))
    tested = tuple(sorted(manifest.id[chosen & (manifest.split == "test").to_numpy()]))
    return ForgetSet(name, rules.single_ages(text) or rule, data_digest, ids, tested, tuple(known.notes))


def forget_mask(table: pd.DataFrame, forget: ForgetSet) -> np.ndarray:
    """One bool a row of a manifest or prediction table: is it in the forget set?"""
    return table.id.isin(forget.ids).to_numpy()


def retain_mask(table: pd.DataFrame, forgotten: list[ForgetSet]) -> np.ndarray:
    """One bool a row: a training or validation face that is in none of the sets."""
    kept = table.split.isin(("train", "validation")).to_numpy()
    for forget in forgotten:
        kept = kept & ~forget_mask(table, forget)
    return kept


def check(manifest: pd.DataFrame, forget: ForgetSet, forgotten: list[ForgetSet], target: Target = AGE) -> None:
    """InputError when the set names no face to forget, or leaves none to train on or to validate with."""
    there = _there(manifest, target)
    notes = "".join(f"; {note}" for note in forget.notes)
    if not (forget_mask(manifest, forget) & (manifest.split == "train").to_numpy()).any():
        raise InputError(f"the forget set {forget.rule} is empty: it names no training face; {there}{notes}")
    retained = manifest[retain_mask(manifest, [forget, *forgotten])]
    missing = [part for part in ("train", "validation") if not (retained.split == part).any()]
    if missing:
        raise InputError(f"the forget set {forget.rule} leaves nothing to retain in {' and '.join(missing)}; {there}")


def _there(manifest: pd.DataFrame, target: Target) -> str:
    """What a rule could name."""
    if target != AGE and target.numeric:
        labels = labels_of(manifest)
        return f"{target.name} goes from {target.spelled(labels.min())} to {target.spelled(labels.max())} in the data"
    ages = manifest.age[manifest.age != UNKNOWN]
    known = f"the ages in the data are {ages.min()}-{ages.max()}" if len(ages) else "the data has no ages"
    return known if target == AGE else f"{known}; a class of {target.name} is named by label:CLASS"
