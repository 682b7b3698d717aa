"""The language of forget sets: atoms joined by ``&`` (and), ``|`` (or), ``!`` (not) and parentheses.

========================  ==========================================================================================
``20-28``                 ages from 20 to 28 years, both included, or numbers of another target
``group:0`` .. ``4``      the study's five age groups, short for 20-28, 28-36, 36-44, 44-52 and 52-60
``gender:1``              a UTKFace code, or its word: ``gender:female``
``race:2``                a UTKFace code, or its word: ``race:asian``
``label:poodle``          a class of the target, or a range of its numbers: ``label:0.2-0.45``, ``label:-10-5``
``subject:ID``            all pictures of one person (tables with a column subject)
``file:ids.csv``          the sample ids or file names of a file's one column
``random:50``             50 faces drawn at random, ``random:0.05`` 5 % of them; ``random:50@7`` draws with seed 7
``hardest:50``            the 50 faces with the largest errors of the model at hand
``signal:confused``       the faces that a planted signal touched: ``confused`` or ``injected``
========================  ==========================================================================================

``!`` binds before ``&``, and ``&`` before ``|``. Names with blanks or signs stand in double quotes: ``file:"my list.csv"``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate, takewhile
from pathlib import Path
from textwrap import shorten

import numpy as np
import pandas as pd

from unlearning.data import labels
from unlearning.data.labels import labels_of
from unlearning.data.lists import ids_of, read_list
from unlearning.data.settings import GROUPS
from unlearning.data.signals import SIGNALS
from unlearning.data.splitting import first_together
from unlearning.errors import InputError
from unlearning.naming import did_you_mean
from unlearning.targets import AGE, Target

LEGAL = (
    "20-28, group:0 .. group:4, gender:0|1, race:0 .. race:4, label:CLASS, subject:ID, file:ids.csv, random:50, random:0.05, "
    "hardest:50, signal:confused|injected, joined by & | ! and parentheses"
)
AGES = re.compile(r"(\d{1,3})-(\d{1,3})")
NUMBERS = re.compile(r"(-?\d{1,9}(?:\.\d{1,9})?)-(-?\d{1,9}(?:\.\d{1,9})?)")
LONGEST = 400  # of the names of many classes
DEEPEST = 50  # the parser calls itself for every parenthesis, and Python's stack is bounded
TOKEN = re.compile(r'\s*(?:([&|!()])|((?:"[^"]*"|[^\s&|!()"])+))')


@dataclass(frozen=True)
class Known:
    """What a rule is read against.

    Args:
        manifest: all faces and copies.
        rejected: files left out: a list may name them.
        predictions: prediction table of the model at hand, for ``hardest``; None when there is none.
        notes: collects sentences for the user about what a list named in vain, and a number of faces.
        target: what is predicted.
    """

    manifest: pd.DataFrame
    rejected: pd.DataFrame
    predictions: pd.DataFrame | None = None
    notes: list[str] = field(default_factory=list)
    target: Target = AGE

    @property
    def numbers(self) -> pd.Series:
        """What a range of numbers means: what is predicted, or where that has classes the ages."""
        return labels_of(self.manifest) if self.target.numeric else self.manifest.age

    @property
    def drawn_from(self) -> np.ndarray:
        """The faces that single faces are drawn from: training and validation, without copies."""
        return (self.manifest.split != "test").to_numpy() & (self.manifest.copy_of == "").to_numpy()


Selection = Callable[[Known], np.ndarray]


def parse(text: str) -> Selection:
    """Read a rule: a function from what is known to one bool a row of the manifest. InputError when it cannot be read."""
    tokens = _tokens(text)
    selection, rest = _joined(tokens, text)
    if rest:
        raise InputError(f"unknown forget set {text!r}: {rest[0]!r} is not expected where it stands; legal: {LEGAL}")
    return selection


def single_ages(text: str) -> str | None:
    """``20-28`` for the rules ``20-28`` and ``group:0``, whose name can stand in an alias; None for any other rule."""
    kind, _, number = text.strip().partition(":")
    if kind == "group" and number.isdecimal() and int(number) < len(GROUPS):
        return GROUPS[int(number)]
    ages = AGES.fullmatch(text.strip())
    return f"{int(ages[1])}-{int(ages[2])}" if ages else None


def names_hardest(text: str) -> bool:
    """Does a rule ask for the errors of a model?"""
    return any((found[2] or "").startswith("hardest:") for found in TOKEN.finditer(text))


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    while text[at:].strip():
        match = TOKEN.match(text, at)
        if not match:
            raise InputError(f"unknown forget set {text!r}: a quotation mark is open; legal: {LEGAL}")
        tokens.append(match[1] or match[2])
        at = match.end()
    if not tokens:
        raise InputError(f"the forget set is empty; legal: {LEGAL}")
    if max(accumulate({"(": 1, ")": -1}.get(token, 0) for token in tokens)) > DEEPEST:
        raise InputError(f"unknown forget set {text!r}: parentheses are nested too deeply; legal: {LEGAL}")
    return tokens


def _joined(tokens: list[str], text: str, signs: str = "|&") -> tuple[Selection, list[str]]:
    """One operand or more joined by the first sign; the other binds closer. A list, because a program may join thousands."""
    if not signs:
        return _not(tokens, text)
    first, rest = _joined(tokens, text, signs[1:])
    parts = [first]
    while rest and rest[0] == signs[0]:
        part, rest = _joined(rest[1:], text, signs[1:])
        parts.append(part)
    operator = np.logical_or if signs[0] == "|" else np.logical_and
    return lambda known: operator.reduce([part(known) for part in parts]), rest


def _not(tokens: list[str], text: str) -> tuple[Selection, list[str]]:
    negations = len(list(takewhile("!".__eq__, tokens)))
    inner, rest = _operand(tokens[negations:], text)
    return (lambda known: ~inner(known)) if negations % 2 else inner, rest


def _operand(tokens: list[str], text: str) -> tuple[Selection, list[str]]:
    if not tokens or tokens[0] in "&|)":
        where = f"{tokens[0]!r} stands" if tokens else "it ends"
        raise InputError(f"unknown forget set {text!r}: {where} where a rule is expected; legal: {LEGAL}")
    if tokens[0] != "(":
        return _atom(tokens[0], text), tokens[1:]
    inner, rest = _joined(tokens[1:], text)
    if not rest or rest[0] != ")":
        raise InputError(f"unknown forget set {text!r}: a parenthesis is not closed; legal: {LEGAL}")
    return inner, rest[1:]


def _atom(word: str, text: str) -> Selection:
    if ages := AGES.fullmatch(word):
        return _numbers(int(ages[1]), int(ages[2]))
    kind, colon, value = word.partition(":")
    if not colon or kind not in ATOMS:
        meant = f" (did you mean label:{word}?)" if NUMBERS.fullmatch(word) else did_you_mean(kind, ATOMS)
        raise InputError(f"unknown forget set {text!r}: {word!r} is no rule{meant}; legal: {LEGAL}")
    value = value.replace('"', "")
    if not value.strip():
        raise InputError(f"unknown forget set {text!r}: nothing stands after {kind}:; legal: {LEGAL}")
    return ATOMS[kind](value)


def _numbers(low: float, high: float) -> Selection:
    """The numbers that are predicted, or where these are classes the ages."""
    if low > high:
        raise InputError(f"the forget set '{low:g}-{high:g}' ends before it begins; did you mean {high:g}-{low:g}?")
    return lambda known: known.numbers.between(low, high).to_numpy()


def _label(value: str) -> Selection:
    """A class by its name, or a range of a numeric target."""
    numbers = NUMBERS.fullmatch(value)

    def select(known: Known) -> np.ndarray:
        classes = getattr(known.target, "classes", ())
        if numbers and not classes:
            return _numbers(float(numbers[1]), float(numbers[2]))(known)
        order = {name: place for place, name in enumerate(classes)}
        places = {name.replace('"', ""): place for name, place in order.items()} | order
        if value not in places:
            legal = f"its classes are {shorten(', '.join(classes), LONGEST)}" if classes else "it has numbers: label:20-28"
            raise InputError(f"{known.target.name} has no class {value!r}{did_you_mean(value, places)}; {legal}")
        return (labels_of(known.manifest) == places[value]).to_numpy()

    return select


def _group(value: str) -> Selection:
    if value not in map(str, range(len(GROUPS))):
        raise InputError(f"unknown group {value!r}; legal: 0 .. {len(GROUPS) - 1}, which are {', '.join(GROUPS)}")
    return _numbers(*map(int, GROUPS[int(value)].split("-")))


def _code(column: str, words: tuple[str, ...], value: str) -> Selection:
    code = labels.code(value, words, column)
    return lambda known: (known.manifest[column] == code).to_numpy()


def _subject(value: str) -> Selection:
    def select(known: Known) -> np.ndarray:
        subjects = known.manifest.subject.astype(str)
        if not (subjects == value).any():
            legal = sorted(set(subjects) - {""})
            some = f"there are {len(legal)}, such as {', '.join(legal[:3])}" if legal else "the data names no subjects"
            raise InputError(f"unknown subject {value!r}{did_you_mean(value, legal)}; {some}")
        return (subjects == value).to_numpy()

    return select


def _signal(value: str) -> Selection:
    if value not in SIGNALS:
        raise InputError(f"unknown signal {value!r}; legal: {', '.join(SIGNALS)}")

    def select(known: Known) -> np.ndarray:
        if "signal" not in known.manifest or not (known.manifest.signal == value).any():
            raise InputError(f"no face of this data is {value}; plant it with -P confuse=20-28,52-60 or -P inject=20-28")
        return (known.manifest.signal == value).to_numpy()

    return select


def _random(value: str) -> Selection:
    match = re.fullmatch(r"(\d+|\d*\.\d+)(?:@(\d{1,9}))?", value)
    if not match or float(match[1]) <= 0 or ("." in match[1] and float(match[1]) > 1):
        raise InputError(f"random:{value} cannot be read; legal: random:50, random:0.05 (a share), random:50@7 (seed 7)")

    def select(known: Known) -> np.ndarray:
        pool = known.manifest[known.drawn_from].sort_values("id")
        count = max(1, round(float(match[1]) * len(pool))) if "." in match[1] else int(match[1])
        order = np.random.default_rng(int(match[2] or 0)).permutation(len(pool))
        return known.manifest.id.isin(_as_many(known, pool.iloc[order], count, f"random:{value}")).to_numpy()

    return select


def _as_many(known: Known, ordered: pd.DataFrame, count: int, rule: str) -> list[str]:
    """The first ``count`` ids, or those that near-copies allow, which is told; InputError where these are none."""
    if count > len(ordered):
        raise InputError(f"{rule} asks for more faces than there are: {len(ordered)} can be forgotten")
    found = first_together(ordered, count)
    if not found:
        least, (kind, _, value) = ordered.near.value_counts().min(), rule.partition(":")
        again = f"{kind}:{least}{''.join(value.partition('@')[1:])}"
        raise InputError(
            f"{rule} can take no face: each one has near-copies that go along with it, {least} faces or more together; "
            f"type {again}"
        )
    if len(found) < count:
        known.notes.append(f"{rule} gives {len(found)} faces: near-copies go together, and no others fit in whole")
    return found


def _hardest(value: str) -> Selection:
    if not value.isdecimal() or int(value) < 1:
        raise InputError(f"hardest:{value} cannot be read; legal: a number of faces, as hardest:50")

    def select(known: Known) -> np.ndarray:
        if known.predictions is None:
            raise InputError(
                "hardest: names faces by the errors of one model, and here there is none at hand; say it to retrain and "
                "unlearn, and leave forget_set empty to score a version on its own forget set"
            )
        truth = known.target.truth(labels_of(known.predictions).to_numpy())
        errors = (known.predictions.predicted - truth).abs().set_axis(known.predictions.id)
        pool = known.manifest[known.drawn_from]
        order = np.lexsort((pool.id, -errors.reindex(pool.id).to_numpy()))
        return known.manifest.id.isin(_as_many(known, pool.iloc[order], int(value), f"hardest:{value}")).to_numpy()

    return select


def _file(value: str) -> Selection:
    def select(known: Known) -> np.ndarray:
        ids, notes = ids_of(read_list(Path(value)), known.manifest, known.rejected, value)
        known.notes.extend(notes)
        return known.manifest.id.isin(ids).to_numpy()

    return select


ATOMS: dict[str, Callable[[str], Selection]] = {
    "group": _group,
    "gender": partial(_code, "gender", labels.GENDERS),
    "race": partial(_code, "race", labels.RACES),
    "label": _label,
    "subject": _subject,
    "file": _file,
    "random": _random,
    "hardest": _hardest,
    "signal": _signal,
}
