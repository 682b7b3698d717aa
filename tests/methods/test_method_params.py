from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest

from unlearning.errors import InputError
from unlearning.methods import METHODS
from unlearning.methods.params import make_method


@dataclass(frozen=True)
class Sample:
    """One setting of every type."""

    name: ClassVar[str] = "sample"
    lr: float = 1e-4
    steps: int = 3
    layer: str = "head"
    quiet: bool = False


@pytest.mark.parametrize("text", ["", "   "])
@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_no_text_means_the_defaults(method, text):
    assert make_method(method, text) == method()


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


def test_a_near_miss_is_answered_with_what_was_meant():
    with pytest.raises(InputError, match=r"'step=4' is no setting of sample \(did you mean 'steps'\?\)"):
        make_method(Sample, "step=4")


@pytest.mark.parametrize("text", ["steps", "steps = 4"])
def test_a_setting_without_a_value_is_not_answered_with_its_own_name(text):
    with pytest.raises(InputError) as refusal:
        make_method(Sample, text)
    assert "did you mean 'steps'" not in str(refusal.value)


def test_a_setting_given_twice_is_refused():
    with pytest.raises(InputError, match="lr is given twice"):
        make_method(Sample, "lr=1e-3 lr=1e-4")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("lr=fast", "float"),
        ("lr=", "float"),
        ("steps=1.5", "int"),
        ("steps=1e3", "int"),
        ("steps=", "int"),
        ("quiet=maybe", "bool"),
    ],
)
def test_a_value_of_another_type_is_refused_with_the_type(text, kind):
    name, _, value = text.partition("=")
    with pytest.raises(InputError, match=f"{name}='{value}' is not of type {kind}"):
        make_method(Sample, text)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999"])
def test_numbers_that_are_not_finite_are_refused(value):
    with pytest.raises(InputError, match=f"lr='{value}' is not finite"):
        make_method(Sample, f"lr={value}")


def test_an_open_quote_is_refused_with_the_text():
    with pytest.raises(InputError, match="cannot be read"):
        make_method(Sample, "layer='the last one")


@pytest.mark.parametrize("value", ["0", "-1"])
def test_a_learning_rate_above_zero_is_asked_for_before_the_run(value):
    with pytest.raises(InputError, match=rf"lr={float(value)} of .*legal: above 0, up to 10"):
        make_method(METHODS["ft"], f"lr={value}")


@pytest.mark.parametrize(
    ("method", "settings", "words"),
    [
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
        METHODS[method](**settings)
