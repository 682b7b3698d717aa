"""What numbers, models, metrics and forget sets are called where people read them who do not know their names."""

from __future__ import annotations

import math
import re
from collections import Counter
from pathlib import PurePath

from unlearning.data.forget import ForgetSet
from unlearning.data.rules import TOKEN
from unlearning.evaluation.registry import METRICS
from unlearning.experiments.plan import ORIGINAL, RETRAINED
from unlearning.targets import AGE, Target

NONE = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
NAMES = {ORIGINAL: "original", RETRAINED: "retrained", "ft": "FT", "rnd": "RND"}
AS_PUBLISHED = {"as_published=clipped": "clipped", "as_published=divided": "divided", "as_published=true": "divided"}
METRIC_NAMES = {"test_mae": "test MAE (years)", "forget_mae": "forget MAE (years)"}


def is_as_published(arm: str) -> bool:
    """Is it RND with the labels of the study's published code?"""
    return arm.startswith("rnd") and any(word in AS_PUBLISHED for word in arm.split())


def model_name(arm: str) -> str:
    """``FT`` for ft, ``RND clipped`` or ``RND divided`` for rnd with labels of the published code; others by their own name."""
    if is_as_published(arm):
        words = arm.split()[1:]
        kinds = [AS_PUBLISHED[word] for word in words if word in AS_PUBLISHED]
        return " ".join(["RND", *kinds, *(word for word in words if word not in AS_PUBLISHED)])
    return NAMES.get(arm, arm)


def metric_name(metric: str) -> str:
    """A metric with its unit."""
    unit = METRICS[metric].unit if metric in METRICS else ""
    return METRIC_NAMES.get(metric, metric + (f" ({unit})" if unit else ""))


def digits(metric: str) -> int:
    """Decimals worth telling of a metric."""
    return decimals_of(METRICS[metric].unit if metric in METRICS else "")


def decimals_of(unit: str) -> int:
    """Decimals worth telling: hundredths of a year, tenths of a second, thousandths of a ratio."""
    return {"years": 2, "seconds": 1, "faces": 0, "MB": 0, "steps": 1, "%": 0}.get(unit, 3)


def shown(value: float, decimals: int, sign: bool = False) -> str:
    """A number with a true minus, with a plus on request; a dash for none."""
    if math.isnan(value):
        return NONE
    text = f"{value:{'+' if sign else ''},.{decimals}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("+-")
    return text.replace("-", MINUS)


def as_printed(value: float) -> str:
    """A published number with the decimals that it was published with, two at least."""
    return NONE if math.isnan(value) else max(f"{value:.2f}", f"{value:g}", key=len)


def spread(value: float, sd: float, decimals: int) -> str:
    """A mean with its standard deviation, where there is one."""
    return shown(value, decimals) + ("" if math.isnan(sd) else f" \N{PLUS-MINUS SIGN} {sd:,.{decimals}f}")


def key_text(name: str, value: object) -> str:
    """A key of a table: the epochs of models that were not unlearned are none."""
    if name in ("model", "arm"):
        return model_name(str(value))
    return NONE if name == "epochs" and value == 0 else str(value)


LONGEST = 60
FACE = re.compile(r"\d{1,3}_\d_\d_\d+")
APOSTROPHE = "'\"'\"'", "\0"  # within quotes as a shell reads it, and here
IN_A_COMMAND = re.compile(r"""\b(file|subject):("[^"]*"|(?:[^\s&|!();'"]|'(?=\w))+)""")


def titles(sets: list[ForgetSet]) -> dict[str, str]:
    """Titles by the sets' names: the rule, with ``list NAME`` for a list and ``one person`` for a subject.

    A title that two sets would share, or that is cut, ends with the set's name, which is in aliases and tags as well.
    """
    plain = {forget.name: TOKEN.sub(_title, forget.rule).strip() for forget in sets}
    often = Counter(plain.values())
    clear = {name for name, title in plain.items() if often[title] == 1 and len(title) <= LONGEST}
    short = {name: title if len(title) <= LONGEST else title[: LONGEST - 3] + "..." for name, title in plain.items()}
    return {name: title if name in clear else f"{title} ({name})" for name, title in short.items()}


def _title(match: re.Match) -> str:
    kind, _, value = (match[2] or "").partition(":")
    said = {"file": _list_name, "subject": lambda _: "one person"}.get(kind)
    return match[0].removesuffix(match[2]) + said(value) if said else match[0]


def _list_name(path: str) -> str:
    name = PurePath(path.replace('"', "")).name
    return "a list" if FACE.search(name) else f"list {name}"


def discreet(command: str) -> str:
    """A command as others may read it: of a list only its name, of a person nothing."""

    def told(match: re.Match) -> str:
        return f"{match[1]}:{_list_name(match[2]).removeprefix('list ') if match[1] == 'file' else '...'}"

    return IN_A_COMMAND.sub(told, command.replace(*APOSTROPHE)).replace(*APOSTROPHE[::-1])


TITLES = {
    "Utility": "Usefulness beside retraining",
    "Forgetting": "Likeness of errors to retraining",
    "F": "Usefulness times likeness",
    "memory_left": "Memory left, the original's is 100 %",
    "test_mae": "Average error, test faces",
    "retain_mae": "Average error, kept faces",
    "forget_mae": "Average error, forgotten faces",
    "test_in_range_mae": "Average error, test faces of the forgotten kind",
    "worst_age_gap": "Extra error on the worst ages",
    "mia_auc": "Attack: small errors tell trained faces",
    "mia_given_age_auc": "Attack: errors that are small for the age",
    "mia_logistic": "Fitted attack: share told right",
    "unseen_gap": "Extra error on unseen faces of the same ages",
    "mia_gap": "Attack by errors: distance to retraining",
    "forget_w1_predictions": "Answers' distance to retraining, forgotten faces",
    "forget_difference": "Difference to retraining, face by face, forgotten faces",
    "activation_distance": "Features' distance to retraining",
    "cka": "Features' likeness to retraining",
    "relearn_steps": "Steps to relearn",
    "relearn_ratio": "Steps to relearn, retraining's are 1",
    "ulira_auc": "Attack by many seeds: unlearned or retrained?",
    "klom": "Divergence of many seeds' answers from retraining",
    "forgetting_quality_holdout": "Forgetting quality, held-out models",
    "confusion": "Planted test: faces taken for the other ages",
    "confusion_pull": "Planted test: pull towards the other ages",
    "patch_effect": "Planted test: years that the patch adds",
    "attribution_distance": "Distance of what carries the age to retraining",
    "planted_share": "Planted test: share of the attributions in the patch",
    "seconds": "Seconds",
    "seconds_ratio": "Seconds, retraining's are 1",
    "samples": "Faces shown",
    "samples_ratio": "Faces shown, retraining's are 1",
    "passes": "Passes over the training faces",
    "peak_memory_mb": "Most memory",
}


def metric_title(name: str, target: Target = AGE) -> str:
    """A number's title; of one without a title its description, and its name where the registry has none."""
    if name in TITLES:
        return target.told(TITLES[name])
    described = target.told(METRICS[name].description).partition(";")[0] if name in METRICS else name.replace("_", " ")
    return described[:1].upper() + described[1:]


def in_plain_words(sentence: str) -> str:
    """A sentence of the audit, whose lists of names in brackets become lists of titles; what is no name of a number stays."""

    def as_titles(match: re.Match) -> str:
        told = {name: metric_title(name) for name in METRICS}
        names = match[1].split(", ")
        if told.keys().isdisjoint(names):
            return match[0]
        return f"({'; '.join(told[name][:1].lower() + told[name][1:] if name in told else name for name in names)})"

    return re.sub(r"\(([^()]*)\)", as_titles, sentence)
