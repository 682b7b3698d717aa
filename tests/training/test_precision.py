import pytest
import torch

from unlearning.training import precision
from unlearning.training.precision import resolve_precision
from unlearning.training.recipe import PRECISIONS


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("UNLEARNING_CACHE", str(tmp_path))


@pytest.mark.parametrize("name", [name for name in PRECISIONS if name != "auto"])
def test_a_precision_that_was_asked_for_is_not_questioned(name, spec):
    assert resolve_precision(name, spec, 4) == name


def test_auto_is_one_of_two_and_the_same_at_every_call(spec):
    first = resolve_precision("auto", spec, 4)
    assert first in ("32-true", "bf16-mixed")
    assert resolve_precision("auto", spec, 4) == first


def test_timing_leaves_global_random_numbers_as_they_were(spec):
    before = torch.get_rng_state()
    resolve_precision("auto", spec, 4)
    assert torch.equal(torch.get_rng_state(), before)


def test_without_bfloat16_arithmetic_nothing_is_timed(spec, monkeypatch):
    monkeypatch.setattr(precision, "_has_bfloat16", lambda: False)
    monkeypatch.setattr(precision, "_time_steps", None)
    assert resolve_precision("auto", spec, 4) == "32-true"


@pytest.mark.parametrize(("plain", "half", "faster"), [(1.0, 0.5, "bf16-mixed"), (1.0, 0.95, "32-true"), (1.0, 9.0, "32-true")])
def test_bfloat16_has_to_win_by_a_margin_and_a_noisy_clock_changes_nothing_later(spec, monkeypatch, plain, half, faster):
    monkeypatch.setattr(precision, "_has_bfloat16", lambda: True)
    monkeypatch.setattr(precision, "_time_steps", lambda name, *_: {"32-true": plain, "bf16-mixed": half}[name])
    assert resolve_precision("auto", spec, 4) == faster
    monkeypatch.setattr(precision, "_time_steps", lambda name, *_: {"32-true": half, "bf16-mixed": plain}[name])
    assert resolve_precision("auto", spec, 4) == faster


def test_another_batch_size_is_another_question(spec, monkeypatch):
    monkeypatch.setattr(precision, "_has_bfloat16", lambda: True)
    monkeypatch.setattr(precision, "_time_steps", lambda name, _, size: size if name == "32-true" else 8)
    assert [resolve_precision("auto", spec, size) for size in (4, 16)] == ["32-true", "bf16-mixed"]
