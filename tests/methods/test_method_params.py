from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest

from unlearning.errors import InputError
from unlearning.methods import METHODS
from unlearning.methods.card import check_knobs
from unlearning.methods.params import make_method


@dataclass(frozen=True)
class Sample:
    """One setting of every type."""

    name: ClassVar[str] = "sample"
    lr: float = 1e-4
    steps: int = 3
    layer: str = "head"
    quiet: bool = False


def test_no_text_means_the_defaults():
    assert all(make_method(method, text) == method() for method in METHODS.values() for text in ("", "   "))


def test_every_value_gets_the_type_of_its_field():
    made = make_method(Sample, "lr=2 steps=7 layer=stem quiet=true")
    assert made == Sample(2.0, 7, "stem", True)
    assert [type(value) for value in (made.lr, made.steps, made.layer, made.quiet)] == [float, int, str, bool]


@pytest.mark.parametrize(
    ("text", "value"), [("True", True), ("yes", True), ("1", True), ("false", False), ("No", False), ("0", False)]
)
def test_true_and_false_have_three_spellings_each(text, value):
    assert make_method(Sample, f"quiet={text}").quiet is value


def test_quotes_keep_spaces_and_a_value_may_hold_an_equals_sign():
    assert make_method(Sample, "layer='the last one' steps=2") == Sample(layer="the last one", steps=2)
    assert make_method(Sample, '"layer=the last one"').layer == "the last one"
    assert make_method(Sample, "layer=a=b").layer == "a=b"
    assert make_method(Sample, "layer=''").layer == ""


@pytest.mark.parametrize("text", ["rate=1", "lr", "lr:1", "=1", "name=x", "steps = 2"])
def test_an_unknown_setting_is_refused_with_all_legal_ones_and_their_defaults(text):
    with pytest.raises(InputError) as refusal:
        make_method(Sample, text)
    assert repr(text.split()[0]) in str(refusal.value)
    assert "legal: lr=0.0001 (float), steps=3 (int), layer=head (str), quiet=False (bool)" in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("step=4", r"'step=4' is no setting of sample \(did you mean 'steps'\?\)"),
        ("steps", "'steps' is no setting of sample, write name=value without spaces"),
        ("lr=1e-3 lr=1e-4", "lr is given twice"),
        *((f"lr={value}", f"lr='{value}' is not of type float") for value in ("fast", "")),
        *((f"steps={value}", f"steps='{value}' is not of type int") for value in ("1.5", "1e3", "")),
        ("quiet=maybe", "quiet='maybe' is not of type bool"),
        *((f"lr={value}", f"lr='{value}' is not finite") for value in ("nan", "inf", "-inf", "1e999")),
        ("layer='the last one", "cannot be read"),
    ],
)
def test_what_cannot_be_a_setting_is_refused_in_a_sentence(text, words):
    with pytest.raises(InputError, match=words):
        make_method(Sample, text)


@pytest.mark.parametrize(
    ("method", "settings", "words"),
    [
        ("ft", {"lr": 0.0}, "lr=0.0 of .*legal: above 0, up to 10"),
        ("amnesiac", {"moments": "forget"}, "unknown moments 'forget'.*legal: all, retain"),
        ("bad_teacher", {"teacher": "worst"}, "unknown teacher 'worst'; legal: random, proxy"),
        ("rnd", {"offset_min": 7}, "offset_min=7 and offset_max=6: legal"),
        ("rnd", {"youngest": 60.0}, "youngest=60.0 and oldest=60.0: legal"),
        ("rnd_full", {"oldest": 10.0}, "youngest=20.0 and oldest=10.0: legal"),
        ("salun", {"youngest": 60.0}, "youngest=60.0 and oldest=60.0: legal"),
        ("salun", {"saliency": "mean"}, "unknown saliency 'mean'; legal: sum, face"),
        ("scrub", {"decay_after": "5;8"}, "decay_after='5;8'.*as 5,8,9"),
        ("scrub", {"distance": "cosine"}, "unknown distance 'cosine'; legal: absolute, gaussian"),
    ],
)
def test_a_setting_that_a_method_cannot_take_is_refused_with_what_is_legal(method, settings, words):
    with pytest.raises(InputError, match=words):
        check_knobs(METHODS[method](**settings))
