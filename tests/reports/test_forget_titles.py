"""What a forget set is called on a page: short, and telling neither where a list lies nor whom it names."""

import pytest

from unlearning.data.forget import ForgetSet
from unlearning.reports.titles import LONGEST, discreet, titles


def titled(*rules):
    sets = [ForgetSet(f"name{number}", rule, "digest", ()) for number, rule in enumerate(rules)]
    return list(titles(sets).values())


@pytest.mark.parametrize("rule", ["20-28", "random:50", "random:50@7", '(20-28 | race:"1") & !gender:0'])
def test_a_rule_that_names_nobody_is_its_own_title(rule):
    assert titled(rule) == [rule]


@pytest.mark.parametrize(
    ("rule", "title"),
    [
        ("file:/home/ann/requests/of march.csv", "list of march.csv"),
        ('file:"/home/ann/of march.csv" & 20-28', "list of march.csv & 20-28"),
        ("20-28|!file:list.csv", "20-28|!list list.csv"),
        ("subject:ann & 20-28", "one person & 20-28"),
        ('subject:"Ann Example"', "one person"),
        ("file:/requests/24_1_0_00000000000000467.jpg.csv", "a list"),
    ],
)
def test_of_a_list_only_its_name_is_told_and_of_a_person_nothing(rule, title):
    rule = rule.replace("of march.csv", '"of march.csv"') if '"' not in rule else rule
    assert titled(rule) == [title]


def test_sets_of_one_title_are_told_apart_by_their_names():
    assert titled("file:/here/list.csv", "file:/there/list.csv", "20-28") == [
        "list list.csv (name0)",
        "list list.csv (name1)",
        "20-28",
    ]


def test_a_long_title_is_cut_and_ends_with_the_name_of_the_set():
    [title] = titled(" | ".join(f"{age}-{age}" for age in range(20, 60)))
    assert len(title) <= LONGEST + len(" (name0)")
    assert title.startswith("20-20 | 21-21")
    assert title.endswith("... (name0)")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (
            "-P forget_sets='random:50;file:/home/ann/list.csv' -P seeds=0",
            "-P forget_sets='random:50;file:list.csv' -P seeds=0",
        ),
        ("""-P forget_sets='file:"/home/ann/a b.csv";20-28'""", "-P forget_sets='file:a b.csv;20-28'"),
        ("-P forget_sets=subject:ann", "-P forget_sets=subject:..."),
        ("-P study=alpha -P preset=demo", "-P study=alpha -P preset=demo"),
    ],
)
def test_a_command_is_told_without_places_and_names(command, told):
    assert discreet(command) == told
