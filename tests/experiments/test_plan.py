"""Experiments as lists of cells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unlearning.experiments.plan import ORIGINAL, RETRAINED, STUDIES, UNLEARNED, Cell, cells
from unlearning.experiments.presets import PRESETS
from unlearning.methods import METHODS
from unlearning.methods.params import make_method

CHOICES = st.lists(st.sampled_from(list(STUDIES.values())), min_size=1, unique=True)


@given(CHOICES, st.integers(1, 3))
def test_every_cell_finds_what_it_starts_from(studies, seeds):
    made = set()
    for cell in cells(studies, tuple(range(seeds)), {}, METHODS):
        if cell.role == RETRAINED:
            assert (ORIGINAL, cell.seed, "", cell.scheme) in made
        if cell.role == UNLEARNED:
            assert (RETRAINED, cell.seed, cell.forget_set, cell.scheme) in made
            assert (RETRAINED, cell.seed, cell.forget_set, "") in made
        made.add((cell.role, cell.seed, cell.forget_set, cell.scheme))


@given(CHOICES)
def test_no_cell_is_run_twice_and_all_milestones_of_a_method_are_one_run(studies):
    plan = cells(studies, (0,), {}, METHODS)
    runs = [(cell.forget_set, cell.method, cell.params) for cell in plan if cell.role == UNLEARNED]
    assert len(plan) == len(set(plan))
    assert len(runs) == len(set(runs))
    assert len(cells(studies * 2, (0,), {}, METHODS)) == len(plan)


def test_experiments_1_to_3_are_15_cells_a_seed():
    """An original, five references, FT and RND on five groups, and no second run for 2, 4 and 16 epochs on the first."""
    plan = cells([STUDIES["alpha"], STUDIES["epochs"], STUDIES["forget_set"]], (0,), {}, METHODS)
    assert [sum(cell.role == role for cell in plan) for role in (ORIGINAL, RETRAINED, UNLEARNED)] == [1, 5, 10]
    assert Cell(0, UNLEARNED, "20-28", "ft", "", (2, 4, 8, 16)) in plan
    assert Cell(0, UNLEARNED, "52-60", "rnd", "", (2,)) in plan


def test_a_studys_settings_are_added_to_the_presets():
    plan = [c for c in cells([STUDIES["defect"]], (0,), {"rnd": "lr=1e-5"}, METHODS) if c.role == UNLEARNED]
    assert [cell.params for cell in plan] == ["lr=1e-5 as_published=clipped", "lr=1e-5 as_published=divided"]
    assert plan[0].title == "rnd lr=1e-5 as_published=clipped 20-28, 2,4,8,16 epochs"


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_every_cell_names_a_method_and_settings_that_there_are(preset):
    for cell in cells(list(STUDIES.values()), preset.seeds, preset.params, METHODS):
        if cell.method:
            make_method(METHODS[cell.method], cell.params)


def test_the_study_of_methods_asks_each_for_its_own_passes_and_a_scheme_for_its_own_original_at_defaults():
    methods = {name: METHODS[name] for name in ("ft", "ssd", "sisa")}
    plan = cells([STUDIES["methods"]], (0,), {}, methods)
    of_group = [cell for cell in plan if cell.role == UNLEARNED and cell.forget_set == "20-28"]
    expected = [("ft", (8,), ""), ("ssd", (), ""), ("sisa", (), "sisa")]
    assert [(cell.method, cell.epochs, cell.scheme) for cell in of_group] == expected
    assert [(cell.role, cell.scheme) for cell in plan[:2]] == [(ORIGINAL, ""), (ORIGINAL, "sisa")]
    assert Cell(0, RETRAINED, "20-28", scheme="sisa") in plan
    plan = cells([STUDIES["methods"], STUDIES["alpha"]], (0,), {"ft": "lr=1e-5"}, METHODS)
    assert {cell.params for cell in plan if (cell.method, cell.forget_set) == ("ft", "20-28")} == {"", "lr=1e-5"}
