"""A request's body as what a model predicts: MLflow's formats, and a picture as it is; everything else in one sentence.

MLflow's own server answers to what it cannot read with its input, or with a stack trace. Here nothing of the input is
repeated, and what cannot be read in a bounded time and memory is refused before it is read.
"""

import io
import json
import logging
import re
from collections.abc import Callable
from typing import Any

import pandas as pd
from mlflow.pyfunc.scoring_server import SUPPORTED_FORMATS, infer_and_parse_data
from mlflow.types import Schema
from pyarrow import parquet

from unlearning.server.limits import RefusedError
from unlearning.serving.age_model import COLUMN, MOST_ROWS, TELL_VERSION

MOST_VALUES = 10 * MOST_ROWS  # a picture is one or two of JSON's values
MOST_COLUMNS = 10  # of a parquet file: legal is one, and pandas may write its index beside it
MOST_TOLD = 30_000  # bytes of a parquet file's end: of 80,000, columns are nested so deeply that reading them ends the process
PACKED, FIXED = {"UNCOMPRESSED", "SNAPPY"}, "FIXED_LEN_BYTE_ARRAY"  # of which equal ones would each take their room
JSON, CSV, PARQUET, PICTURES = "application/json", "text/csv", "application/vnd.apache.parquet", ("image/jpeg", "image/png")
SAYS_WHAT_IT_IS = re.compile(rb"data:image\\?/[\w.+-]{1,40};base64,")
FORMATS = ", ".join(sorted(SUPPORTED_FORMATS))
LEGAL_TYPES = f"legal are {JSON}, {CSV}, {PARQUET} and, for one picture as it is, {' and '.join(PICTURES)}"
logging.getLogger("mlflow.models.utils").setLevel(logging.ERROR)  # it warns of columns that it does not know, by their names
Read = tuple[Any, dict[str, Any] | None]


def read(body: bytes, content_type: str, schema: Schema, most_bytes: int) -> Read:
    """The input and the parameters of a request: a list of pictures in its usual forms, else what MLflow makes of it.

    A parquet file may hold ``most_bytes``.

    Raises:
        RefusedError: 415 for another type, else 400.
    """
    kind, _, more = content_type.lower().partition(";")
    if more.replace('"', "").strip() not in ("", "charset=utf-8"):
        raise RefusedError(415, "type", "the Content-Type may have charset=utf-8 beside it, and nothing else")
    if kind.strip() in (JSON, CSV):  # a picture in text may say what it is, as web pages do
        body = SAYS_WHAT_IT_IS.sub(b"", body)
    known = {JSON: _json, CSV: _csv, PARQUET: _parquet, **dict.fromkeys(PICTURES, _picture)}
    if kind.strip() not in known:
        raise RefusedError(415, "type", f"this Content-Type is not read; {LEGAL_TYPES}")
    parse: Callable[[bytes, Schema, int], Read] = known[kind.strip()]
    try:
        return parse(body, schema, most_bytes)
    except RefusedError:
        raise
    except RecursionError:
        raise refused("the body is nested too deeply") from None
    except Exception:  # noqa: BLE001 - nothing but the body is touched here, and on broken ones libraries raise errors of every type
        raise refused(f"the body cannot be read as a table with the one column {COLUMN!r} of pictures in base64") from None


def refused(sentence: str) -> RefusedError:
    """The answer to a body of another form."""
    return RefusedError(400, "form", sentence)


def _picture(body: bytes, schema: Schema, most_bytes: int) -> Read:
    return [body], None


def _json(body: bytes, schema: Schema, most_bytes: int) -> Read:
    if sum(map(body.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise refused(f"the body has more than {MOST_VALUES} values; legal are 1 to {MOST_ROWS} images a request")
    try:
        content = json.loads(body)
    except json.JSONDecodeError as error:
        raise refused(f"the body is no JSON: {error.msg} at character {error.pos}") from None
    except UnicodeDecodeError:
        raise refused("the body is no JSON: it is not encoded as UTF-8") from None
    found = content.keys() & SUPPORTED_FORMATS if isinstance(content, dict) else set()
    if len(found) != 1:
        raise refused(f"the body must be a JSON object with one of {FORMATS}")
    params, pictures = _params(content.get("params")), pictures_in(content)
    if pictures is not None:
        return pictures, params
    return infer_and_parse_data({name: content[name] for name in found}, schema), params


def pictures_in(content: dict[str, Any]) -> list[Any] | None:
    """The pictures of a request in one of the forms that nearly all have; a table would cost more than decoding them."""
    match content:
        case {"dataframe_split": {"columns": ["image"], "data": [*rows]}} if all(_is_one(row) for row in rows):
            return [row[0] for row in rows]
        case {"dataframe_records": [*rows]} if rows and all(isinstance(row, dict) and row.keys() == {"image"} for row in rows):
            return [row["image"] for row in rows]
        case {"inputs": {"image": [*pictures], **more}} if not more:
            return pictures
    return None


def _is_one(row: Any) -> bool:
    return isinstance(row, list) and len(row) == 1


def _params(params: Any) -> dict[str, Any] | None:
    if params is None:
        return None
    if not isinstance(params, dict) or params.keys() - {TELL_VERSION} or not isinstance(params.get(TELL_VERSION, False), bool):
        raise refused(f"params may have {TELL_VERSION!r}, true or false, and nothing else")
    return params


def _csv(body: bytes, schema: Schema, most_bytes: int) -> Read:
    if body.count(b",") > MOST_VALUES:
        raise refused(f"the body has more than {MOST_VALUES} values; legal are 1 to {MOST_ROWS} images a request")
    types = dict(zip(schema.input_names(), schema.pandas_types(), strict=True))
    return pd.read_csv(io.BytesIO(body), dtype=types, nrows=MOST_ROWS + 1), None


def _parquet(body: bytes, schema: Schema, most_bytes: int) -> Read:
    """A small file may hold a great deal, so it is asked before it is unpacked; what it says of its own size may be a lie.

    What is bounded, whatever it says: snappy unpacks to some twenty times its size, a flat column has a value a row, and equal
    values lie in memory once.
    """
    if body.endswith(b"PAR1") and int.from_bytes(body[-8:-4], "little") > MOST_TOLD:
        most = f"what the file tells of itself is longer than the {MOST_TOLD // 1_000} kilobytes allowed"
        raise refused(f"{most}; write it in one row group and without statistics")
    told = parquet.read_metadata(io.BytesIO(body))
    if told.num_rows > MOST_ROWS or told.num_columns > MOST_COLUMNS or told.num_row_groups > MOST_ROWS:
        raise refused(f"{told.num_rows} rows and {told.num_columns} columns; legal are 1 to {MOST_ROWS} images a request")
    groups = [told.row_group(group) for group in range(told.num_row_groups)]
    if sum(group.total_byte_size for group in groups) > most_bytes:
        raise RefusedError(413, "bytes", f"the file unpacks to more than the {most_bytes // 1_000_000} megabytes allowed")
    columns = [told.schema.column(place) for place in range(told.num_columns)]
    parts = [group.column(place) for group in groups for place in range(told.num_columns)]
    odd = any(one.max_repetition_level or one.path != one.name or one.physical_type == FIXED for one in columns)
    deltas = any("DELTA" in encoding for part in parts for encoding in part.encodings)
    if odd or deltas or {part.compression for part in parts} - PACKED:
        legal = f"a parquet file is packed by snappy or not at all, and {COLUMN!r} is a plain column of it, without deltas"
        raise refused(legal)
    if sum(abs(part.num_values) for part in parts) > MOST_VALUES:
        raise refused(f"the body has more than {MOST_VALUES} values; legal are 1 to {MOST_ROWS} images a request")
    texts = [one.path for one in columns if one.physical_type == "BYTE_ARRAY"]
    return parquet.ParquetFile(io.BytesIO(body), read_dictionary=texts).read().to_pandas().astype(object), None
