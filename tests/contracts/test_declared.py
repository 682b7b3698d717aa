"""A field and its ``Args:`` line are all that an option is made from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click
from click.testing import CliRunner

from entrypoints.command import Entry
from entrypoints.declared import declared, read
from unlearning.declared import setting

COLOURS = {"": "as it is", "red": "the first of the rainbow"}
PLACES = ("left", "right")


@dataclass(frozen=True)
class Inner:
    """Asked on its own.

    Args:
        depth: how deep, in metres; a line that
            goes on.
    """

    depth: float = 1.5


@dataclass(frozen=True)
class Settings:
    """An example.

    Args:
        target: what is ``drawn``.
        inner: made of other options.
        count: how many.
        ages: years, joined by commas.
        limit: most of them; empty for all.
        folder: where it lies.
        colour: how it looks. {choices}.
        place: where it stands: {names}.
        hidden: of no user's business.
    """

    target: str
    inner: Inner = setting(Inner(), asked=False)
    count: int = setting(2, least=1, most=9)
    ages: tuple[int, ...] = setting((20, 30), least=0)
    limit: int | None = None
    folder: str = setting("", kind="path")
    colour: str = setting("", choices=COLOURS)
    place: str = setting("left", choices=PLACES)
    hidden: float = setting(60.0, asked=False)


@click.command(cls=Entry)
@declared(Settings)
@declared(Inner)
def main(**values):
    """Draw."""
    click.echo(repr(read(Settings, values, inner=read(Inner, values))))


def said(*words: str):
    return CliRunner().invoke(main, words)


def test_options_are_asked_in_the_order_of_the_fields_with_their_types_and_defaults():
    target, *others = main.params
    assert (target.name, target.required) == ("target", True)
    usual = {"count": 2, "ages": "20,30", "limit": "", "folder": "", "colour": "", "place": "left", "depth": 1.5}
    assert list({one.name: one.default for one in others}.items()) == list(usual.items())


def test_help_is_the_line_of_the_docstring_with_the_legal_words():
    told = {one.name: one.help for one in main.params}
    assert told["target"] == "What is drawn."
    assert told["depth"] == "How deep, in metres; a line that goes on."
    assert told["colour"] == "How it looks. empty: as it is; red: the first of the rainbow."
    assert told["place"] == "Where it stands: left or right."


def test_what_is_typed_becomes_settings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    typed = ("--target", "a", "--ages", "1, 2", "--limit", "7", "--folder", "faces", "--depth", "3")
    wanted = Settings("a", Inner(3.0), ages=(1, 2), limit=7, folder=str(Path("faces").resolve()))
    assert said(*typed).output == f"{wanted!r}\n"
    assert said("--target", "a").output == f"{Settings('a')!r}\n"


def test_what_is_not_legal_is_refused_in_a_sentence():
    for words, refused in (
        (["--count", "10"], "10 is not in the range 1<=x<=9"),
        (["--ages", ""], "ages='' cannot be read"),
        (["--ages", "2,2"], "names a number twice"),
        (["--limit", "few"], "'few' is not a whole number"),
        (["--hidden", "3"], "No such option '--hidden'"),
    ):
        result = said("--target", "a", *words)
        assert isinstance(result.exception, SystemExit)
        assert refused in result.output
