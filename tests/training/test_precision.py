import pytest

from unlearning.training import precision
from unlearning.training.precision import resolve_precision
from unlearning.training.recipe import PRECISIONS


@pytest.mark.parametrize("able", [True, False])
def test_auto_is_bfloat16_where_the_processor_has_it_and_any_other_precision_is_as_asked(monkeypatch, able):
    monkeypatch.setattr(precision, "_has_bfloat16", lambda: able)
    auto = "bf16-mixed" if able else "32-true"
    assert [resolve_precision(name) for name in PRECISIONS] == [auto if name == "auto" else name for name in PRECISIONS]


@pytest.mark.parametrize(("capability", "able"), [("avx512_bf16", True), ("amx_bf16", True), ("avx512_f", False)])
def test_a_processor_has_bfloat16_by_its_instructions(monkeypatch, capability, able):
    monkeypatch.setattr(precision.torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(precision.torch.cpu, "get_capabilities", lambda: {capability: True})
    assert resolve_precision("auto") == ("bf16-mixed" if able else "32-true")
