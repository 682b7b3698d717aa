"""The language of forget sets: what each word names, how words are joined, and what is refused."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forgetting import faces, forget_set, known, manifests
from unlearning.data.rules import LEGAL, parse
from unlearning.data.settings import GROUPS
from unlearning.errors import InputError

few = settings(derandomize=True, max_examples=25, deadline=None)
AGES = faces(*({"id": str(age), "age": age} for age in (0, 19, 20, 24, 28, 29, 36, 44, 52, 60, 120)))
PEOPLE = faces(
    {"id": "a", "gender": 0, "race": 0, "subject": "ann"},
    {"id": "b", "gender": 0, "race": 1, "subject": "ann"},
    {"id": "c", "gender": 1, "race": 2, "subject": "Bo Li", "split": "validation"},
    {"id": "d", "gender": 1, "race": 3, "subject": "42"},
    {"id": "e", "gender": 1, "race": 4, "subject": "ann", "split": "test"},
    {"id": "f", "gender": -1, "race": -1},
)


def named(rule: str, table: pd.DataFrame, *more) -> str:
    """The ids that a rule selects, test faces included, one after the other."""
    return "".join(table.id[parse(rule)(known(table, *more))])


@pytest.mark.parametrize(
    ("rule", "ages"),
    [
        ("20-28", {20, 24, 28}),
        ("28-28", {28}),
        ("0-120", set(AGES.age)),
        ("  29-44\t", {29, 36, 44}),
        ("020-028", {20, 24, 28}),
        ("61-99", set()),
    ],
)
def test_both_ends_of_a_range_of_ages_belong_to_it(rule, ages):
    assert set(map(int, forget_set(rule, AGES).ids)) == ages


def test_the_five_groups_of_the_study_share_their_ends():
    sets = [set(map(int, forget_set(f"group:{number}", AGES).ids)) for number in range(5)]
    assert sets == [{20, 24, 28}, {28, 29, 36}, {36, 44}, {44, 52}, {52, 60}]
    assert [forget_set(f"group:{number}", AGES).rule for number in range(5)] == list(GROUPS)


@pytest.mark.parametrize(
    ("rule", "ids"),
    [
        *(("gender:0", "ab"), ("gender:male", "ab"), ("gender:1", "cde"), ("gender:Female", "cde"), ("gender:1.0", "cde")),
        *(("race:0", "a"), ("race:white", "a"), ("race:BLACK", "b"), ("race:2", "c"), ("race:asian", "c")),
        *(("race:indian", "d"), ("race:4", "e"), ("race:other", "e")),
        *(("subject:ann", "abe"), ('subject:"Bo Li"', "c"), ("subject:42", "d")),
    ],
)
def test_a_face_is_named_by_code_word_or_person(rule, ids):
    assert named(rule, PEOPLE) == ids


@pytest.mark.parametrize("rule", ["!gender:0 & !gender:1", "!(race:0 | race:1 | race:2 | race:3 | race:4)"])
def test_a_face_of_unknown_gender_or_race_is_named_by_no_code(rule):
    assert named(rule, PEOPLE) == "f"


@pytest.mark.parametrize("rule", ['subject:"a & (b) | !c"', 'subject:a" & (b) | !"c'])
def test_signs_in_double_quotes_are_part_of_a_name(rule):
    assert named(rule, faces({"id": "x", "subject": "a & (b) | !c"}, {"id": "y", "subject": "a"})) == "x"


# Random expressions, as trees: a text for an atom, or an operator with its operands.

ATOMS = {
    "20-28": lambda face: 20 <= face.age <= 28,
    "25-60": lambda face: 25 <= face.age <= 60,
    "group:2": lambda face: 36 <= face.age <= 44,
    "gender:1": lambda face: face.gender == 1,
    "gender:male": lambda face: face.gender == 0,
    "race:2": lambda face: face.race == 2,
    "race:white": lambda face: face.race == 0,
    "subject:ann": lambda face: face.subject == "ann",
}
BINDING = {"|": 0, "&": 1, "!": 2}
trees = st.recursive(
    st.sampled_from(sorted(ATOMS)),
    lambda inner: st.tuples(st.just("!"), inner) | st.tuples(st.sampled_from("&|"), inner, inner),
    max_leaves=7,
)


def written(tree, blank: str = " ", outer: int = 0) -> str:
    """With as few parentheses as the order of binding allows."""
    if isinstance(tree, str):
        return tree
    operator, *operands = tree
    own = BINDING[operator]
    parts = [written(operand, blank, own) for operand in operands]
    text = f"!{blank}{parts[0]}" if operator == "!" else f"{blank}{operator}{blank}".join(parts)
    return f"({text})" if own < outer else text


def meant(tree, rows: list) -> set[str]:
    """The ids that a tree names, by Python's sets."""
    if isinstance(tree, str):
        return {face.id for face in rows if ATOMS[tree](face)}
    operator, *operands = tree
    sets = [meant(operand, rows) for operand in operands]
    if operator == "!":
        return {face.id for face in rows} - sets[0]
    return sets[0] & sets[1] if operator == "&" else sets[0] | sets[1]


@few
@given(trees, manifests, st.sampled_from(["", " ", "  \t"]))
def test_a_rule_names_what_its_tree_means(tree, manifest, blank):
    rows = list(manifest.itertuples())
    assert set(manifest.id[parse(written(tree, blank))(known(manifest))]) == meant(tree, rows)


@few
@given(trees, manifests)
def test_a_forget_set_is_what_is_named_with_its_near_copies_and_without_test_faces(tree, manifest):
    rows = list(manifest.itertuples())
    named_ids, learned = meant(tree, rows), [face for face in rows if face.split != "test"]
    groups_named = {face.near for face in learned if face.id in named_ids}
    found = forget_set(written(tree), manifest)
    assert set(found.ids) == {face.id for face in learned if face.near in groups_named}
    assert set(found.test_ids) == named_ids - {face.id for face in learned}


REFUSED = {
    "young": ["'young' is no rule"],
    "gendr:1": ["'gendr:1' is no rule (did you mean 'gender'?)"],
    "Group:1": ["did you mean 'group'?"],
    "20": ["'20' is no rule"],
    "20 - 28": ["'20' is no rule"],
    "2.5-7": ["'2.5-7' is no rule"],
    "20\N{EN DASH}28": ["is no rule"],
    "20-28,30-40": ["'20-28,30-40' is no rule"],
    "group:": ["nothing stands after group:"],
    'file:""': ["nothing stands after file:"],
    "": ["the forget set is empty"],
    " \t\n": ["the forget set is empty"],
    "(20-28": ["a parenthesis is not closed"],
    "20-28)": ["')' is not expected where it stands"],
    "20-28 gender:1": ["'gender:1' is not expected where it stands"],
    "20-28 &": ["it ends where a rule is expected"],
    "20-28 & | 30-40": ["'|' stands where a rule is expected"],
    "()": ["')' stands where a rule is expected"],
    "!": ["it ends where a rule is expected"],
    "20-28 && gender:1": ["'&' stands where a rule is expected"],
    'subject:"ann': ["a quotation mark is open"],
    "(" * 3000 + "20-28" + ")" * 3000: ["nested too deeply"],
}


@pytest.mark.parametrize("rule", REFUSED, ids=lambda rule: repr(rule[:30]))
def test_what_cannot_be_read_is_refused_with_the_legal_rules(rule):
    with pytest.raises(InputError) as refusal:
        parse(rule)
    for words in (*REFUSED[rule], LEGAL):
        assert words in str(refusal.value)
    assert repr(rule) in str(refusal.value) or not rule.strip() or len(rule) > 1000


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("28-20", ["'28-20' ends before it begins", "did you mean 20-28?"]),
        ("gender:1 & 60-20", ["'60-20' ends before it begins"]),
        *((f"group:{value}", [f"unknown group '{value}'", "0 .. 4", *GROUPS]) for value in ("5", "-1", "x", "01")),
        *((f"gender:{value}", [f"unknown gender '{value}'", "0 (male), 1 (female)"]) for value in ("2", "-1", "woman")),
        ("race:5", ["unknown race '5'", "0 (White)", "4 (Other)"]),
        ("race:asain", ["unknown race 'asain'", "2 (Asian)"]),
        *(
            (f"random:{value}", [f"random:{value} cannot be read", "random:50", "a share", "random:50@7"])
            for value in ("0", "0.0", "1.5", "-3", "all", "5@", "5@x", "5@1@2", "1e3", "inf", "nan")
        ),
        *((f"hardest:{value}", ["cannot be read", "hardest:50"]) for value in ("0", "-1", "0.5", "all", "\N{SUPERSCRIPT TWO}")),
    ],
)
def test_a_value_that_is_not_possible_is_named_with_the_possible_ones(rule, words):
    with pytest.raises(InputError) as refusal:
        parse(rule)
    assert all(word in str(refusal.value) for word in words), refusal.value


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (PEOPLE, "unknown subject 'anm' (did you mean 'ann'?); there are 3, such as 42, Bo Li, ann"),
        (AGES, "unknown subject 'anm'; the data names no subjects"),
    ],
)
def test_an_unknown_person_is_refused_with_some_that_there_are(table, words):
    with pytest.raises(InputError) as refusal:
        forget_set("20-60 | subject:anm", table)
    assert words in str(refusal.value)


@pytest.mark.parametrize("rule", ["|".join(["gender:1"] * 5000), "&".join(["gender:1"] * 5000), "!" * 5000 + "gender:1"])
def test_a_rule_may_be_as_long_as_a_program_writes_it(rule):
    assert named(rule, PEOPLE) == "cde"
