"""What a user decides about an experiment: what is compared, how it is trained, whom it forgets, and where it runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from unlearning.commands import name_for
from unlearning.data.labels import CODES
from unlearning.declared import setting
from unlearning.errors import InputError
from unlearning.experiments.plan import STUDIES
from unlearning.experiments.presets import PRESETS
from unlearning.experiments.spread import PROCESSES, SPREADS
from unlearning.naming import choose
from unlearning.targets import AGE

BETWEEN_RULES = re.compile(r';(?=(?:[^"]*"[^"]*")*[^"]*$)')
NEEDS_QUOTES = re.compile(r"[\s&|!();]")
NAME = "age-study"
TARGETS = (AGE.name, *CODES)


@dataclass(frozen=True)
class ExperimentSettings:
    """A run of one or more studies.

    Args:
        studies: names of STUDIES.
        preset: how it is trained. {choices}.
        forget_sets: forget rules in place of the studies' own, joined by semicolons, as random:50;file:list.csv; empty
            keeps the studies'.
        data_dir: folder or table of faces; empty draws faces, as the demo does.
        target: what is predicted: {names}.
        pretrained: start from timm's pretrained weights, which timm downloads.
        weights: start from a local file instead: safetensors, or what timm saves.
        seeds: other seeds than the preset's, joined by commas.
        workers: cells that run at the same time.
        spread: where they run. {choices}. All machines of a cluster need one tracking server, and the faces at the same
            place.
        name: registered models are called NAME-PRESET-seed-N; the default is called by the target, as gender-study.
    """

    studies: tuple[str, ...] = setting(asked=False)
    preset: str = setting("demo", choices=PRESETS)
    forget_sets: tuple[str, ...] = ()
    data_dir: str = setting("", kind="path")
    target: str = setting(AGE.name, choices=TARGETS)
    pretrained: bool = False
    weights: str = ""
    seeds: tuple[int, ...] = setting((), least=0)
    workers: int = setting(1, least=1)
    spread: str = setting(PROCESSES, choices=SPREADS)
    name: str = setting(NAME, kind="model")

    def __post_init__(self):
        for study in self.studies:
            choose(STUDIES, study, "study")
        choose(PRESETS, self.preset, "preset")
        choose(SPREADS, self.spread, "spread")
        if self.target not in TARGETS:
            raise InputError(f"target={self.target!r} is not known to experiments; legal: {', '.join(TARGETS)}")
        if self.name == NAME:
            object.__setattr__(self, "name", name_for(self.target, NAME))


@dataclass(frozen=True)
class ReportSettings:
    """A report.

    Args:
        preset: whose experiments are reported: {names}; empty for the newest's.
        out: folder to write page, tables, figures and keyed predictions to as well; empty for the run alone.
        source: such a folder, from whose keyed predictions all of it is made again without the experiment, into out.
    """

    preset: str = setting("", choices=PRESETS)
    out: str = setting("", kind="path")
    source: str = setting("", kind="path")

    def __post_init__(self):
        if self.source and not self.out:
            raise InputError(f"source={self.source} needs a folder to write to, as -P out=again")
        if self.preset:
            choose(PRESETS, self.preset, "preset")


def parse_forget_sets(text: str) -> tuple[str, ...]:
    """``random:50;file:list.csv`` -> its rules, each once; a relative list lies in the working directory.

    A list's path becomes absolute, because a cell may run elsewhere.

    Raises:
        InputError: no rule is there, one cannot be read, or one says ``hardest``, which means other faces in every seed.
    """
    from unlearning.data.rules import TOKEN, names_hardest, parse

    rules = [rule.strip() for rule in BETWEEN_RULES.split(text) if rule.strip()]
    if text and not rules:
        raise InputError(f"forget_sets={text!r} names no rule; legal: rules joined by semicolons, as random:50;file:list.csv")
    for rule in rules:
        parse(rule)
        if names_hardest(rule):
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
