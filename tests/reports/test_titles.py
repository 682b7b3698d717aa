"""What forget sets and numbers are called on a page: short, and telling neither where a list lies nor whom it names."""

from unlearning.data.forget import ForgetSet
from unlearning.evaluation.registry import METRICS
from unlearning.reports.words import LONGEST, TITLES, discreet, in_plain_words, metric_title, titles


def titled(*rules):
    sets = [ForgetSet(f"name{number}", rule, "digest", ()) for number, rule in enumerate(rules)]
    return list(titles(sets).values())


def test_of_a_list_only_its_name_is_told_and_of_a_person_nothing():
    for rule, title in {
        '(20-28 | race:"1") & !random:50@7': '(20-28 | race:"1") & !random:50@7',
        'file:/home/ann/requests/"of march.csv"': "list of march.csv",
        'file:"/home/ann/of march.csv" & 20-28': "list of march.csv & 20-28",
        "20-28|!file:list.csv": "20-28|!list list.csv",
        'subject:"Ann Example" & 20-28': "one person & 20-28",
        "file:/requests/24_1_0_00000000000000467.jpg.csv": "a list",
    }.items():
        assert titled(rule) == [title]


def test_a_title_that_is_shared_or_long_ends_with_the_name_of_the_set():
    several = titled("file:/here/list.csv", "file:/there/list.csv", "20-28")
    assert several == ["list list.csv (name0)", "list list.csv (name1)", "20-28"]
    [title] = titled(" | ".join(f"{age}-{age}" for age in range(20, 60)))
    assert len(title) <= LONGEST + len(" (name0)")
    assert title.startswith("20-20 | 21-21")
    assert title.endswith("... (name0)")


def test_a_command_is_told_without_places_and_names():
    for command, told in {
        "-P forget_sets='random:50;file:/home/ann/list.csv' -P seeds=0": "-P forget_sets='random:50;file:list.csv' -P seeds=0",
        """-P forget_sets='file:"/home/ann/a b.csv";20-28'""": "-P forget_sets='file:a b.csv;20-28'",
        """-P forget_set='subject:O'"'"'Brien & 20-28'""": "-P forget_set='subject:... & 20-28'",
        """-P forget_set='subject:"Pat O'"'"'Brien"'""": "-P forget_set='subject:...'",
        "subject:O'Brien": "subject:...",
        "-P forget_sets=subject:ann -P preset=demo": "-P forget_sets=subject:... -P preset=demo",
    }.items():
        assert discreet(command) == told


def test_every_number_of_an_audit_has_a_short_title_of_its_own():
    found = [metric_title(name) for name in METRICS]
    assert len(set(found)) == len(found)
    assert not [title for title in found if "_" in title or not title[0].isupper()]
    assert max(map(len, TITLES.values())) <= 80
    assert metric_title("never_heard_of") == "Never heard of"


def test_names_in_brackets_become_titles_and_nothing_else_does():
    said = "2 no nearer than F is (test_mae, F, ...), and so on (really)"
    told = "2 no nearer than F is (average error, test faces; usefulness times likeness; ...), and so on (really)"
    assert in_plain_words(said) == told
