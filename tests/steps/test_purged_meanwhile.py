"""What is purged, or served, while a step works: the step notices when it acts, or its work is kept."""

import pytest

from unlearning.errors import InputError
from unlearning.once import OF_THE_PROCESS
from unlearning.purge import rules
from unlearning.purge.rules import Deed
from unlearning.registry import moves
from unlearning.registry.lookup import find, state_of
from unlearning.registry.transitions import transition
from unlearning.repair import mending
from unlearning.settings.forgetting import PromoteSettings, UnlearnSettings
from unlearning.steps import promote as promoting
from unlearning.steps import purge as purging
from unlearning.steps import unlearn as unlearning
from unlearning.steps.purge import PurgeSettings

OTHER = "other"
DEED = Deed("me", "2026-11-24T12:00:00Z", "a run")


def _begin_purge(number: int) -> None:
    transition(OTHER, lambda known: rules.begun(state_of(known), number, DEED), "purge")


def _around(monkeypatch, module, name: str, act) -> None:
    """Let something happen just after a step has called a function of its module."""
    own = getattr(module, name)

    def called(*arguments, **named):
        result = own(*arguments, **named)
        act()
        return result

    monkeypatch.setattr(module, name, called)


def test_a_version_that_is_purged_while_its_gates_are_measured_is_not_served(two_models, monkeypatch):
    _around(monkeypatch, promoting, "decide", lambda: _begin_purge(4))
    with pytest.raises(InputError, match=r"version 4 is not promoted: it was purged, or is being purged"):
        promoting.promote(PromoteSettings("4", "test_mae < 100", name=OTHER))
    assert find(OTHER, "champion").number == 3
    assert mending.examine(OTHER).found == []


def test_a_version_that_is_served_while_its_files_are_listed_is_not_purged(two_models, monkeypatch):
    def serve():
        transition(OTHER, lambda known: moves.promote(known, 4, "20-28", {}))

    files = {path for path in two_models.rglob("*") if path.suffix in (".safetensors", ".parquet")}
    _around(monkeypatch, purging, "_plan", serve)
    with pytest.raises(InputError, match="version 4 is the champion, which is never purged"):
        purging.purge(PurgeSettings("4", f"{OTHER}/4", name=OTHER))
    assert find(OTHER, "champion").number == 4
    assert files == {path for path in two_models.rglob("*") if path.suffix in (".safetensors", ".parquet")}


def test_what_was_made_from_a_version_that_is_purged_meanwhile_is_kept(two_models, monkeypatch):
    """Its parent is being purged, and its reference's files are gone, when the method has done its work."""

    def lose():
        OF_THE_PROCESS.clear()  # another test may have read the table
        _begin_purge(1)
        purging.purge(PurgeSettings("2", f"{OTHER}/2", name=OTHER))

    _around(monkeypatch, unlearning, "forget", lose)
    (made,) = unlearning.unlearn(UnlearnSettings(epochs=(1,), model="1", name=OTHER))
    assert (made.number, made.tag("state"), made.tag("parent_version")) == (5, "candidate", "1")
    assert float(made.tag("F")) > 0
    assert mending.examine(OTHER).found == []
    promoting.promote(PromoteSettings("5", "test_mae < 100", name=OTHER))
    assert find(OTHER, "champion").tag("state") == "unproven"  # what would have shown it is gone
