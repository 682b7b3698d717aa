"""Whatever is sent, the answer is one sentence that repeats nothing of it, and the server goes on."""

import io
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlflow.types import ColSpec, Schema
from PIL import Image
from pyarrow import parquet

from asking import started
from places import ROOT
from tools.fuzz_server import attack
from unlearning.server import http, reading
from unlearning.server.limits import Limits
from waiting import wait_until

MARK = "a-mark-that-no-answer-repeats"


def refusal(answer: requests.Response) -> str:
    """The sentence of a refusal, which is the server's own."""
    assert 400 <= answer.status_code < 500 or answer.status_code == 503, answer.text
    assert answer.json().keys() == {"error_code", "message"}
    assert len(answer.text) < 400
    assert not [word for word in ("\n", "Traceback", MARK, str(ROOT)) if word in "".join(answer.json().values())]
    return answer.json()["message"]


def as_text(value) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    ("body", "kind", "status", "words"),
    [
        (b"x", None, 415, "Content-Type is not read; legal are application/json, text/csv"),
        (b"x", f"text/{MARK}", 415, "Content-Type is not read"),
        (b"x", f"application/json; charset={MARK}", 415, "charset=utf-8"),
        (MARK.encode(), "application/json", 400, "is no JSON: Expecting value at character 0"),
        (b'"\xff\xfe"', "application/json", 400, "not encoded as UTF-8"),
        (b"[" * 5_000, "application/json", 400, "nested too deeply"),
        (b"[" * 100_000, "application/json", 400, "more than 10000 values"),
        (as_text([MARK]), "application/json", 400, "must be a JSON object with one of dataframe_records"),
        (as_text({"messages": [{"content": MARK}]}), "application/json", 400, "with one of dataframe_records"),
        (as_text({"inputs": [], "instances": []}), "application/json", 400, "with one of dataframe_records"),
        (as_text({"inputs": MARK, "params": {MARK: 1}}), "application/json", 400, "params may have 'tell_version'"),
        (as_text({"inputs": {"image": ["AAAA"]}, "params": {"tell_version": MARK}}), "application/json", 400, "true or false"),
        *(
            (as_text(one), "application/json", 400, "the one column 'image'")
            for one in (
                {"dataframe_split": {"columns": [MARK], "data": [["x"]]}},
                {"dataframe_split": {"columns": ["image"], "data": [["x", MARK]]}},
                {"dataframe_split": MARK},
                {"dataframe_records": [MARK]},
                {"instances": [[1, [MARK]]]},
                {"inputs": {MARK: ["x"]}},
                {"inputs": [{MARK: 1}, 7]},
            )
        ),
        (as_text({"dataframe_records": []}), "application/json", 400, "the column is missing; legal is the one column 'image'"),
        (as_text({"inputs": {"image": ["AAAA"], MARK: ["AAAA"]}}), "application/json", 400, "not a JPEG or PNG image"),
        (as_text({"instances": {"image": MARK}}), "application/json", 400, "neither a JPEG or PNG image nor base64"),
        (as_text({"dataframe_records": [{"image": {"a": MARK}}]}), "application/json", 400, "dict is neither bytes"),
        (as_text({"dataframe_records": [{"image": "AAAA", "face": MARK}]}), "application/json", 400, ""),
        (as_text({"dataframe_split": {"columns": ["image"], "data": []}}), "application/json", 400, "0 rows; legal are 1 to"),
        (as_text({"inputs": {"image": ["AAAA"] * 1_001}}), "application/json", 400, "1001 rows; legal are 1 to 1000"),
        (f"{MARK}\nx\n".encode(), "text/csv", 400, "legal is the one column 'image'"),
        (b"image\n" + b"AAAA\n" * 2_000, "text/csv", 400, "1001 rows; legal are 1 to 1000"),
        (b"," * 1_000_000, "text/csv", 400, "more than 10000 values"),
        (b"image\n\xff\xfe\n", "text/csv", 400, "the one column 'image'"),
        (b"", "text/csv", 400, "the one column 'image'"),
        (MARK.encode(), "application/vnd.apache.parquet", 400, "the one column 'image'"),
        (MARK.encode(), "image/jpeg", 400, "JPEG or PNG image"),
        (b"\0\0\0\x18ftypheic" + MARK.encode(), "image/jpeg", 400, "not a JPEG or PNG image but HEIC; save it as JPEG or PNG"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/png", 400, "but WebP"),
        (b"\0\0\0\x18ftypavif", "image/png", 400, "but AVIF"),
        (b"", "image/png", 400, "the image is empty"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(asked, body, kind, status, words):
    answer = asked.send(body, kind)
    assert (answer.status_code, words in refusal(answer)) == (status, True), answer.text


def test_a_small_file_that_says_it_is_large_is_not_unpacked(asked):
    fixed = pa.array([bytes(1_000)] * 1_000, pa.binary(1_000))
    for values, codec, words in (
        ([b"x"] * 500_000, "zstd", "500000 rows"),
        ([bytes(100_000_000)], "snappy", "unpacks to more than the 64 megabytes"),
        ([bytes(10_000_000)], "zstd", "packed by snappy or not at all"),
        ([[None] * 1_000_000], "snappy", "a plain column"),
        (fixed, "snappy", "a plain column"),
        ([{"a": {"b": b"x"}}], "snappy", "a plain column"),
    ):
        file = io.BytesIO()
        parquet.write_table(pa.table({"image": values}), file, compression=codec)
        assert len(file.getvalue()) < 5_000_000
        before = time.monotonic()
        assert words in refusal(asked.send(file.getvalue(), "application/vnd.apache.parquet"))
        assert time.monotonic() - before < 10


def test_a_file_that_tells_much_of_itself_is_refused_before_that_is_read(asked):
    """In 80 kilobytes a column is nested so deeply that the library which reads it ends the process."""
    file = io.BytesIO()
    parquet.write_table(pa.table({"image": [b"x"]}).replace_schema_metadata({MARK: "x" * 30_000}), file)
    assert "longer than the 30 kilobytes" in refusal(asked.send(file.getvalue(), reading.PARQUET))


def test_a_file_that_says_it_has_one_row_and_has_a_million_is_not_read(asked):
    file = io.BytesIO()
    parquet.write_table(pa.table({"image": pa.nulls(1_000_000, pa.binary())}), file)
    begin = len(file.getvalue()) - 8 - int.from_bytes(file.getvalue()[-8:-4], "little")  # of the part that says it
    million, one = b"\x80\x89\x7a", b"\x82\x80\x00"  # as its numbers are written
    body = file.getvalue()[:begin] + file.getvalue()[begin:].replace(million, one, 1)
    assert parquet.read_metadata(io.BytesIO(body)).num_rows == 1
    assert "more than 10000 values" in refusal(asked.send(body, reading.PARQUET))


@pytest.mark.parametrize("kind", [pa.binary(), pa.string()])
def test_equal_pictures_of_a_file_lie_in_memory_once(kind):
    """The file says that it holds half a megabyte, and it does: each of a thousand rows names the same value."""
    file, size = io.BytesIO(), 500_000
    once = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000, pa.int32()), pa.array([b"A" * size]).cast(kind))
    parquet.write_table(pa.table({"image": once}), file, store_schema=False)
    before = pa.default_memory_pool().max_memory()
    rows, _ = reading.read(file.getvalue(), reading.PARQUET, Schema([ColSpec("binary", "image")]), 64_000_000)
    assert [len(row) for row in rows.image] == [size] * 1_000
    assert pa.default_memory_pool().max_memory() - before < 50_000_000


def test_unknown_paths_and_methods_are_refused_alike(asked):
    for ask in (requests.get, requests.put, requests.delete):
        assert refusal(ask(f"{asked.address}/invocations/{MARK}", timeout=60)).startswith("this path and method are not known")
    assert "legal paths are" in refusal(requests.get(f"{asked.address}/invocations", timeout=60))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["image", "columns", "data", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)
forms = st.sampled_from(["dataframe_split", "dataframe_records", "instances", "inputs", "params", "index"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(forms, values, max_size=2) | values)
def test_no_json_gets_more_than_a_sentence(asked, body):
    refusal(asked.send(json.dumps(body).encode(), "application/json"))


@pytest.fixture(scope="module")
def strict(workplace, promoted_store):
    """A server with little room."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{promoted_store}")
        patch.setattr(http, "HEAD_SECONDS", 1.0)
        with started(Limits(queue=2, megabytes=1, megapixels=1, seconds=2)) as own:
            yield own


def test_too_many_bytes_are_refused_with_the_bound_also_where_their_number_is_not_told(strict):
    for body in (bytes(1_000_001), (bytes(100_000) for _ in range(11))):
        answer = strict.send(body, "image/png")
        assert (answer.status_code, "1 megabytes" in refusal(answer)) == (413, True)


def test_pictures_that_are_legal_one_by_one_are_too_many_pixels_together(strict):
    file = io.BytesIO()
    Image.new("L", (800, 800)).save(file, "PNG")
    assert strict.send(file.getvalue(), "image/png").status_code == 200
    table = io.BytesIO()
    pd.DataFrame({"image": [file.getvalue()] * 2}).to_parquet(table)
    answer = strict.send(table.getvalue(), "application/vnd.apache.parquet")
    assert (answer.status_code, "more than the 1 megapixels allowed in a request" in refusal(answer)) == (413, True)


def slowly(address: str, head: bytes) -> bytes:
    """What a client hears that sends no more than this."""
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as own:
        own.sendall(head)
        return own.recv(10_000)


def test_slow_clients_do_not_hold_a_place(strict):
    head = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 9\r\n"
    assert slowly(strict.address, head) == b"", "a head that does not end"
    assert b"408" in slowly(strict.address, head + b"\r\nabc").partition(b"\r\n")[0], "a body that does not end"


def test_who_finds_no_place_is_told_to_come_back(strict, pictures):
    """Two clients that send slowly hold both places; the third is not kept waiting."""
    head = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 9\r\n\r\nabc"
    with ThreadPoolExecutor(2) as pool:
        slow = [pool.submit(slowly, strict.address, head) for _ in range(2)]
        wait_until(lambda: strict.numbers()["age_requests_in_flight"] == 2)
        answer = strict.send(pictures[0], "image/jpeg")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert refusal(answer) == "the server is busy; ask again in a second"
        assert [one.result()[9:12] for one in slow] == [b"408", b"408"]
    assert strict.send(pictures[0], "image/jpeg").status_code == 200


def test_nothing_of_a_picture_is_logged(asked, pictures, texts, capfd, caplog):
    caplog.set_level(0)
    cut = np.frombuffer(pictures[0], np.uint8)[:-200].tobytes()
    for body in ({"inputs": {"image": [texts[0][:-300]]}}, {"inputs": {"image": ["AAAA"], MARK: ["AAAA"]}}):
        refusal(asked.json(body))
    refusal(asked.send(cut, "image/jpeg"))
    out = "".join(capfd.readouterr()) + caplog.text
    assert '"status": 400' in out
    assert texts[0][:30] not in out
    assert MARK not in out
    assert "Traceback" not in out


@pytest.mark.slow
def test_a_short_attack_gets_nothing_but_refusals(asked):
    """``tools/fuzz_server.py`` sends ten thousand; here are some of another seed."""
    said = attack(asked.address, 150, seed=1)
    assert said["faults"] == {}
    assert set(said["statuses"]) <= {200, 400, 413, 415}
