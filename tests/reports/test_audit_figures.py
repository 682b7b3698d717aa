"""What the figures of an audit show, read from the drawn shapes."""

import numpy as np
import pytest
from matplotlib.patches import StepPatch

from reports.audits import MARK, audited, drawn
from reports.reading import assert_pictures, draw, texts_of
from unlearning.evaluation.ground import NotKnownError
from unlearning.reports.audit_figures import AUDIT_FIGURES, answers_of, versions
from unlearning.reports.style import THEMES

VERSION = THEMES["light"].models[3]


def answers(*of, **more):
    one = audited(*of, **more)
    return answers_of(one.audit, one.case)


def line_of_the_version(axes):
    (line,) = [line for line in axes.lines if line.get_color() == VERSION and len(line.get_xdata()) > 2]
    return line.get_data()


def shades(axes):
    return [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches if patch.get_zorder() == 0]


@pytest.mark.parametrize("theme", THEMES)
def test_every_figure_is_an_image_on_the_themes_paper_and_names_no_face(theme):
    assert not drawn().missing
    assert_pictures(drawn().pictures[theme], AUDIT_FIGURES, theme, MARK)


def test_the_histograms_hold_every_face_of_both_kinds():
    figure = draw(AUDIT_FIGURES, "errors", answers())
    assert len(figure.axes) == 2
    for axes in figure.axes:
        shapes = [patch.get_data() for patch in axes.patches if isinstance(patch, StepPatch)]
        assert len(shapes) == 4, "three outlines, and the retrained model's area"
        assert all(np.isclose(shape.values.sum(), 100) for shape in shapes)


def test_the_attack_has_the_audits_auc():
    figure, auc = draw(AUDIT_FIGURES, "attack", answers()), audited().row("mia_auc")
    assert {f"this version: AUC {auc.version:.2f}", f"original: AUC {auc.original:.2f}"} <= texts_of(figure)
    across, up = line_of_the_version(figure.axes[0])
    assert (across[0], up[0], across[-1], up[-1]) == (0, 0, 100, 100)
    assert np.trapezoid(up, across) / 1e4 == pytest.approx(auc.version, abs=0.02)


def test_the_mean_of_f_over_the_faces_is_forgetting():
    _, scores = line_of_the_version(draw(AUDIT_FIGURES, "face_by_face", answers()).axes[0])
    assert np.all(np.diff(scores) >= 0)
    assert np.mean(scores) == pytest.approx(audited().row("Forgetting").version, abs=0.01)


def test_errors_by_age_shade_the_forgotten_ages_and_average_to_the_mae():
    figure = draw(AUDIT_FIGURES, "by_age", answers())
    _, errors = line_of_the_version(figure.axes[0])
    assert np.nanmean(errors) == pytest.approx(audited().row("forget_mae").version, abs=0.3)
    assert [shades(axes) for axes in figure.axes] == [[(19.5, 28.5)]] * 2


def test_pictures_drawn_at_random_shade_no_age_and_have_one_histogram():
    several = answers("honest", rule="random:50")
    assert not shades(draw(AUDIT_FIGURES, "by_age", several).axes[0])
    assert len(draw(AUDIT_FIGURES, "errors", several).axes) == 1


@pytest.mark.parametrize(
    ("missing", "gone"),
    [
        (("original",), set()),
        (("retrained", "original", "second"), {"face_by_face"}),
        (("forget",), {"errors", "face_by_face", "attack"}),
    ],
)
def test_a_figure_without_its_models_says_why(missing, gone):
    made = drawn("partly", missing)
    assert set(made.missing) == gone
    assert all(made.missing.values())
    assert all(set(pictures) == set(AUDIT_FIGURES) - gone for pictures in made.pictures.values())


def test_versions_stand_below_each_other_with_one_scale():
    first, second = draw({"errors": versions}, "errors", {"one": answers(), "two": answers("exploded")}).axes
    assert first.get_xlim() == second.get_xlim()
    assert first.get_title(loc="left") == "one"
    assert second.get_title(loc="right").startswith("average error 39.")
    with pytest.raises(NotKnownError):
        versions({"one": answers("partly", ("forget",))}, THEMES["light"])
