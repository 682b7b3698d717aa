"""Why our numbers differ from the study's: what the method explains, and what the measured numbers say themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from unlearning.experiments import published
from unlearning.experiments.plan import ORIGINAL, RETRAINED
from unlearning.experiments.presets import PRESETS
from unlearning.reports.model_looks import of
from unlearning.reports.study_tables import FIRST, Numbers
from unlearning.reports.study_words import as_printed, is_as_published, shown

NEAR = {"test_mae": 0.5, "Forgetting": 0.03, "Utility": 0.05, "F": 0.05}
MOST, SOME = 0.75, 0.25
OVERSHOOTS = "overshoots"
SPOKEN = {"test_mae": "test MAE"}
NOT_MEASURED = (
    "This experiment did not train RND on the published code's labels (study defect), so how much that defect explains is not "
    "measured here."
)
WEIGHTS = (
    "The study starts from a ResNet50 that had been trained on faces, whose weights are not at hand. Unless an experiment is "
    "given weights of one's own, its network has to learn faces from the training pictures."
)
BY_THE_TEXT = (
    "The study's text moves the age of every forgotten face by 3 to 6 years. Its published code divides all ages by 60 once "
    "too often and finds no forgotten face, so that every face is trained on an age of at most one year. Our RND "
    "follows the text; as_published=true reproduces the labels of the code."
)


@dataclass(frozen=True)
class Reason:
    """One reason, with a few words that name it."""

    title: str
    text: str


@dataclass(frozen=True)
class Closeness:
    """How far two of ours are from the published RND, on average over the epochs that all of them have.

    Args:
        metric: what is compared.
        defect: mean absolute difference of RND as published from the published numbers.
        text: the same of RND by the text; not a number when it was not run.
        beyond: does the defect move RND the way of the published numbers, but past them?
    """

    metric: str
    defect: float
    text: float
    beyond: bool = False

    @property
    def finding(self) -> str:
        """A verb for what the defect does to the published number; without RND by the text only how near it comes."""
        if np.isnan(self.text):
            return "comes close to" if self.defect <= NEAR[self.metric] else "does not come close to"
        if self.text <= NEAR[self.metric]:
            return "is not needed to explain"
        explained = 1 - self.defect / self.text
        if explained >= SOME:
            return "explains most of" if explained >= MOST else "explains part of"
        return OVERSHOOTS if self.beyond else "does not explain"


def reasons(numbers: Numbers) -> list[Reason]:
    """Reasons that hold for the experiment's preset, the measured ones with their numbers."""
    found = [
        Reason("No face-pretrained weights", WEIGHTS),
        Reason("Network and images", _network(numbers.results.preset)),
        Reason("Other faces", _faces(numbers.results.preset)),
        Reason("RND follows the text", BY_THE_TEXT),
    ]
    return [reason for reason in (*found, _errors(numbers), _within(numbers)) if reason]


def _network(preset: str) -> str:
    """What is trained here, and what in the study."""
    theirs = "the study trains a ResNet50 on pictures of 224 pixels"
    if preset not in PRESETS:
        return f"The preset {preset} was used; {theirs}."
    model = PRESETS[preset].model
    arch, side = model.get("arch", "resnet50"), model.get("image_size", 224)
    if (arch, side) == ("resnet50", 224):
        return f"Both are alike: {theirs}, and so does the preset {preset}."
    drawn = " Without a folder of faces this preset draws its own, which show nobody." if preset == "demo" else ""
    return f"The preset {preset} trains {arch} on pictures of {side} pixels; {theirs}.{drawn}"


def _faces(preset: str) -> str:
    """Which share of which faces."""
    theirs = "The study draws 30 % of UTKFace and leaves out poor pictures; which faces it kept is not known here."
    kept = f" The preset {preset} keeps {PRESETS[preset].data.fraction:.0%} of its faces." if preset in PRESETS else ""
    return f"{theirs}{kept} The faces, the limits of quality and the split are others, and so are the numbers."


def _errors(numbers: Numbers) -> Reason | None:
    """What our original and retrained models miss by, beside the study's; Utility is made of these."""
    table = numbers.tables.get("tables_4_to_7", pd.DataFrame(columns=["model", "metric", "ours"]))
    found = {model: of(table, model=model, metric="test_mae").ours for model in (ORIGINAL, RETRAINED)}
    if not all(len(values) for values in found.values()):
        return None
    original, retrained = (float(values.iloc[0]) for values in found.values())
    guess = of(numbers.scores, forget_set=FIRST).median_guess_mae.mean()
    theirs, again = published.ORIGINAL["test_mae"], published.RETRAINED["test_mae"]
    return Reason(
        "What retraining costs",
        f"On the test faces our original errs by {original:.2f} years and our retrained model by {retrained:.2f}; the study's "
        f"err by {theirs:.2f} and {again:.2f}. Always answering the median training age would err by {guess:.2f} here. "
        f"Retraining without {FIRST} thus changes the error by {_percent(retrained / original)} here and by "
        f"{_percent(again / theirs)} in the study, and Utility and F are measured against that.",
    )


def _percent(ratio: float) -> str:
    return f"{shown(100 * (ratio - 1), 0, sign=True)} %"


def _within(numbers: Numbers) -> Reason | None:
    """How many published numbers lie within the spread of our seeds."""
    names = [name for name in ("table_3", "tables_4_to_7", "table_8") if name in numbers.tables]
    rows = pd.concat([numbers.tables[name] for name in names]) if names else pd.DataFrame(columns=["difference", "sd"])
    both = rows[rows.difference.notna() & rows.sd.notna()]
    if not len(both):
        return None
    count = int((both.difference.abs() <= 2 * both.sd).sum())
    return Reason(
        "Chance",
        f"Of the {len(both)} numbers of tables 3 to 8 that stand on both sides, {count} differ by at most two standard "
        "deviations of our seeds. The study publishes no deviations of its own.",
    )


def defect_sentences(numbers: Numbers) -> list[str]:
    """Whether the published code's labels explain the published RND: a verdict first, then the numbers it rests on."""
    table = numbers.tables.get("defect")
    if table is None:
        return [NOT_MEASURED]
    found = [closeness(table, metric) for metric in NEAR if (table.metric == metric).any()]
    verdict = f"Measured here, the defect {_findings(found)} of RND."
    if OVERSHOOTS in verdict:
        verdict += " Overshooting is the same way, but too far: the defect alone does not give these numbers."
    caution = "Networks, faces and training differ, so that this is a likeness of numbers and no proof."
    return [f"{verdict} {caution}", *(_numbers_of(table, each) for each in found), *_beside_ft(table)]


def _findings(found: list[Closeness]) -> str:
    """What the defect does to which of the study's numbers, numbers with the same finding together."""
    grouped: dict[str, list[str]] = {}
    for each in found:
        grouped.setdefault(each.finding, []).append(SPOKEN.get(each.metric, each.metric))
    return _and([f"{finding} the study's {_and(names)}" for finding, names in grouped.items()])


def _and(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def closeness(table: pd.DataFrame, metric: str) -> Closeness:
    """Measure one metric of the table ``defect``."""
    own = of(table, metric=metric)
    defect, text = own[own.model.map(is_as_published)], of(own, model="rnd")
    shared = text[text.epochs.isin(defect.epochs)]
    if len(shared):
        defect = defect[defect.epochs.isin(shared.epochs)]
    gaps = float(defect.difference.abs().mean()), float(shared.difference.abs().mean())
    return Closeness(metric, *gaps, bool(defect.difference.mean() * shared.difference.mean() < 0))


def _numbers_of(table: pd.DataFrame, found: Closeness) -> str:
    own = of(table, metric=found.metric)
    defect, text = own[own.model.map(is_as_published)], of(own, model="rnd")
    form, unit = ("{:.2f}", " years") if found.metric == "test_mae" else ("{:.3f}", "")
    name = SPOKEN.get(found.metric, found.metric)
    sentence = (
        f"{name} after {_listed(defect.epochs, '{:.0f}')} epochs: the study's RND "
        f"{', '.join(map(as_printed, defect.published))}{unit}; ours as published {_listed(defect.ours, form)}{unit}, "
        f"on average {form.format(found.defect)} away"
    )
    by_text = f"; ours by the text {_listed(text.ours, form)}{unit}, on average {form.format(found.text)} away"
    return sentence[0].upper() + sentence[1:] + (by_text if np.isfinite(found.text) else "") + "."


def _listed(values: pd.Series, form: str) -> str:
    return ", ".join(form.format(value) for value in values)


def _beside_ft(table: pd.DataFrame) -> list[str]:
    """Errors of RND as multiples of FT's, which a better or worse network does not change as much."""
    own = of(table, metric="test_mae")
    defect, ft = own[own.model.map(is_as_published)].set_index("epochs"), of(own, model="ft").set_index("epochs")
    shared = [epochs for epochs in defect.index if epochs in ft.index and defect.index.is_unique]
    if not shared:
        return []
    ours, theirs = (defect.loc[shared, column] / ft.loc[shared, column] for column in ("ours", "published"))
    return [
        f"As multiples of FT's test MAE after {_listed(pd.Series(shared), '{:.0f}')} epochs: RND as published "
        f"{_listed(ours, '{:.1f}')}; in the study {_listed(theirs, '{:.1f}')}."
    ]
