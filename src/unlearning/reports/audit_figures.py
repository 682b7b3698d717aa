"""AUDIT_FIGURES, the visible registry of an audit's figures: a figure is one function of the models' answers and a theme."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.figure import Figure

from unlearning.evaluation.audit.audit import Audit, Witnesses
from unlearning.evaluation.ground import NotKnownError
from unlearning.naming import by_name
from unlearning.reports.audit_charts import Answers, answers, attack, by_age, errors, face_by_face
from unlearning.reports.style import THEMES, Theme, styled, svg


@dataclass(frozen=True)
class AuditFigure:
    """A figure of an audit.

    Args:
        name: its name on the page.
        function: answers and theme -> figure, drawn within ``styled(theme)``. Raises NotKnownError with the reason where there
            is nothing to draw.
        caption: what to see in it.
        alt: what is drawn, for people who cannot see it.
    """

    name: str
    function: Callable[[Answers, Theme], Figure]
    caption: str
    alt: str


@dataclass(frozen=True)
class Drawn:
    """An audit's figures.

    Args:
        pictures: SVG texts by theme and name.
        missing: why a figure is not there, by name.
    """

    pictures: dict[str, dict[str, str]]
    missing: dict[str, str]


AUDIT_FIGURES = by_name(
    AuditFigure(
        "errors",
        errors,
        "How far each model's answers are off, in years: right of 0 it takes people for older than they are, left for younger. "
        "A version that has forgotten has the retrained model's shape, on the faces it was asked to forget and on those like "
        "them that no model ever saw. The outermost bars hold what lies beyond the scale.",
        "Histograms of the signed errors of original, retrained model and version on the forget set, and below on the test "
        "faces that the forget rule describes.",
    ),
    AuditFigure(
        "face_by_face",
        face_by_face,
        "f of every forgotten face, from the face that is least to the one that is most like retraining: 1 where version and "
        "retrained model err alike on this very face. Two models that were both trained without these faces do not reach 1 "
        "either: the dotted line is what can be reached.",
        "Curves of the sorted f of all forgotten faces for the original, another retrained model and the version.",
    ),
    AuditFigure(
        "attack",
        attack,
        "An attacker calls those faces known on which the model errs little. Up: how many of the forgotten training faces are "
        "found. Right: how many faces of the same ages, which no model ever saw, are taken for known by mistake. On the thin "
        "line the attacker might as well guess; AUC .5 is a guess, 1 finds everybody.",
        "Curves of true against false positive rates of the threshold attack on original, retrained model and version.",
    ),
    AuditFigure(
        "by_age",
        by_age,
        "The average error by age. On forgotten ages, which are shaded, a version that has forgotten errs as the retrained "
        "model does; on all others it should err no more than the original.",
        "Curves of the average absolute error by age of original, retrained model and version, on the forgotten faces and "
        "below on the test faces, with the forgotten ages shaded.",
    ),
)


def render_audit(audit: Audit, witnesses: Witnesses) -> Drawn:
    """Every figure that can be drawn, on every paper."""
    found = answers(audit, witnesses)
    pictures: dict[str, dict[str, str]] = {theme: {} for theme in THEMES}
    missing: dict[str, str] = {}
    for theme_name, theme in THEMES.items():
        with styled(theme):
            for figure in AUDIT_FIGURES.values():
                try:
                    pictures[theme_name][figure.name] = svg(figure.function(found, theme))
                except NotKnownError as reason:
                    missing[figure.name] = str(reason)
    return Drawn(pictures, missing)
