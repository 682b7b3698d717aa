"""What the figures of an audit show, read from the drawn shapes."""

import xml.etree.ElementTree as ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.patches import StepPatch

from reports.audits import MARK, audited, drawn_of
from unlearning.evaluation.ground import NotKnownError
from unlearning.reports.audit_charts import answers, versions
from unlearning.reports.audit_figures import AUDIT_FIGURES, render_audit
from unlearning.reports.style import THEMES, styled

LIGHT = THEMES["light"]
VERSION, ORIGINAL, RETRAINED = LIGHT.models[3], LIGHT.models[0], LIGHT.models[1]


def lines_of(axes, colour):
    return [line for line in axes.lines if line.get_color() == colour and len(line.get_xdata()) > 2]


def found_of(*of, **more):
    one = audited(*of, **more)
    return answers(one.audit, one.witnesses)


def draw(name, found):
    with styled(LIGHT):
        return AUDIT_FIGURES[name].function(found, LIGHT)


def row_of(one, metric):
    return next(row for row in one.audit.rows if row.metric == metric)


@pytest.mark.parametrize("theme", THEMES)
def test_every_figure_is_an_image_on_the_themes_paper(theme):
    drawn = drawn_of(audited())
    assert list(drawn.pictures[theme]) == list(AUDIT_FIGURES)
    assert not drawn.missing
    for picture in drawn.pictures[theme].values():
        assert ElementTree.fromstring(picture).tag.endswith("svg")
        assert THEMES[theme].paper in picture
        assert MARK not in picture


def test_the_same_audit_gives_the_same_bytes_whatever_the_user_prefers():
    one = audited()
    with matplotlib.rc_context({"font.size": 30.0}):
        assert render_audit(one.audit, one.witnesses) == drawn_of(one)


def test_the_histograms_hold_every_face_of_both_kinds():
    figure = draw("errors", found_of())
    assert len(figure.axes) == 2
    for axes in figure.axes:
        shapes = [patch.get_data() for patch in axes.patches if isinstance(patch, StepPatch)]
        assert len(shapes) == 4, "three outlines, and the retrained model's area"
        assert all(np.isclose(shape.values.sum(), 100) for shape in shapes)


def test_the_attack_has_the_audits_auc():
    one = audited()
    figure = draw("attack", found_of())
    told = [text.get_text() for text in figure.findobj(matplotlib.text.Text)]
    auc = row_of(one, "mia_auc")
    assert f"this version: AUC {auc.version:.2f}" in told
    assert f"original: AUC {auc.original:.2f}" in told
    (line,) = lines_of(figure.axes[0], VERSION)
    across, up = line.get_data()
    assert (across[0], up[0], across[-1], up[-1]) == (0, 0, 100, 100)
    assert np.trapezoid(up, across) / 1e4 == pytest.approx(auc.version, abs=0.02)


def test_the_mean_of_f_over_the_faces_is_forgetting():
    one = audited()
    (line,) = lines_of(draw("face_by_face", found_of()).axes[0], VERSION)
    assert np.all(np.diff(line.get_ydata()) >= 0)
    assert np.mean(line.get_ydata()) == pytest.approx(row_of(one, "Forgetting").version, abs=0.01)


def test_errors_by_age_shade_the_forgotten_ages_and_average_to_the_mae():
    one = audited()
    figure = draw("by_age", found_of())
    above, below = figure.axes
    (line,) = lines_of(above, VERSION)
    assert np.nanmean(line.get_ydata()) == pytest.approx(row_of(one, "forget_mae").version, abs=0.3)
    for axes in (above, below):
        (shade,) = [patch for patch in axes.patches if patch.get_zorder() == 0]
        assert (shade.get_x(), shade.get_x() + shade.get_width()) == (19.5, 28.5)


def test_people_drawn_at_random_shade_no_age_and_have_one_histogram():
    found = found_of("honest", rule="random:50")
    assert not [patch for patch in draw("by_age", found).axes[0].patches if patch.get_zorder() == 0]
    assert len(draw("errors", found).axes) == 1


@pytest.mark.parametrize(
    ("missing", "gone"),
    [
        (("original",), {}),
        (("second",), {}),
        (("retrained",), {"face_by_face": "no retrained model"}),
        (("retrained", "original", "second"), {"face_by_face": "no retrained model"}),
        (
            ("forget",),
            {
                "errors": "there is nobody: forget set",
                "face_by_face": "there is nobody: forget set",
                "attack": "0 pairs of forgotten training faces and test faces of the same ages; 10 are needed",
            },
        ),
    ],
)
def test_a_figure_without_its_models_says_why(missing, gone):
    drawn = drawn_of(audited("partly", missing))
    assert drawn.missing == gone
    assert all(set(pictures) == set(AUDIT_FIGURES) - set(gone) for pictures in drawn.pictures.values())


def test_versions_stand_below_each_other_with_one_scale():
    with styled(LIGHT):
        figure = versions({"one": found_of(), "two": found_of("exploded")}, LIGHT)
    first, second = figure.axes
    assert first.get_xlim() == second.get_xlim()
    assert first.get_title(loc="left") == "one"
    assert second.get_title(loc="right").startswith("average error 39.")


def test_versions_without_a_forget_set_cannot_be_drawn():
    with pytest.raises(NotKnownError):
        versions({"one": found_of("partly", ("forget",))}, LIGHT)
