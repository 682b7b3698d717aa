"""What every method owes, whatever it does. A new method is tested by being in METHODS."""

import re
from dataclasses import MISSING, FrozenInstanceError, dataclass, fields, is_dataclass

import pytest
import torch

from unlearning.data.faces import Batches
from unlearning.errors import DivergedError
from unlearning.methods import METHODS
from unlearning.methods.card import FORGET, RETAIN
from unlearning.methods.task import UnlearningTask
from unlearning.models.ensemble import weights_digest

# These measure validation faces to choose their weights or a bound by; all others may not know them at all.
READS_VALIDATION = {"retrain", "neggrad", "neggrad_plus", "adv_neggrad", "scrub"}
NOT_SEARCHED = {
    "youngest": "the range of ages is the data's",
    "oldest": "the range of ages is the data's",
    "momentum": "the source's optimiser",
    "weight_decay": "the source's optimiser",
    "clip": "a bound against accidents, which usual steps do not reach",
    "decay": "goes with the epochs it comes after, which are a text",
    "plain_epochs": "what is possible depends on the number of passes",
}

every = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
# What needs a scheme of training cannot run on the model of these tests; its own tests have another.
RUN = {name: method for name, method in METHODS.items() if not method.card.scheme}
runs = pytest.mark.parametrize("method", RUN.values(), ids=RUN)
# What a test asks for may be no business of a method: it is not run for it, rather than passed without having asked.
PASSES = {name: method for name, method in RUN.items() if method.epochs}
passes = pytest.mark.parametrize("method", PASSES.values(), ids=PASSES)
PREFIX = {name: method for name, method in PASSES.items() if method.card.prefix}


@dataclass(frozen=True)
class Outcome:
    """What a run left: digests of its network, at the end and after every epoch, its task, and whether it changed faces."""

    digest: str
    passing: tuple[str, ...]
    task: UnlearningTask
    network: torch.nn.Module
    same_random: bool
    same_faces: bool


KNOWN: dict[tuple, Outcome] = {}


def run(method, make_task, epochs=1, **settings) -> Outcome:
    """A run of the method with its defaults."""
    passing = []
    task = make_task(epochs=epochs, after_epoch=lambda epoch, model: passing.append(weights_digest(model)), **settings)
    faces, random = content(task), torch.get_rng_state()
    network = method().unlearn(task)
    same = torch.equal(torch.get_rng_state(), random), content(task) == faces
    return Outcome(weights_digest(network), tuple(passing), task, network, *same)


def content(task) -> list:
    """Tables, ages and pictures of a task, to be compared."""
    sets = (task.retain, task.forget)
    return [(faces.frame.to_csv(), faces.ages.tolist(), faces.pixels.tobytes()) for faces in sets]


def once(method, make_task, **settings) -> Outcome:
    """``run``, but the same run only once in a session."""
    key = (method.name, *sorted(settings.items()))
    if key not in KNOWN:
        KNOWN[key] = run(method, make_task, **settings)
    return KNOWN[key]


def hooks(network) -> int:
    found = [len(module._forward_hooks) + len(module._forward_pre_hooks) for module in network.modules()]
    return sum(found) + sum(len(weight._backward_hooks or ()) for weight in network.parameters())


@runs
def test_it_returns_a_changed_network_with_finite_weights_in_eval_mode(method, make_task):
    outcome = once(method, make_task)
    assert all(torch.isfinite(value).all() for value in outcome.network.state_dict().values())
    assert outcome.digest != weights_digest(make_task.original)
    assert not any(module.training for module in outcome.network.modules())
    assert not hooks(outcome.network)


@runs
def test_the_model_it_was_given_stays_as_it_was(method, make_task):
    outcome = once(method, make_task)
    model = outcome.task.model
    assert weights_digest(model) == weights_digest(make_task.original)
    assert not any(module.training for module in model.modules())
    assert all(weight.requires_grad and weight.grad is None for weight in model.parameters())
    assert not hooks(model)
    own = {weight.data_ptr() for weight in outcome.network.parameters()}
    assert not own & {weight.data_ptr() for weight in model.parameters()}


@runs
def test_the_seed_decides_the_weights_and_no_unseen_face_nor_random_number_of_the_caller_does(method, make_task):
    """Test faces are negatives here, and validation faces too where the method does not measure them."""
    first = once(method, make_task).digest
    torch.manual_seed(99)
    spoilt = ("test",) if method.name in READS_VALIDATION else ("test", "validation")
    assert run(method, make_task, spoilt=spoilt).digest == first


@passes
def test_an_epoch_is_announced_for_every_pass_that_was_asked_for(method, make_task):
    assert len(once(method, make_task, epochs=2).passing) == 2


@pytest.mark.parametrize("method", PREFIX.values(), ids=PREFIX)
def test_the_first_epoch_of_two_is_a_run_of_one_bit_for_bit_if_the_card_says_so(method, make_task):
    """With batch norm and dropout: so one optimisation gives the versions of all milestones."""
    kinds = {type(module).__name__ for module in make_task.original.modules()}
    assert "Dropout" in kinds
    assert any("BatchNorm" in kind for kind in kinds)
    both = once(method, make_task, epochs=2)
    assert both.passing == (once(method, make_task).digest, both.digest)


@runs
@pytest.mark.parametrize("part", [RETAIN, FORGET])
def test_it_reads_the_sets_that_its_card_names_and_no_other(method, make_task, part):
    plain, spoilt = once(method, make_task), once(method, make_task, spoilt=(part,))
    assert (spoilt.digest != plain.digest) == (part in method.card.touches)


@runs
def test_what_it_shows_is_counted_and_faces_and_global_random_numbers_are_left_as_they_were(method, make_task):
    outcome = once(method, make_task)
    meter = outcome.task.meter
    assert (meter.retain > 0) == (RETAIN in method.card.touches)
    assert (meter.forget > 0) == (FORGET in method.card.touches)
    assert outcome.same_faces
    assert outcome.same_random


@runs
def test_an_interruption_goes_through_and_leaves_the_model_as_it_was(method, make_task):
    def interrupt(done: float) -> None:
        raise KeyboardInterrupt

    task = make_task(after_step=interrupt)
    try:
        method().unlearn(task)
        assert not method.epochs, "a method that makes passes tells of its steps"
    except KeyboardInterrupt:
        assert weights_digest(task.model) == weights_digest(make_task.original)
        assert not hooks(task.model)


@passes
def test_another_seed_gives_other_weights_and_every_batch_is_told_of_before_the_next_is_drawn(method, make_task, monkeypatch):
    """By the epochs' bar or a bar of its own: nobody waits before a screen that stands still. Two may stand side by side."""
    silent, longest, drawn = [0], [0], Batches.__iter__

    def note(batches):
        for batch in drawn(batches):
            silent[0] += 1
            longest[0] = max(longest[0], silent[0])
            yield batch

    def told(*given) -> None:
        silent[0] = 0

    def track(items, count, title):
        assert title
        assert count == len(items)
        for item in items:
            told()
            yield item

    monkeypatch.setattr(Batches, "__iter__", note)
    network = method().unlearn(make_task(seed=1, after_step=told, track=track))
    assert 0 < longest[0] <= 2, "batches that nobody heard of"
    monkeypatch.undo()
    assert weights_digest(network) != once(method, make_task).digest


@passes
def test_a_loss_that_is_not_finite_ends_the_run_with_a_sentence(method, make_task):
    task = make_task()
    with torch.no_grad():
        for weight in task.model.parameters():
            weight.fill_(torch.nan)
    with pytest.raises(DivergedError, match="the loss became nan at step 1"):
        method().unlearn(task)


@every
def test_it_is_frozen_settings_with_a_default_and_a_plain_type_each(method):
    assert is_dataclass(method)
    for field in fields(method):
        assert field.default is not MISSING
        assert field.type in ("int", "float", "str", "bool")
        assert type(field.default).__name__ == field.type
    with pytest.raises(FrozenInstanceError):
        method().name = "another"


@every
def test_every_number_has_a_legal_range_around_its_default_and_a_range_to_search_or_a_reason(method):
    for field in fields(method):
        about, search = field.metadata, field.metadata.get("search")
        if field.type in ("int", "float"):
            assert about["low"] <= field.default <= about["high"]
            assert search or field.name in NOT_SEARCHED, f"{field.name} has no range to search, and no reason for it"
        if search and field.type in ("int", "float"):
            assert about["low"] <= search[0] <= field.default <= search[1] <= about["high"]
            assert not about["log"] or search[0] > 0
        elif search:
            assert field.default in search


@every
def test_its_card_is_filled_in_its_first_line_describes_it_and_every_setting_is_explained(method):
    card = method.card
    assert all((card.formula, card.cost, card.fails))
    assert set(card.touches) <= {RETAIN, FORGET}
    assert card.touches
    assert re.search(r"\b(19|20)\d\d\b", card.source), "a source has a year"
    assert method.epochs >= 0
    first = method.__doc__.splitlines()[0]
    assert first.endswith(".")
    assert len(first) < 128
    assert all(f"        {field.name}: " in method.__doc__ for field in fields(method))


@every
def test_its_name_can_be_part_of_an_alias(method):
    assert METHODS[method.name] is method
    assert method.name.replace("_", "").isalnum()
    assert method.name == method.name.lower()
