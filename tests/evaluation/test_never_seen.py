"""Models whose past is known: the test tells who saw the faces, is right about how often it errs, and measures what is left."""

import numpy as np
import pandas as pd
import pytest

from unlearning.errors import InputError
from unlearning.evaluation.never_seen import NeverSeen
from unlearning.targets.classes import Classes

FACES, SEEDS = 1500, 3


@pytest.fixture(scope="module")
def shown():
    """Faces whose age shows only in part, beside them models that never saw them, and the age that shows."""
    random = np.random.default_rng(0)
    ages = random.integers(20, 61, FACES).astype(float)
    shown = 40 + 0.5 * (ages - 40) + random.normal(0, 5, FACES)
    splits = np.where(np.arange(FACES) % 5 == 0, "test", "train")
    table = pd.DataFrame({"id": [f"f{i}" for i in range(FACES)], "split": splits, "age": ages, "fold": 0})
    for seed in range(SEEDS):
        table[f"seed_{seed}"] = shown + random.normal(0, 1.5, FACES)
    return table, shown


@pytest.fixture
def world(shown):
    """The same, and random numbers of the test's own."""
    return *shown, np.random.default_rng(1)


def model(world, memory: float, ids=None, bias: float = 0.0, noise: float = 1.5) -> pd.DataFrame:
    """A model that remembers trained faces (or those named) by a share of the way to their age, and is off by ``bias``."""
    table, shown, random = world
    seen = (table.split == "train") if ids is None else table.id.isin(ids)
    predicted = shown + random.normal(0, noise, FACES) + bias + memory * seen * (table.age - shown)
    return table[["id", "split", "age"]].assign(predicted=predicted)


def groups(world, size: int, count: int):
    table = world[0]
    trained = table.id[table.split == "train"].to_numpy()
    return [world[2].choice(trained, size, replace=False) for _ in range(count)]


@pytest.mark.parametrize("size", [1, 50])
def test_false_alarms_and_noticed_memories_are_as_often_as_said(world, size):
    judge, original = NeverSeen(world[0]), model(world, 0.3)
    clean = [judge.judge(model(world, 0.0), original, ids) for ids in groups(world, size, 60)]
    seen = [judge.judge(model(world, 0.3), original, ids) for ids in groups(world, size, 60)]
    assert np.mean([one.p < 0.05 for one in clean]) < 0.2  # at a rate of .075: twelve of 60 in one of 500 such tests
    assert np.mean([one.p < 0.05 for one in seen]) == pytest.approx(np.mean([one.power for one in seen]), abs=0.2)


def test_more_faces_tell_more(world):
    judge, original = NeverSeen(world[0]), model(world, 0.3)
    powers = [judge.judge(original, original, groups(world, size, 1)[0]).power for size in (1, 5, 50)]
    assert powers == sorted(powers)
    assert judge.judge(original, original, groups(world, 50, 1)[0]).sentence.startswith(
        "not consistent with never seen (p = 0.0"
    )
    assert powers[-1] > 0.9


@pytest.mark.parametrize("memory", [0.0, 0.15, 0.3])
def test_the_memory_that_is_left_is_a_share_of_the_original_s(world, memory):
    judge, original = NeverSeen(world[0]), model(world, 0.3)
    [ids] = groups(world, 200, 1)
    said = judge.judge(model(world, memory), original, ids)
    assert said.memory_left == pytest.approx(memory / 0.3, abs=0.15)
    assert said.interval[0] < memory / 0.3 < said.interval[1]


def test_of_an_original_that_shows_no_memory_no_share_is_left(world):
    [ids] = groups(world, 50, 1)
    said = NeverSeen(world[0]).judge(model(world, 0.0), model(world, -0.3), ids)
    assert np.isnan([said.memory_left, *said.interval]).all()
    assert 0 < said.p <= 1


def test_a_model_that_is_off_as_a_whole_is_not_taken_for_one_that_remembers(world):
    judge, original = NeverSeen(world[0]), model(world, 0.3)
    [ids] = groups(world, 100, 1)
    assert judge.judge(model(world, 0.0, bias=6.0), original, ids).p > 0.05


def test_a_model_that_scatters_more_than_one_seed_raises_no_more_alarms(world):
    judge, original = NeverSeen(world[0]), model(world, 0.3)
    clean = [judge.judge(model(world, 0.0, noise=4.0), original, ids).p for ids in groups(world, 50, 60)]
    assert (
        np.mean(np.array(clean) < 0.05) < 0.2
    )  # at a rate of .075, as measured on faces, twelve of 60 in one of 500 such tests


def test_a_group_of_one_age_is_judged_by_the_few_strangers_of_that_age(world):
    """They are fewer than a thousand draws make them look, so their mean errs about as much as the group's."""
    table, judge, original = world[0], NeverSeen(world[0]), model(world, 0.3)
    of_an_age = table.id[(table.split == "train") & table.age.between(40, 42)].to_numpy()
    clean = [judge.judge(model(world, 0.0), original, world[2].choice(of_an_age, 12, replace=False)).p for _ in range(60)]
    assert np.mean(np.array(clean) < 0.05) < 0.2


def test_whether_a_group_can_be_judged_does_not_depend_on_the_order_of_the_rows(world):
    """A third of the faces of one age, which stand one after the other or anywhere."""
    table, original = world[0].assign(age=world[0].age.where(~world[0].age.between(30, 34), 32.0)), model(world, 0.3)
    of_an_age = table.id[(table.split == "train") & (table.age == 32)].to_numpy()
    for rows in (table, table.sample(frac=1, random_state=0)):
        assert NeverSeen(rows).judge(original, original, of_an_age[: len(of_an_age) // 3]).faces == len(of_an_age) // 3
        with pytest.raises(InputError, match="too many of one age"):
            NeverSeen(rows).judge(original, original, of_an_age[: len(of_an_age) // 2 + 5])


def test_no_class_stands_for_another_and_of_a_rare_one_nothing_is_said(world):
    said = world[0].filter(like="seed_") / 100
    label = np.select([np.arange(FACES) % 50 < 5, np.arange(FACES) % 2 == 0], [1, 0], 2)
    table, breeds = world[0].drop(columns="age").assign(label=label, **said), Classes("breed", ("a", "b", "c"))
    answers = table[["id", "split", "label"]].assign(predicted=said.mean(axis=1))
    test, train = (np.flatnonzero((table.split == split) & (label == 1)) for split in ("test", "train"))
    judge = NeverSeen(table, target=breeds)
    assert set(label[judge._alike(train[:3], judge.strangers, 60, np.random.default_rng(0))].ravel()) == {1}
    assert judge.judge(answers, None, table.id[train[:3]]).faces == 3
    with pytest.raises(InputError, match="one of their classes has 19 other training or test faces, and 20 of each"):
        NeverSeen(table.drop(index=test[19:]), target=breeds).judge(answers, None, table.id[train[:3]])


def test_faces_that_nobody_was_trained_on_say_nothing(world):
    table = world[0]
    with pytest.raises(InputError, match="none of these faces was trained on"):
        NeverSeen(table).judge(model(world, 0.0), model(world, 0.3), table.id[table.split == "test"])


def test_without_the_original_it_is_still_told_whether_the_faces_were_seen_and_nothing_of_how_sure_that_is(world):
    (ids,) = groups(world, 50, 1)
    alone, beside = (NeverSeen(world[0]).judge(model(world, 0.3), original, ids) for original in (None, model(world, 0.3)))
    assert alone.p < 0.05
    assert np.isnan([alone.power, alone.memory_left, *alone.interval, alone.auc]).all()
    assert beside.power > 0.9
    assert "is not known without the original" in alone.sentence
