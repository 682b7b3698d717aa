"""Markdown: what people typed, named or stored is text in it, and never a tag, a link, a list or the end of a cell."""

import re
from collections.abc import Iterable, Sequence

ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
TELLING = re.compile(
    r"[\\`*\[\]<>|]|~(?!/)"  # code, emphasis, links, tags, cells, strokes
    r"|&(?=#?\w+;)"  # only what would be read as a character by its name
    r"|(?<![^\W_])_|_(?![^\W_])"  # within a word it stands for itself
)
STARTING = re.compile(r"^(?:[-+]|#+|\d{1,9}[.)])(?=\s|$)|^-(?=[-\s]*$)")  # a list, a title or a line within a list


def text(value: object) -> str:
    """A value on one line of Markdown, also in a cell of a table, that shows as it is."""
    return TELLING.sub(lambda found: ENTITIES.get(found[0], f"\\{found[0]}"), " ".join(str(value).split()))


def table(head: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = ()) -> str:
    """Lines of a table whose cells are Markdown (of ``text``, or our own); the columns named in ``right`` end at the right."""
    rule = ["---:" if name in right else "---" for name in head]
    lines = [[re.sub(r"(?<!\\)\|", r"\\|", cell) for cell in row] for row in (head, rule, *rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def bullets(sentences: Iterable[object]) -> str:
    """A list of what people, stores and this project say."""
    return "\n".join(f"* {STARTING.sub(_told, text(sentence))}" for sentence in sentences)


def _told(sign: re.Match) -> str:
    """With a backslash before the last of its letters, since a number takes none."""
    return f"{sign[0][:-1]}\\{sign[0][-1]}"
