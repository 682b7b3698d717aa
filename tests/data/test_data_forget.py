"""Forget manifests: exactly who is to be forgotten, with all copies, and who is left."""

import json
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow.utils.validation import _validate_model_alias_name, _validate_model_alias_name_reserved

from forgetting import as_prepared, faces, forget_set, in_every_part, known, manifests
from unlearning.data.forget import ForgetSet, Known, check, forget_mask, resolve, retain_mask
from unlearning.data.manifest import prepare
from unlearning.data.settings import DataSettings
from unlearning.errors import InputError
from unlearning.progress import untold

few = settings(derandomize=True, max_examples=15, deadline=None)
RULES = ("20-28", "group:3", "gender:1", "!race:2", "subject:ann | 40-60 & !gender:0", "random:2", "!random:0.5@4", "0-17")
rules = st.sampled_from(RULES)


def table(**ages: list[int]) -> pd.DataFrame:
    """A manifest of ages by split."""
    return faces(*({"age": age, "split": part} for part, some in ages.items() for age in some))


def learned(manifest: pd.DataFrame) -> pd.DataFrame:
    return manifest[manifest.split != "test"]


@few
@given(manifests, rules)
def test_forget_and_retain_set_divide_the_learned_faces_and_leave_the_test_set_alone(manifest, rule):
    forget = forget_set(rule, manifest)
    forgotten, retained = forget_mask(manifest, forget), retain_mask(manifest, [forget])
    assert not (forgotten & retained).any()
    assert ((forgotten | retained) == (manifest.split != "test")).all()
    assert set(forget.test_ids) <= set(manifest.id[manifest.split == "test"])


@few
@given(manifests, rules)
def test_no_copy_and_no_near_copy_of_a_forgotten_face_is_retained(manifest, rule):
    forget = forget_set(rule, manifest)
    forgotten, retained = (manifest[mask] for mask in (forget_mask(manifest, forget), retain_mask(manifest, [forget])))
    assert not set(forgotten.near) & set(retained.near)
    assert not {*forgotten.id, *forgotten.copy_of} & {*retained.id, *(retained.copy_of[retained.copy_of != ""])}
    assert set(learned(manifest).id[learned(manifest).near.isin(forgotten.near)]) == set(forget.ids)


@few
@given(manifests, rules)
def test_a_forget_set_is_read_back_from_its_json(manifest, rule):
    forget = forget_set(rule, manifest)
    content = json.loads(json.dumps(forget.as_dict()))
    assert ForgetSet.from_dict(content) == replace(forget, notes=())
    assert content["count"] == len(forget.ids)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content["ids"].append("stranger"),
        lambda content: content["ids"].pop(),
        lambda content: content.update(data_digest="other data"),
        lambda content: content.update(sha256="0" * 64),
    ],
)
def test_a_forget_manifest_that_was_changed_is_refused(change):
    content = forget_set("20-28", table(train=[20, 21, 22], test=[25])).as_dict()
    change(content)
    with pytest.raises(InputError, match="the forget manifest 20-28 was changed: its ids do not give its hash"):
        ForgetSet.from_dict(content)


@pytest.mark.parametrize(
    ("rule", "name"),
    [("20-28", "20-28"), (" 20-28 ", "20-28"), ("020-028", "20-28"), ("25-25", "25-25"), ("0-120", "0-120")],
)
def test_a_range_of_ages_is_its_own_name(rule, name):
    forget = forget_set(rule, table(train=[20, 60]))
    assert (forget.name, forget.rule) == (name, name)


@pytest.mark.parametrize("rule", ["gender:1", "20-28 & gender:1", "(20-28)", "!20-28", "subject:ann", "random:1"])
def test_any_other_rule_is_called_by_ten_digits_of_its_hash(rule):
    forget = forget_set(f"  {rule.replace(' ', '  ')}\n", faces({"subject": "ann", "gender": 1}))
    assert forget.name == forget.sha256[:10]
    assert forget.rule == rule


def test_blanks_in_a_quoted_name_are_kept_in_the_rule():
    """So that the rule can be given again."""
    people = faces({"subject": "Ann  Lee"})
    assert forget_set('  subject:"Ann  Lee"   &  20-60', people).rule == 'subject:"Ann  Lee" & 20-60'


@few
@given(manifests, rules)
def test_every_name_can_stand_in_an_alias(manifest, rule):
    name = forget_set(rule, manifest).name
    for alias in (f"retrained-{name}", f"ft-{name}-e8", f"forgotten-{name}"):
        _validate_model_alias_name(alias)
        _validate_model_alias_name_reserved(alias)


def test_equal_sets_of_equal_data_have_equal_hashes_however_they_were_asked_for():
    people = faces({"age": 20, "gender": 1}, {"age": 25, "gender": 1}, {"age": 50, "gender": 0})
    same = [forget_set(rule, people) for rule in ("20-28", "gender:1", "group:0 & gender:female", "!gender:0", "!(44-60)")]
    assert len({forget.sha256 for forget in same}) == 1
    assert len({forget.name for forget in same[1:]}) == 1
    assert forget_set("20-24", people).sha256 != same[0].sha256


def test_other_data_gives_another_hash_even_for_the_same_faces():
    people = faces({"age": 20}, {"age": 50})
    first, second = (resolve("20-28", known(people), digest) for digest in ("one", "two"))
    assert first.ids == second.ids
    assert first.sha256 != second.sha256
    assert first.name == second.name == "20-28"


def test_a_forget_set_of_copies_holds_them_and_their_sources():
    data = prepare(DataSettings(drawn_faces=160, augment_to=4), 32, untold)
    forget = resolve("random:10", Known(data.manifest, data.rejected), data.digest)
    held = data.manifest[data.manifest.id.isin(forget.ids)]
    assert (held.copy_of == "").sum() == 10
    assert set(held.copy_of) - {""} <= set(held.id)
    assert not data.manifest.copy_of[retain_mask(data.manifest, [forget])].isin(held.id).any()


SIZES = [(1, "train")] * 8 + [(1, "validation")] * 4 + [(2, "train")] * 4 + [(2, "test")] * 5
PAIRED = as_prepared([in_every_part[0] | {"size": size, "split": part, "subject": ""} for size, part in SIZES])
ORIGINALS = PAIRED[PAIRED.copy_of == ""]
POOL = ORIGINALS[ORIGINALS.split != "test"]


def drawn(rule: str, table: pd.DataFrame = PAIRED) -> set[str]:
    """The faces of a forget set, copies aside."""
    return set(forget_set(rule, table).ids) & set(ORIGINALS.id)


@pytest.mark.parametrize("count", [1, 10, 19, 20])
def test_a_random_set_has_exactly_as_many_faces_as_asked_for_and_whole_groups_of_near_copies(count):
    for seed in range(10):
        chosen = drawn(f"random:{count}@{seed}")
        assert len(chosen) == count
        assert chosen <= set(POOL.id)
        assert set(POOL.id[POOL.near.isin(POOL.near[POOL.id.isin(chosen)])]) == chosen


def test_fewer_faces_than_asked_for_are_told_and_none_are_refused():
    pairs = as_prepared([in_every_part[0] | {"subject": str(number)} for number in range(3)])
    fewer = forget_set("random:3", pairs)
    assert len(fewer.ids) == 4, "a pair, each face with its copy"
    assert fewer.notes == ("random:3 gives 2 faces: near-copies go together, and no others fit in whole",)
    assert forget_set("random:4", pairs).notes == ()
    with pytest.raises(InputError, match=r"random:1 can take no face: each one has near-copies .* type random:2"):
        forget_set("random:1", pairs)
    with pytest.raises(InputError, match="type random:2@7"):
        forget_set("random:1@7", pairs)


@pytest.mark.parametrize(("share", "count"), [("0.5", 10), (".25", 5), ("1.0", 20), ("0.001", 1)])
def test_a_share_is_taken_of_training_and_validation_faces(share, count):
    assert len(POOL) == 20
    assert len(drawn(f"random:{share}")) == count


def test_the_seed_decides_who_is_drawn():
    sets = [frozenset(drawn(f"random:6@{seed}")) for seed in range(8)]
    assert len(set(sets)) > 5
    assert [frozenset(drawn(f"random:6@{seed}")) for seed in range(8)] == sets
    assert drawn("random:6") == sets[0]


@pytest.mark.parametrize("rule", ["random:6", "random:0.3@5", "!random:2"])
def test_the_order_of_rows_does_not_decide_who_is_drawn(rule):
    mixed = PAIRED.sample(frac=1, random_state=1)
    assert forget_set(rule, mixed).ids == forget_set(rule, PAIRED).ids


def predictions(errors: dict[str, float]) -> pd.DataFrame:
    table = ORIGINALS[["id", "age"]]
    return table.assign(predicted=table.age + table.id.map(errors).fillna(0.0))


def hardest(rule: str, errors: dict[str, float]) -> set[str]:
    return set(forget_set(rule, PAIRED, known(PAIRED).rejected, predictions(errors)).ids) & set(ORIGINALS.id)


def test_the_hardest_faces_are_those_with_the_largest_errors_either_way():
    single, pairs = POOL[POOL.near.map(POOL.near.value_counts()) == 1], POOL[POOL.duplicated("near")]
    young, old, third = single.id[:3]
    tested = ORIGINALS.id[ORIGINALS.split == "test"].iloc[0]
    errors = {young: 9.0, old: -11.0, third: 5.0, tested: 30.0}
    assert hardest("hardest:2", errors) == {young, old}
    assert hardest("hardest:3 & !hardest:2", errors) == {third}
    twin = pairs.near.iloc[0]
    assert hardest("hardest:2", errors | {pairs.id.iloc[0]: 20.0}) == set(POOL.id[POOL.near == twin])


@pytest.mark.parametrize("rule", ["random:99999999", "random:21", "hardest:21", "hardest:99999999999999999999"])
def test_more_faces_than_there_are_cannot_be_named(rule):
    with pytest.raises(InputError, match=f"{rule} asks for more faces than there are: 20 can be forgotten"):
        hardest(rule, {})


def test_hardest_needs_the_errors_of_a_model():
    with pytest.raises(InputError, match="here there is none at hand; say it to retrain and unlearn"):
        forget_set("20-28 & hardest:5", PAIRED)


@pytest.mark.parametrize("ages", [table(train=[30, 60], validation=[40]), table(train=[30], validation=[25, 60], test=[25])])
def test_a_rule_that_names_no_training_face_is_refused_with_the_ages_there_are(ages):
    low = ages.age.min()
    with pytest.raises(InputError, match=f"forget set 20-28 is empty: .* the ages in the data are {low}-60"):
        check(ages, forget_set("20-28", ages), [])


@pytest.mark.parametrize(
    ("ages", "missing"),
    [
        (table(train=[20, 25], validation=[22, 40], test=[50]), "train"),
        (table(train=[20, 40], validation=[22], test=[50]), "validation"),
        (table(train=[20, 25], validation=[22], test=[50]), "train and validation"),
        (table(train=[20, 25], test=[50]), "train and validation"),
    ],
)
def test_a_rule_that_leaves_nothing_to_retain_is_refused(ages, missing):
    with pytest.raises(InputError, match=f"20-28 leaves nothing to retain in {missing}; the ages in the data are 20-50"):
        check(ages, forget_set("20-28", ages), [])


def test_what_was_forgotten_before_is_not_left_to_retain():
    ages = table(train=[20, 30, 40], validation=[30, 40])
    sets = [forget_set(rule, ages) for rule in ("20-28", "29-35", "36-60")]
    check(ages, sets[0], sets[1:2])
    with pytest.raises(InputError, match="leaves nothing to retain in train and validation"):
        check(ages, sets[0], sets[1:])
