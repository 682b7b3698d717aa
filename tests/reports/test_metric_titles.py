"""What numbers are called for people."""

from unlearning.evaluation.audit_metrics import AUDIT_METRICS
from unlearning.reports.titles import TITLES, in_plain_words, metric_title


def test_every_number_of_an_audit_has_a_title_of_its_own():
    titles = [metric_title(name) for name in AUDIT_METRICS]
    assert len(set(titles)) == len(titles)
    assert not [title for title in titles if "_" in title or not title[0].isupper()]


def test_titles_are_short():
    assert max(map(len, TITLES.values())) <= 80


def test_a_number_without_a_title_is_called_by_its_description_or_its_name():
    without = set(AUDIT_METRICS) - set(TITLES)
    assert all(metric_title(name).lower() in AUDIT_METRICS[name].description.lower() for name in without)
    assert metric_title("never_heard_of") == "Never heard of"


def test_names_in_brackets_become_titles_and_nothing_else_does():
    said = "2 no nearer than F is (test_mae, F, ...), and so on (really)"
    told = "2 no nearer than F is (average error, test faces; usefulness times likeness; ...), and so on (really)"
    assert in_plain_words(said) == told
