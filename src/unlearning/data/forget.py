"""Forget sets: who is to be forgotten, said by a rule.

A rule is an inclusive age range (``20-28``) or one of the study's groups (``group:0`` .. ``group:4``). The forget set is
what the rule names among the training and validation faces; the retain set is the other training and validation faces.
The test set belongs to neither: it keeps the forgotten ages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from unlearning.errors import InputError

GROUPS = ("20-28", "28-36", "36-44", "44-52", "52-60")
LEGAL = "an inclusive age range such as 20-28, or group:0 .. group:4"


@dataclass(frozen=True)
class ForgetRule:
    """All faces aged ``low`` to ``high`` years, both ends included."""

    low: int
    high: int

    @property
    def name(self) -> str:
        """How aliases and tags spell the rule."""
        return f"{self.low}-{self.high}"

    def matches(self, table: pd.DataFrame) -> np.ndarray:
        """One bool a row of a manifest or prediction table: does the rule mean this face, whatever its split?"""
        return table.age.between(self.low, self.high).to_numpy()


def parse_rule(text: str) -> ForgetRule:
    """Read a rule; InputError when it cannot be read."""
    group = re.fullmatch(r"group:(\d+)", text.strip())
    if group:
        if int(group[1]) >= len(GROUPS):
            raise InputError(f"unknown forget set {text!r}; legal: {LEGAL}")
        text = GROUPS[int(group[1])]
    ages = re.fullmatch(r"(\d{1,3})-(\d{1,3})", text.strip())
    if not ages:
        raise InputError(f"unknown forget set {text!r}; legal: {LEGAL}")
    low, high = int(ages[1]), int(ages[2])
    if low > high:
        raise InputError(f"the forget set {text!r} ends before it begins; did you mean {high}-{low}?")
    return ForgetRule(low, high)


def parse_rules(text: str) -> list[ForgetRule]:
    """Read rules joined by commas, as the tag ``forgotten`` holds them; an empty text and ``none`` hold none."""
    return [parse_rule(part) for part in text.split(",") if part not in ("", "none")]


def forget_mask(table: pd.DataFrame, rule: ForgetRule) -> np.ndarray:
    """One bool a row: is it in the forget set? The rule's training and validation faces, never the test set's."""
    return rule.matches(table) & table.split.isin(("train", "validation")).to_numpy()


def retain_mask(table: pd.DataFrame, rules: list[ForgetRule]) -> np.ndarray:
    """One bool a row: a training or validation face that no rule names."""
    kept = table.split.isin(("train", "validation")).to_numpy()
    for rule in rules:
        kept = kept & ~rule.matches(table)
    return kept


def check_rule(manifest: pd.DataFrame, rule: ForgetRule, forgotten: list[ForgetRule]) -> None:
    """InputError when the rule names nobody to forget, or leaves nothing to train on or to validate with."""
    ages = f"the ages in the data are {manifest.age.min()}-{manifest.age.max()}"
    if not (forget_mask(manifest, rule) & (manifest.split == "train")).any():
        raise InputError(f"the forget set {rule.name} is empty: no training face has such an age; {ages}")
    retained = manifest[retain_mask(manifest, [rule, *forgotten])]
    missing = [part for part in ("train", "validation") if not (retained.split == part).any()]
    if missing:
        raise InputError(f"the forget set {rule.name} leaves nothing to retain in {' and '.join(missing)}; {ages}")
