"""Data written by hand, with the attributes that figures and page read, and experiments with drawn errors."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from browser import DRAWN
from reports.experiments import outcomes
from reports.reading import Page
from unlearning.data.settings import DataSettings
from unlearning.experiments.plan import EVERY, STUDIES, Arm
from unlearning.experiments.results import Results
from unlearning.reports import page as page_module
from unlearning.reports.page import render
from unlearning.reports.study_report import STUDY_FIGURES
from unlearning.reports.study_tables import numbers
from unlearning.reports.style import THEMES, svg
from unlearning.targets import AGE, Target

HAND = [
    ("train", 20, 0),
    ("train", 28, 3),
    ("train", 28, 0),
    ("train", 40, 2),
    ("validation", 24, 0),
    ("validation", 52, 0),
    ("test", 28, 0),
    ("test", 36, 0),
    ("test", 60, 0),
]
REASONS = [
    ("quality", "sharpness N is below N", 7),
    ("file", "the name is not [age]_[gender]_[race]_[timestamp].jpg", 2),
    ("age", "age N is outside N-N", 1234),
    ("quality", "contrast N is below N", 1),
]
OTHERS = (Arm("scrub", (5,)), Arm("ssd", (0,)), Arm("rnd", (8,)), Arm("ft", (8,)))


@pytest.fixture(scope="session", autouse=True)
def _letters_can_be_read():
    """No figure has smaller letters than pages can show."""

    def checked(figure):
        sizes = {text.get_text(): text.get_size() * 96 / 72 for text in figure.findobj(Text)}
        small = [text for text, size in sizes.items() if text and size < DRAWN - 0.1]
        assert not small, f"letters that are too small: {small}"
        return svg(figure)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page_module, "svg", checked)
        yield


@pytest.fixture(scope="module")
def page(text):
    """The page that a module is about."""
    return Page(text)


@dataclass(frozen=True)
class FakeData:
    manifest: pd.DataFrame
    rejected: pd.DataFrame
    reasons: pd.DataFrame
    stages: dict[str, np.ndarray]
    digest: str = "0123456789abcdef"
    target: Target = AGE


def _manifest(rows) -> pd.DataFrame:
    entries = []
    for number, (part, age, copies) in enumerate(rows):
        face = {"id": f"face{number}", "file": f"{age}_0_0_{number}.jpg", "age": age, "split": part, "copy_of": ""}
        entries += [face, *({**face, "id": f"{number}copy{k}", "copy_of": face["id"]} for k in range(copies))]
    table = pd.DataFrame(entries, columns=["id", "file", "age", "split", "copy_of"])
    spread = np.linspace(0, 1, len(table))
    measures = {"sharpness": 20 + 500 * spread, "brightness": 60 + 90 * spread, "contrast": 20 + 40 * spread}
    others = {"gender": -1, "race": -1, "subject": "Ann Example", "saturated": spread / 3, "smallest_side": 200}
    return table.assign(**measures, **others)


@pytest.fixture(scope="session")
def make_data():
    """Rows of (part, age, copies) and of (step, reason, count) -> data."""

    def make(rows=HAND, reasons=REASONS, stages=None):
        manifest = _manifest(rows)
        left_out = [(f"left-out-{step}.jpg", step, reason) for step, reason, count in reasons for _ in range(count)]
        rejected = pd.DataFrame(left_out, columns=["file", "step", "reason"])
        kept = manifest.age[manifest.copy_of == ""].to_numpy(np.int64)
        stages = {"all faces": np.concatenate([kept, [3, 90]]), "after the age filter": kept} if stages is None else stages
        return FakeData(manifest, rejected, pd.DataFrame(reasons, columns=["step", "reason", "count"]), stages)

    return make


@pytest.fixture(scope="session")
def settings():
    return DataSettings(data_dir="/home/ann/faces-of-ann", augment_to=3).as_dict()


@pytest.fixture(scope="session")
def make_results():
    """Names of studies (all by default), and more arms for 20-28 -> results of drawn errors."""

    def make(studies=tuple(STUDIES), more=None, seeds=3, faces=240, preset="small"):
        plan: dict[str, dict[str, set]] = {}
        for study in (STUDIES[name] for name in studies):
            arms = [arm for arm in study.arms if arm.method != EVERY] or OTHERS
            for rule, arm in ((rule, arm) for rule in study.forget_sets for arm in arms):
                plan.setdefault(rule, {}).setdefault(f"{arm.method} {arm.params}".strip(), set()).update(arm.epochs)
        for arm, milestones in (more or {}).items():
            plan.setdefault("20-28", {})[arm] = set(milestones)
        found = [each for rule, arms in plan.items() for each in outcomes(rule, arms, seeds, faces)]
        return Results(preset, "0123456789abcdef", tuple(found))

    return make


@pytest.fixture(scope="session")
def results(make_results):
    """Everything that the plan has."""
    return make_results()


@pytest.fixture(scope="session")
def known(results):
    """Everything that the plan has, measured."""
    return numbers(results)


@pytest.fixture(scope="session")
def drawn_study(known):
    """Every figure of it on both papers."""
    return {theme: render(STUDY_FIGURES, theme, known) for theme in THEMES}
