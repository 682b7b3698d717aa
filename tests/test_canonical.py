import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unlearning.canonical import NotCanonicalError, canonical, exact, read

contents = st.recursive(
    st.none() | st.booleans() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(max_codepoint=127)), inner, max_size=3),
    max_leaves=8,
)


@given(contents)
@settings(derandomize=True, max_examples=50, deadline=None)
def test_what_is_written_is_read_back_and_written_again_as_the_same_bytes(content):
    assert read(canonical(content)) == content
    assert canonical(read(canonical(content))) == canonical(content)


def test_the_order_in_which_a_dictionary_was_filled_does_not_matter():
    assert canonical({"b": "1", "a": {"d": None, "c": True}}) == b'{"a":{"c":true,"d":null},"b":"1"}'
    assert canonical({"a": {"c": True, "d": None}, "b": "1"}) == b'{"a":{"c":true,"d":null},"b":"1"}'


def test_nothing_is_escaped_that_need_not_be():
    """As RFC 8785, 3.2.2.2 has it."""
    assert canonical('\u20ac$\x0f\nA\'B"\\\\"/\x7f') == b'"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/\x7f"'


@given(st.floats(allow_infinity=False, allow_nan=False))
@settings(derandomize=True, max_examples=200, deadline=None)
def test_a_number_reads_back_to_the_same_bits(number):
    assert float(exact(number)).hex() == number.hex()


def test_numbers_are_written_as_short_as_they_are_exact():
    assert [exact(number) for number in (0.1 + 0.2, 6.0, 1e-4, 8, -0.0, 1e300)] == [
        "0.30000000000000004",
        "6.0",
        "0.0001",
        "8",
        "-0.0",
        "1e+300",
    ]


def test_what_could_not_be_measured_is_nan_and_infinity_is_refused():
    assert exact(math.nan) == "nan"
    with pytest.raises(ValueError, match="infinite"):
        exact(math.inf)


@pytest.mark.parametrize("content", [1, 0.5, ["a", {"b": 2}]])
def test_a_bare_number_is_refused(content):
    with pytest.raises(ValueError, match="must be written as a string"):
        canonical(content)


@pytest.mark.parametrize("key", ["\u00e9", 1])
def test_a_key_that_is_not_ascii_text_is_refused(key):
    with pytest.raises(ValueError, match="not ASCII"):
        canonical({key: "a"})


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b'{"a": "b"}', "byte 5 "),
        (b'{"b":"1","a":"2"}', "byte 2 "),
        (b'{"a":"\\u0062"}', "byte 6 "),
        (b'{"a":"b"}\n', "byte 9 "),
        (b'{"a":"\xff"}', "byte 6 is not UTF-8"),
        (b'{"a":"b"', "byte 8: not JSON"),
        ('{"\u00e9":"b" "c"}'.encode(), "byte 10: not JSON"),
        (b'{"a":"b","a":"c"}', "twice"),
        (b'{"a":1}', "must be written as a string"),
        (b'{"a":NaN}', "must be written as a string"),
        (b'"\\ud800"', "not canonical"),
        (b"[" * 100_000, "not canonical"),
        (b"1" * 10_000, "not canonical"),
        (b"", "byte 0: not JSON"),
    ],
    ids=range(14),
)
def test_anything_that_is_not_canonical_is_refused_with_its_place(data, place):
    with pytest.raises(NotCanonicalError) as refusal:
        read(data)
    assert place in str(refusal.value)
