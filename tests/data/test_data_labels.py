"""What UTKFace file names say, and which names say nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unlearning.data.labels import GENDERS, RACES, UNKNOWN, Label, code, of_cells, parse
from unlearning.errors import InputError

LABELS = st.tuples(st.integers(0, 120), st.integers(0, 1), st.integers(0, 4), st.integers(0, 10**17))


@pytest.mark.parametrize("name", ["26_1_3_20170117195554714.JPG", "26_1_3_20170117195554714.JPG.CHIP.JPG", "026_1_3_0.jpg"])
def test_both_spellings_in_any_case_say_the_same(name):
    assert parse(name) == Label(age=26, gender=1, race=3)


@settings(derandomize=True, max_examples=50, deadline=None)
@given(LABELS, st.sampled_from([".jpg", ".jpg.chip.jpg"]))
def test_every_possible_label_is_read_back(fields, ending):
    assert parse("_".join(map(str, fields)) + ending) == Label(*fields[:3])


@pytest.mark.parametrize(
    "name",
    [
        "39_1_20170116174525125.jpg.chip.jpg",  # UTKFace holds three such names: the race is missing
        "26_1_3_4_20170117.jpg",
        "2.5_1_3_20170117.jpg",
        "1000_1_3_20170117.jpg",
        " 26_1_3_20170117.jpg",
        "26_1_3_20170117.jpg\n",
        "26_1_3_20170117.png",
        "26_1_3_20170117.jpg.chip.jpg.chip.jpg",
        "part1/26_1_3_20170117.jpg",
        "",
    ],
)
def test_another_name_is_refused_with_the_form_it_should_have(name):
    with pytest.raises(InputError, match=r"the name is not \[age\]_\[gender\]_\[race\]_\[timestamp\]\.jpg"):
        parse(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("121_1_3_1.jpg", "age 121 is not possible"),
        ("26_2_3_1.jpg", "unknown gender code 2"),
        ("26_1_5_1.jpg", "unknown race code 5"),
    ],
)
def test_an_impossible_field_is_named(name, reason):
    with pytest.raises(InputError, match=reason):
        parse(name)


@settings(derandomize=True, max_examples=50, deadline=None)
@given(st.integers(0, 120), st.sampled_from(["{}", "{}.0", "{}.00", " {} ", "0{}", "+{}", "{}e0", "{}0.0E-1"]))
def test_a_tables_age_is_a_whole_number_however_it_is_written(age, form):
    assert of_cells({"age": form.format(age)}) == Label(age)


def test_what_a_table_says_of_a_face_is_in_the_label():
    assert of_cells({"age": "30", "gender": "female", "race": "4", "subject": " 007 "}) == Label(30, 1, 4, "007")
    assert of_cells({"age": "30", "gender": "", "race": " ", "subject": ""}) == Label(30, UNKNOWN, UNKNOWN, "")


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        ("", "the age is missing"),
        ("-1", "age -1 is not possible"),
        ("121", "age 121 is not possible"),
        ("29.5", "age 29.5 is not a whole number of years"),
        ("thirty", "age 'thirty' is not a number"),
        ("3_0", "age '3_0' is not a number"),
        ("30,5", "age '30,5' is not a number"),
        ("0x1e", "age '0x1e' is not a number"),
    ],
)
def test_an_impossible_age_is_refused_with_its_reason(age, reason):
    with pytest.raises(InputError) as refusal:
        of_cells({"age": age})
    assert str(refusal.value) == reason


@pytest.mark.parametrize("age", ["1e3", "inf", "-inf", "nan", "1e400"])
def test_what_only_a_program_calls_a_number_is_no_age(age):
    with pytest.raises(InputError, match=rf"^age '?{age}'? is not (possible|a number)$"):
        of_cells({"age": age})


@pytest.mark.parametrize(("words", "kind"), [(GENDERS, "gender"), (RACES, "race")])
def test_codes_and_words_in_any_case_mean_the_same(words, kind):
    for number, word in enumerate(words):
        for text in (word, word.upper(), word.lower(), f" {word} ", str(number), f"{number}.0"):
            assert code(text, words, kind) == number
    assert code("", words, kind) == code("  ", words, kind) == UNKNOWN


@pytest.mark.parametrize("text", ["2", "-1", "0.5", "f", "woman", "malefemale", "None", "nan", "0.00"])
def test_an_unknown_word_is_refused_with_the_legal_ones(text):
    with pytest.raises(InputError) as refusal:
        code(text, GENDERS, "gender")
    assert str(refusal.value) == f"unknown gender {text!r}; legal: 0 (male), 1 (female)"
