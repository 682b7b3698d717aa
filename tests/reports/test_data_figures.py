"""What the figures of the data show, read from the drawn shapes."""

import matplotlib
import numpy as np
import pytest
from matplotlib.patches import StepPatch

from reports.reading import assert_pictures, contrast, draw, texts_of
from unlearning.reports.data_figures import FIGURES
from unlearning.reports.page import render
from unlearning.reports.style import THEMES

NO_NUMBERS = np.array([], dtype=np.int64)
EDGES = {
    "no copies": {"rows": [("train", 30, 0), ("validation", 30, 0), ("test", 31, 0)]},
    "nothing left out": {"reasons": []},
    "a single age": {"rows": [(part, 26, 0) for part in ("train", "train", "train", "validation", "test")]},
    "ages outside the groups": {"rows": [("train", 0, 1), ("train", 116, 0), ("validation", 19, 0), ("test", 61, 0)]},
    "a part without faces": {"rows": [("train", 25, 2)]},
    "no face at all": {"rows": [], "stages": {"all faces": NO_NUMBERS, "after the age filter": NO_NUMBERS}},
    "no step at all": {"stages": {}},
    "an unknown step": {"reasons": [("a new step", "a new reason", 3)]},
    "formulas": {"reasons": [("file", r"cost $x_{$ \frac -- &<b> N", 3)]},
    "unknown letters": {"reasons": [("file", "\U0001f9d1 \u7537 \x00 line\nline", 3)]},
    "a long reason": {"reasons": [("file", "word " * 500, 3)]},
}


def heights(axes, label):
    """Heights of the bars of all containers with a label, from left to right."""
    bars = [bar for container in axes.containers if container.get_label() == label for bar in container]
    return [bar.get_height() for bar in sorted(bars, key=lambda bar: bar.get_x())]


def steps(axes):
    """Counts by age of each histogram in the axes, ages without faces left out."""
    shapes = [patch.get_data() for patch in axes.patches if isinstance(patch, StepPatch)]
    tops = [(shape.edges[:-1] + 0.5, shape.values - shape.baseline) for shape in shapes]
    return [{int(age): int(count) for age, count in zip(*top, strict=True) if count} for top in tops]


@pytest.mark.parametrize("theme", THEMES)
def test_every_figure_is_an_image_on_the_themes_paper(make_data, settings, theme):
    assert_pictures(render(FIGURES, theme, make_data(), settings), FIGURES, theme)


@pytest.mark.parametrize("case", EDGES)
def test_every_figure_stands_unusual_data(make_data, settings, case):
    assert_pictures(render(FIGURES, "light", make_data(**EDGES[case]), settings), FIGURES, "light")


@pytest.mark.parametrize("unusual", [{"min_sharpness": 0.0, "min_side": 0}, None], ids=["off", "unknown"])
@pytest.mark.parametrize("sharpness", [np.nan, 0.0])
def test_thresholds_and_measures_that_nobody_took_are_no_error(make_data, settings, unusual, sharpness):
    data = make_data()
    data.manifest["sharpness"] = sharpness
    draw(FIGURES, "quality", data, {} if unusual is None else settings | unusual)


def test_the_same_data_gives_the_same_bytes_whatever_the_user_prefers_and_leaves_matplotlib_as_it_was(make_data, settings):
    first, before = render(FIGURES, "dark", make_data(), settings), dict(matplotlib.rcParams)
    with matplotlib.rc_context({"font.size": 30, "axes.grid": False, "svg.hashsalt": "mine"}):
        assert render(FIGURES, "dark", make_data(), settings) == first
    assert dict(matplotlib.rcParams) == before


def test_groups_count_both_ends_and_copies_apart(make_data, settings):
    axes = draw(FIGURES, "groups", make_data(), settings).axes[0]
    # from left to right: train, validation, test in 20-28; 28-36; 36-44; 44-52; 52-60
    assert heights(axes, "faces") == [3, 1, 1, 2, 0, 2, 1, 0, 1, 0, 1, 0, 0, 1, 1]
    assert heights(axes, "copies") == [3, 3, 2, 0, 0]
    assert [(bar.get_x(), bar.get_y()) for bar in axes.containers[1]] == [
        (bar.get_x(), bar.get_height()) for bar in axes.containers[0]
    ]
    figure = draw(FIGURES, "groups", make_data([("train", 61, 1), ("train", 30, 0)]), settings)
    assert "In no group, because of other ages: 2 faces, copies included." in texts_of(figure)


def test_split_shares_are_of_real_faces_and_bars_count_copies_apart(make_data, settings):
    figure = draw(FIGURES, "split", make_data(), settings)
    assert {"train\n44.4%", "validation\n22.2%", "test\n33.3%"} <= texts_of(figure)
    assert heights(figure.axes[1], "faces") == [4, 2, 3]
    assert heights(figure.axes[1], "copies") == [5, 0, 0]


def test_augmentation_stacks_copies_on_the_training_faces(make_data, settings):
    assert steps(draw(FIGURES, "augmentation", make_data(), settings).axes[0]) == [{20: 1, 28: 2, 40: 1}, {28: 3, 40: 2}]
    figure = draw(FIGURES, "augmentation", make_data([("train", 30, 0), ("test", 30, 0)]), settings)
    assert "No copies were made: the training part has its 1 real face." in texts_of(figure)
    assert steps(figure.axes[0]) == [{30: 1}]


def test_parts_by_age_have_one_scale(make_data, settings):
    panels = draw(FIGURES, "parts_by_age", make_data(), settings).axes
    assert [steps(axes) for axes in panels] == [
        [{20: 1, 28: 2, 40: 1}, {28: 3, 40: 2}],
        [{24: 1, 52: 1}],
        [{28: 1, 36: 1, 60: 1}],
    ]
    assert len({(axes.get_xlim(), axes.get_ylim()) for axes in panels}) == 1


def test_ages_by_step_show_every_step_on_one_scale_of_years(make_data, settings):
    figure = draw(FIGURES, "ages_by_step", make_data(), settings)
    assert steps(figure.axes[0]) == [{3: 1, 20: 1, 24: 1, 28: 3, 36: 1, 40: 1, 52: 1, 60: 1, 90: 1}]
    assert {"11 faces", "9 faces (\N{MINUS SIGN}2)"} <= texts_of(figure)
    assert len({axes.get_xlim() for axes in figure.axes}) == 1


def test_a_step_that_left_nothing_out_is_counted_and_not_drawn_again(make_data, settings):
    ages = np.array([20.0, 30.0, 40.0])
    stages = {
        "all faces": ages,
        "without duplicates": ages,
        "after the age filter": ages[1:],
        "after the quality filter": ages[1:],
    }
    figure = draw(FIGURES, "ages_by_step", make_data(stages=stages), settings)
    assert [axes.get_title("left") for axes in figure.axes] == ["all faces", "after the age filter"]
    assert "2 further steps left no face out" in texts_of(figure)


def test_rejected_bars_are_as_long_as_the_counts_in_the_order_of_the_steps(make_data, settings):
    figure = draw(FIGURES, "rejected", make_data(), settings)
    assert [bar.get_width() for bar in figure.axes[0].patches] == [2, 1234, 7, 1]
    assert {"1,234", "age filter: 1,234 files", "quality filter: 8 files"} <= texts_of(figure)
    # of many reasons the rare ones stand as one bar
    reasons = [("file", f"reason {letter}", 100 - place) for place, letter in enumerate("abcdefghij")]
    figure = draw(FIGURES, "rejected", make_data(reasons=reasons), settings)
    assert [bar.get_width() for bar in figure.axes[0].patches] == [100, 99, 98, 97, 96, 95 + 94 + 93 + 92 + 91]


def test_quality_draws_the_thresholds_of_the_settings_and_real_faces_only(make_data, settings):
    figure = draw(FIGURES, "quality", make_data(), settings | {"max_brightness": 222.0})
    lines = [[line.get_xdata()[0] for line in axes.lines] for axes in figure.axes]
    assert lines == [[15.0], [30.0, 222.0], [15.0], [0.5], [48]]
    assert [sum(axes.patches[0].get_data().values) for axes in figure.axes] == [9] * 5


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_texts_can_be_read_on_their_paper(theme):
    for colour in (theme.ink, theme.muted, theme.limit, *theme.steps):
        assert contrast(colour, theme.paper) >= 4.5, colour
