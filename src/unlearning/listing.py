"""Tables for people, as wide as what they are shown on: columns are left out, or rows stacked, before a word is broken."""

import shutil
import textwrap
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

IN_A_PIPE = 100
EDGE, LONGEST = 3, 24


def width() -> int:
    """Columns of the terminal, or what COLUMNS says; in a pipe neither is known, and it is 100."""
    return shutil.get_terminal_size((IN_A_PIPE, 24)).columns


@dataclass(frozen=True)
class Listing:
    """Rows of texts under the names of columns."""

    title: str  # stands above
    columns: tuple[str, ...]  # their names
    rows: Sequence[Sequence[str]]  # one text a column
    whole: Collection[str] = ()  # columns that are aligned to the right, and never folded: numbers
    least: tuple[str, ...] = ()  # columns that are left out where there is no room, the first of them first
    bold: Collection[int] = ()  # numbers of the rows that stand out
    more: str = ""  # what to type for all columns

    def fitted(self, room: int) -> str:
        """The table as text, no line of it wider than ``room``; as stacked rows where that is too narrow for any."""
        left = list(self.columns)
        for name in (None, *self.least):
            left = [column for column in left if column != name]
            if sum(map(self._least_width, left)) + EDGE * len(left) + 1 <= room:
                return self._drawn(left, room)
        return self._stacked(room)

    def _cells(self, column: str) -> list[str]:
        at = self.columns.index(column)
        return [column, *(row[at] for row in self.rows)]

    def _most_width(self, column: str) -> int:
        return max(map(len, self._cells(column)))

    def _least_width(self, column: str) -> int:
        """A column that may be folded is at least as wide as its longest word, unless that is a very long one."""
        if column in self.whole:
            return self._most_width(column)
        return max(min(len(word), LONGEST) for cell in self._cells(column) for word in cell.split() or [""])

    def _widths(self, columns: list[str], room: int) -> dict[str, int]:
        """What is left over goes, one by one, to the column that lacks most."""
        widths = {column: self._least_width(column) for column in columns}
        lacking = {column: self._most_width(column) - widths[column] for column in columns}
        for _ in range(min(room - sum(widths.values()) - EDGE * len(columns) - 1, sum(lacking.values()))):
            column = max(lacking, key=lacking.get)
            widths[column], lacking[column] = widths[column] + 1, lacking[column] - 1
        return widths

    def _drawn(self, columns: list[str], room: int) -> str:
        table = Table(title=Text(self.title), title_justify="left")
        for column, wide in self._widths(columns, room).items():
            table.add_column(column, justify="right" if column in self.whole else "left", overflow="fold", width=wide)
        chosen = [self.columns.index(column) for column in columns]
        for number, row in enumerate(self.rows):
            table.add_row(*(Text(row[at]) for at in chosen), style="bold" if number in self.bold else "")
        console = Console(width=room)
        with console.capture() as captured:
            console.print(table)
        gone = [column for column in self.columns if column not in columns]
        told = f"\nleft out, in {room} columns: {', '.join(gone)}{self.more}" if gone else ""
        return captured.get().rstrip() + told

    def _stacked(self, room: int) -> str:
        """Every row as lines of a name and a text; a text that is too long is folded at its words."""
        names = max(map(len, self.columns)) + 2
        lines = [self.title]
        for row in self.rows:
            lines.append("")
            for column, text in zip(self.columns, row, strict=True):
                folded = textwrap.wrap(text, max(room - names, 8), break_on_hyphens=False) or ["-"]
                lines += [f"{name:<{names}}{part}" for name, part in zip([column] + [""] * len(folded), folded, strict=False)]
        return "\n".join(lines)
