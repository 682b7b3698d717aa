"""Settings that cannot be meant are refused with the legal ones."""

import pytest

from unlearning.data.settings import DataSettings
from unlearning.errors import InputError


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fraction": 0.0}, "fraction=0.0 is not possible; legal: above 0, up to 1"),
        ({"fraction": 1.1}, "fraction=1.1"),
        ({"fraction": -0.3}, "fraction=-0.3"),
        ({"fraction": float("nan")}, "fraction=nan"),
        ({"min_age": 60, "max_age": 20}, "min_age=60 is not below max_age=20"),
        ({"min_brightness": 200.0, "max_brightness": 100.0}, "min_brightness=200.0 is not below max_brightness=100.0"),
        ({"duplicates": "drop"}, "duplicates='drop' is not known; legal: keep_one, leave_out"),
        ({"near_duplicates": "leave_out"}, "near_duplicates='leave_out' is not known; legal: together, keep_one"),
        ({"contradictions": "together"}, "contradictions='together' is not known; legal: leave_out, keep_one"),
        ({"split": "name"}, "split='name' is not known; legal: random, hash"),
        ({"split": "hash", "stratify": "age"}, "split=hash looks at no ages, so stratify=age cannot be kept"),
        ({"stratify": "gender"}, "stratify='gender' is not known; legal: none, age"),
    ],
)
def test_an_impossible_setting_is_named_with_the_legal_ones(changes, words):
    with pytest.raises(InputError) as refusal:
        DataSettings(**changes)
    assert words in str(refusal.value)


def test_settings_give_themselves_back():
    settings = DataSettings(fraction=0.3, augment_to=150)
    assert DataSettings(**settings.as_dict()) == settings


def test_a_split_that_nobody_asked_for_is_not_told():
    """The fingerprints of runs from before there was a choice are made of the same settings."""
    assert "split" not in DataSettings().as_dict()
    asked = DataSettings(split="hash")
    assert DataSettings.from_dict(asked.as_dict()) == asked
