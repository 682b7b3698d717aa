"""Tables fit what they are shown on, no word of them is broken, and who waits is told of what takes long."""

import re

import pytest

from unlearning import listing, progress
from unlearning.listing import Listing
from unlearning.progress import track, training_bar
from unlearning.steps import method_cards, request, status

ALIASES = ["champion", "forgotten", "forgotten-20-28", "ft-20-28-e8"]
WIDTHS = (40, 80, 120, 200)


def row(number: int) -> dict:
    texts = {"role": "unlearned", "stage": "Production", "aliases": ALIASES, "forget_set": "20-28", "epochs": "8"}
    scores = {"test_mae": 8.123, "Utility": 1.097, "Forgetting": 0.835, "F": 0.916, "seconds": 4321.0}
    found = {"state": "forgotten", "verdict": "as retraining", "memory_left": 4.0, "reference": "retrained"}
    return {"version": number, **texts, **scores, **found}


def versions(count: int = 3) -> str:
    return status._as_table(status.Look("age-resnet50", [row(number) for number in range(1, count + 1)]))


@pytest.mark.parametrize("columns", WIDTHS)
def test_the_registry_fits_and_keeps_its_words_and_numbers(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = versions().splitlines()
    assert max(len(line) for line in lines if not line.startswith("left out")) <= columns
    words = set(re.findall(r"[\w.-]+", "\n".join(lines)))
    assert words >= {"3", "retraining", *ALIASES}


def test_a_wide_terminal_shows_all_columns_and_a_narrower_one_names_those_that_are_left_out(monkeypatch):
    monkeypatch.setenv("COLUMNS", "190")
    assert "left out" not in versions()
    monkeypatch.setenv("COLUMNS", "120")
    shown = versions()
    gone = re.search(r"left out, in 120 columns: (.*); -P format=markdown shows all", shown)[1].split(", ")
    assert gone == ["stage", "epochs", "test_mae", "Utility", "seconds", "reference"]
    assert set(gone) == set(status.LEAST[:6])
    assert not any(re.search(rf"┃ +{name} ", shown) for name in gone)


def test_in_a_pipe_nobody_knows_the_width(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(listing.shutil.os, "get_terminal_size", lambda number: (_ for _ in ()).throw(OSError()))
    assert listing.width() == listing.IN_A_PIPE


@pytest.mark.parametrize("columns", WIDTHS)
def test_methods_and_requests_fit_too(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = method_cards.methods("", "table").splitlines()
    assert max(len(line) for line in shown if not line.startswith("left out")) <= columns
    assert any("salun" in line for line in shown)
    assert max(map(len, method_cards.methods("ft", "table").splitlines())) <= columns
    own = ("5d0c1f2e", "received", "file:person-17.csv", "5", "2026-11-28", "2026-12-31 OVERDUE", "Art. 17", "ann", "-")
    listed = Listing("requests", request.COLUMNS, [own], ("request",), request.LEAST).fitted(columns)
    assert max(len(line) for line in listed.splitlines() if not line.startswith("left out")) <= columns
    assert "5d0c1f2e" in listed
    assert "OVERDUE" in listed


def test_what_looks_like_markup_is_text():
    assert "[red]Art. 17[/red]" in Listing("requests", ("reason",), [("[red]Art. 17[/red]",)]).fitted(80)


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on when it is told to."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def work(clock, items, seconds: float) -> list:
    done = []
    for item in items:
        clock[0] += seconds
        done.append(item)
    return done


def test_a_slow_loop_tells_at_once_how_long_it_takes_and_then_now_and_then(clock, capsys):
    assert work(clock, track(range(10), 10, "reading faces"), 8.0) == list(range(10))
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "reading faces: 1 of 10, about 72 s left",
        "reading faces: 4 of 10, about 48 s left",
        "reading faces: 7 of 10, about 24 s left",
    ]


def test_a_phase_of_a_method_is_told_under_the_methods_name(clock, capsys):
    with training_bar("ssd, seed 0", 1) as bar:
        work(clock, bar.track(range(3), 3, "what matters to all faces"), 500.0)
    assert re.match(r"ssd, seed 0: what matters to all faces: 1 of 3, about 1000 s left", capsys.readouterr().err)


def test_what_is_soon_done_says_nothing(clock, capsys):
    work(clock, track(range(100), 100, "reading faces"), 0.005)
    assert capsys.readouterr().err == ""
