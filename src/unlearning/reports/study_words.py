"""How numbers and models are written for people, on the page and in tables of text."""

from __future__ import annotations

import math

from unlearning.evaluation.metrics import METRICS
from unlearning.experiments.plan import ORIGINAL, RETRAINED

NONE = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
NAMES = {ORIGINAL: "original", RETRAINED: "retrained", "ft": "FT", "rnd": "RND"}
AS_PUBLISHED = "as_published=true"
METRIC_NAMES = {"test_mae": "test MAE (years)", "forget_mae": "forget MAE (years)"}


def is_as_published(arm: str) -> bool:
    """Is it RND with the labels of the study's published code?"""
    return arm.startswith("rnd") and AS_PUBLISHED in arm.split()


def model_name(arm: str) -> str:
    """``FT`` for ft, ``RND as published`` for rnd with the published code's labels; any other arm by its own name."""
    if is_as_published(arm):
        return " ".join(["RND as published", *(word for word in arm.split()[1:] if word != AS_PUBLISHED)])
    return NAMES.get(arm, arm)


def metric_name(metric: str) -> str:
    """A metric with its unit."""
    unit = METRICS[metric].unit if metric in METRICS else ""
    return METRIC_NAMES.get(metric, metric + (f" ({unit})" if unit else ""))


def digits(metric: str) -> int:
    """Decimals worth telling: hundredths of a year, tenths of a second, thousandths of a ratio."""
    unit = METRICS[metric].unit if metric in METRICS else ""
    return {"years": 2, "seconds": 1}.get(unit, 3)


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
