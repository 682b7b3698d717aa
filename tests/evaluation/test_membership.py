"""Who the attacks judge, and that they find what is there and nothing else."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import mannwhitneyu

from evaluation.worlds import world
from forgetting import forget_set
from unlearning.evaluation.case import Case
from unlearning.evaluation.ground import FEWEST, Comparison, NotKnownError, Witness, comparison_of, ground_of
from unlearning.evaluation.metric import MEMORY
from unlearning.evaluation.numbers import membership
from unlearning.evaluation.registry import METRICS

ATTACKS = [name for name, metric in METRICS.items() if metric.kind == MEMORY and name.startswith(("mia", "unseen"))]
GUESSES = {name: METRICS[name].target for name in ATTACKS if METRICS[name].target is not None}
WORLD = world(4000)


def case_of(faces, version, **more) -> Case:
    return Case(version, forget=faces.forget, about=faces.faces, **more)


def compared(faces, version, resamples=0, seed=0) -> Comparison:
    ground = ground_of(case_of(faces, version), resamples, seed)
    return Comparison(Witness("version", ground, version.predicted.to_numpy()[ground.order]))


def number(name: str, comparison: Comparison) -> float:
    return float(METRICS[name].function(comparison)[0])


def test_members_are_forgotten_training_faces_and_non_members_test_faces_of_the_same_ages():
    ground = ground_of(case_of(WORLD, WORLD.model(True, 1)))
    faces = WORLD.faces.iloc[ground.order]
    members, others = faces.iloc[ground.pairs.members], faces.iloc[ground.pairs.others]
    assert set(members.split) == {"train"}
    assert set(members.id) <= set(WORLD.forget.ids)
    assert set(others.split) == {"test"}
    assert members.age.tolist() == others.age.tolist()


def with_copies(faces):
    """Every training face has two augmented copies."""
    train = faces.faces[faces.faces.split == "train"]
    copies = [train.assign(id=train.id + f"-{n}", copy_of=train.id) for n in (1, 2)]
    table = pd.concat([faces.faces, *copies], ignore_index=True)
    return replace(
        faces, faces=table, forget=forget_set("20-28", table.assign(near=table.copy_of.where(table.copy_of != "", table.id)))
    )


def test_copies_are_drawn_with_their_face():
    copied = with_copies(WORLD)
    ground = ground_of(case_of(copied, copied.model(True, 1)), 5)
    table = copied.faces.iloc[ground.order]
    source = table.copy_of.where(table.copy_of != "", table.id)
    assert pd.Series(ground.blocks.of_row).groupby(source.to_numpy()).nunique().max() == 1


def test_near_copies_are_drawn_together_where_the_manifest_names_them():
    faces = WORLD.faces.assign(near=[f"group-{n // 2}" for n in range(len(WORLD.faces))])
    case = replace(case_of(WORLD, WORLD.model(True, 1)), about=faces)
    ground = ground_of(case, 5)
    assert pd.Series(ground.blocks.of_row).groupby(faces.near.iloc[ground.order].to_numpy()).nunique().max() == 1


def test_for_single_people_any_test_faces_of_the_same_ages_are_the_non_members():
    people = world(4000, "random:80")
    ground = compared(people, people.model(True, 1)).ground
    assert np.array_equal(ground.unseen, np.sort(ground.rows["test"]))
    assert len(ground.pairs) > 40
    assert np.array_equal(ground.ages[ground.pairs.members], ground.ages[ground.pairs.others])


def test_a_rule_that_describes_test_faces_keeps_to_them():
    women = world(4000, "gender:1")
    ground = compared(women, women.model(True, 1)).ground
    assert ground.described
    assert (women.faces.gender.to_numpy()[ground.order][ground.pairs.others] == 1).all()


def test_too_few_people_are_not_attacked():
    people = world(4000, f"random:{FEWEST - 1}")
    with pytest.raises(NotKnownError, match=f"pairs of forgotten training faces and test faces of the same ages; {FEWEST}"):
        membership.by_error(compared(people, people.model(True, 1)))


def test_pairs_of_one_photograph_are_one_pair():
    for split in ("train", "test"):
        near = WORLD.faces.id.mask(WORLD.faces.split == split, "one")
        ground = ground_of(replace(case_of(WORLD, WORLD.model(True, 1)), about=WORLD.faces.assign(near=near)))
        with pytest.raises(NotKnownError, match=r"^1 pair of forgotten training faces"):
            ground.pairs  # noqa: B018


def test_the_auc_is_scipy_s_on_the_pairs():
    comparison = compared(WORLD, WORLD.model(True, 1))
    pairs = comparison.ground.pairs
    errors = [np.abs(comparison.subject.errors(rows)) for rows in (pairs.others, pairs.members)]
    assert number("mia_auc", comparison) == pytest.approx(mannwhitneyu(*errors).statistic / len(pairs) ** 2, abs=1e-9)


@pytest.fixture(scope="module")
def nothing_to_find():
    """Attacks on models that saw neither kind of face, in 12 worlds, with 200 resamples each: the number, and its interval."""
    found = {name: [] for name in GUESSES}
    for seed in range(12):
        people = world(900, "random:200", seed=seed)
        comparison = compared(people, people.model(False, seed), 200, seed)
        for name, values in found.items():
            drawn = METRICS[name].function(comparison)
            values.append((drawn[0], *np.quantile(drawn[1:], [0.025, 0.975])))
    return {name: np.array(values) for name, values in found.items()}


@pytest.mark.parametrize("name", GUESSES)
def test_the_interval_holds_a_guess_when_nobody_was_trained_on(nothing_to_find, name):
    values, low, high = nothing_to_find[name].T
    assert np.mean((low <= GUESSES[name]) & (GUESSES[name] <= high)) >= 0.75, "95 % of 12 intervals, but for chance"
    assert np.all((low <= values + 1e-9) & (values <= high + 1e-9))


def test_the_gap_is_the_distance_of_two_aucs():
    original, retrained = WORLD.model(True, 1), WORLD.model(False, 2)
    both = [number("mia_auc", compared(WORLD, version)) for version in (original, retrained)]
    found = number("mia_gap", comparison_of(case_of(WORLD, original, retrained=retrained)))
    assert found == pytest.approx(abs(both[0] - both[1]))
