"""What a user decides about an experiment: what is compared, how it is trained, whom it forgets, and where it runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from unlearning.errors import InputError
from unlearning.experiments.plan import STUDIES
from unlearning.experiments.presets import PRESETS
from unlearning.experiments.spread import PROCESSES
from unlearning.naming import choose

BETWEEN_RULES = re.compile(r';(?=(?:[^"]*"[^"]*")*[^"]*$)')
NEEDS_QUOTES = re.compile(r"[\s&|!();]")


@dataclass(frozen=True)
class ExperimentSettings:
    """A run of one or more studies.

    Args:
        studies: names of STUDIES.
        preset: name of the experiments' PRESETS.
        forget_sets: rules that take the place of the studies' own forget sets; empty keeps those.
        data_dir: folder or table of faces; empty for drawn ones.
        pretrained: start from timm's weights.
        weights: start from a local file.
        seeds: other seeds than the preset's; empty keeps them.
        workers: cells that run at the same time.
        spread: name of SPREADS: where they run.
        name: registered models are called NAME-PRESET-seed-N.
    """

    studies: tuple[str, ...]
    preset: str = "demo"
    forget_sets: tuple[str, ...] = ()
    data_dir: str = ""
    pretrained: bool = False
    weights: str = ""
    seeds: tuple[int, ...] = ()
    workers: int = 1
    spread: str = PROCESSES
    name: str = "age-study"

    def __post_init__(self):
        from unlearning.experiments.spread import SPREADS

        for study in self.studies:
            choose(STUDIES, study, "study")
        choose(PRESETS, self.preset, "preset")
        choose(SPREADS, self.spread, "spread")


@dataclass(frozen=True)
class ReportSettings:
    """A report.

    Args:
        preset: whose experiments are reported; empty for the newest experiment's.
        out: folder to write the report to as well; empty for the run alone.
    """

    preset: str = ""
    out: str = ""

    def __post_init__(self):
        if self.preset:
            choose(PRESETS, self.preset, "preset")


def parse_forget_sets(text: str) -> tuple[str, ...]:
    """``random:50;file:list.csv`` -> its rules, each once; a relative list lies in the working directory.

    A list's path becomes absolute, because a cell may run elsewhere.

    Raises:
        InputError: no rule is there, one cannot be read, or one says ``hardest``, which means other faces in every seed.
    """
    from unlearning.data.rules import TOKEN, parse

    rules = [rule.strip() for rule in BETWEEN_RULES.split(text) if rule.strip()]
    if text and not rules:
        raise InputError(f"forget_sets={text!r} names no rule; legal: rules joined by semicolons, as random:50;file:list.csv")
    for rule in rules:
        parse(rule)
        if any((found[2] or "").startswith("hardest:") for found in TOKEN.finditer(rule)):
            raise InputError(
                f"forget_sets: {rule!r} means other faces for every seed's model, and an experiment compares seeds on the "
                f"same faces; draw them with random:50, or list them with file:list.csv"
            )
    return tuple(dict.fromkeys(TOKEN.sub(_with_whole_path, rule) for rule in rules))


def _with_whole_path(found: re.Match) -> str:
    kind, _, name = (found[2] or "").partition(":")
    name = name.replace('"', "")
    if kind != "file" or name.startswith("~"):
        return found[0]
    path = str(Path(name).resolve())
    return found[0].removesuffix(found[2]) + "file:" + (f'"{path}"' if NEEDS_QUOTES.search(path) else path)
