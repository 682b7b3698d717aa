"""Tables that name pictures and what is known of them, as spreadsheets and pandas write them."""

import warnings
import zlib
from pathlib import Path
from typing import Any

import pandas as pd
from pyarrow import ArrowException

from unlearning.data import cache
from unlearning.data.images import POINTER
from unlearning.data.labels import TEXT
from unlearning.data.lists import UTF_16
from unlearning.errors import InputError

TEXTS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
TABLES = (*TEXTS, ".parquet")
SEPARATORS = (",", ";", "\t")
AGE = "age"
REQUIRED, OPTIONAL = ("path", AGE), ("gender", "race", "subject")
UNREADABLE = (OSError, ValueError, TypeError, KeyError, EOFError, zlib.error, ArrowException, pd.errors.ParserWarning)


def is_table(path: Path) -> bool:
    """Is it a file whose name ends as that of a table?"""
    return path.name.lower().endswith(TABLES) and path.is_file()


def read_table(path: Path, target: str = AGE) -> list[dict[str, str]]:
    """The legal cells of every row as text, what is missing as empty; InputError when it is no table of pictures.

    A text is UTF-8, or UTF-16 with its mark, and separated by commas, semicolons or tabs; headings may be in any case. A target
    other than the age is its column, which stands a second time as ``text``.
    """
    needed = (REQUIRED[0], target)
    table = _named(_read(path, needed), needed)
    missing = [column for column in needed if column not in table.columns]
    if missing:
        raise InputError(
            f"the table {path} has no column {' and no column '.join(missing)}; it has {', '.join(map(str, table.columns))}; "
            f"legal: {', '.join(needed)}, and optional {', '.join(OPTIONAL)}"
        )
    labels = {} if target == AGE else {TEXT: table[target]}
    table = table[[c for c in (*REQUIRED, *OPTIONAL) if c in table.columns]].assign(**labels)
    table = table[(table != "").any(axis=1)]  # spreadsheets leave rows of separators behind
    if table.empty:
        raise InputError(f"the table {path} has no rows; one row a picture is needed, with the columns {' and '.join(needed)}")
    return [dict(zip(table.columns, row, strict=True)) for row in table.itertuples(index=False)]


def _read(path: Path, needed: tuple[str, ...]) -> pd.DataFrame:
    try:
        with path.open("rb") as file:
            start = file.read(len(POINTER))
        if start == POINTER:
            raise InputError(f"the table {path} is a Git LFS pointer in place of the table, which git lfs pull fetches")
        return _text(path, start, needed) if path.name.lower().endswith(TEXTS) else _parquet(path, needed)
    except UnicodeError as error:
        raise InputError(f"the table {path} cannot be read: it is not in UTF-8; save it as CSV UTF-8") from error
    except UNREADABLE as error:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"the table {path} cannot be read: {why}") from error


def _text(path: Path, start: bytes, needed: tuple[str, ...]) -> pd.DataFrame:
    encoding = "utf-16" if start.startswith(UTF_16) else "utf-8"

    def read(separator: str, rows: int | None = None) -> pd.DataFrame:
        return pd.read_csv(
            path,
            sep=separator,
            nrows=rows,
            encoding=encoding,
            dtype=str,
            keep_default_na=False,
            index_col=False,
            skipinitialspace=True,
        )

    fitting = [separator for separator in SEPARATORS if {*needed} <= {*_named(read(separator, 0), needed).columns}]
    with warnings.catch_warnings(action="error", category=pd.errors.ParserWarning):  # rows longer than the header
        return read((fitting or SEPARATORS)[0])


def _parquet(path: Path, needed: tuple[str, ...]) -> pd.DataFrame:
    table = cache.read_table(path, dtype_backend="numpy_nullable")  # a number beside an empty cell stays a whole number
    if any(name in (*needed, *REQUIRED, *OPTIONAL) for name in table.index.names):
        table = table.reset_index()
    texts: pd.DataFrame = table.apply(lambda column: column.map(_as_text))
    return texts


def _as_text(cell: Any) -> str:
    """A cell as text, what is missing as empty; of a cell that is a list ``isna`` gives an answer for each entry."""
    return "" if pd.isna(cell) is True else str(cell)


def _named(table: pd.DataFrame, needed: tuple[str, ...]) -> pd.DataFrame:
    """The table with its headings as they are legal, where each differs from one only in case or in spaces around it."""
    legal = {name.lower(): name for name in (*REQUIRED, *OPTIONAL, *needed)}
    alike = {c: legal[str(c).strip().lower()] for c in table.columns if str(c).strip().lower() in legal}
    names = list(alike.values())
    return table.rename(columns={c: name for c, name in alike.items() if names.count(name) == 1})
