"""Carrying a transition out: all of it, or what was done is put back, by this process or by the next one.

A transition writes in this order (``carry_out``):

1. ``audit.jsonl.next``: the journal with the entries of the transition. They hold what stood before, so from here on whoever
   finds the transition half done can undo it.
2. What changes of versions and aliases, one write after the other (``writes.become``).
3. The tag ``audit.head`` of the registered model, the hash of the last entry: with this one write the transition has happened.
4. The description of the registered model (``answer.tell``), which follows from its versions.
5. ``audit.jsonl``. It comes last and from a copy beside it, because MLflow replaces an artifact in more than one step.

Of a process that dies before 3 the tag does not name the entries: the next one undoes them. Of one that dies after 3
``audit.jsonl`` is behind: the next one does 4 and 5. Both happen in ``ready_journal``, under the lock, before anything else.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import mlflow
from mlflow.exceptions import MlflowException

from unlearning.canonical import moment
from unlearning.commands import command
from unlearning.errors import InputError
from unlearning.registry import answer, hash_chain, journal
from unlearning.registry.entries import BEGIN, FOUND, Entry, entry_of, undone
from unlearning.registry.journal import EXPERIMENT, FILE, HEAD, NEXT, RUN, Journal, find_journal
from unlearning.registry.lock import Lock, LockLostError, registry_lock
from unlearning.registry.logged_models import name_one_more
from unlearning.registry.lookup import find_or_none, read_versions, state_of
from unlearning.registry.moves import Act
from unlearning.registry.record import packed
from unlearning.registry.version import CHAMPION, Move, State, Version, applied
from unlearning.registry.writes import become
from unlearning.tracking import runs
from unlearning.tracking.answers import first_line, refused_in_words, store_errors

INSTALLING = "installing"
# An alias that no version has: taking it away changes nothing and takes the same right as taking away any other.
NO_ALIAS = "no-version-has-this-alias"


@dataclass(frozen=True)
class Held:
    """A registered model whose lock this process holds.

    Args:
        model: its name.
        lock: asked before every write whether it is still this process's.
        journal: of the model, with nothing half done.
    """

    model: str
    lock: Lock
    journal: Journal

    def state(self) -> State:
        """All versions, read anew."""
        return state_of(read_versions(self.model))

    def become(self, now: State, wanted: State) -> None:
        """Write what differs between two states of the registry."""
        become(self.model, now, wanted, self.lock.confirm)

    def write(self, name: str, content: bytes) -> None:
        """Replace a file of the journal."""
        self.lock.confirm()
        self.journal.write(name, content)


@contextmanager
def explained(model: str) -> Iterator[None]:
    """A server's refusal as a sentence."""
    right = (
        f"ask who runs it for the right MANAGE on the registered model {model}, whose aliases a change may take away, and EDIT "
        f"on the experiment {EXPERIMENT!r}, where it is recorded"
    )
    with refused_in_words(f"read {model} and not change it", right):
        yield


def require_rights(model: str) -> None:
    """Ask a server for the right MANAGE before anything is written.

    EDIT lets a transition begin, but not take tags, aliases and versions away: neither to come to its end, nor to be put back.
    """
    mlflow.MlflowClient().delete_registered_model_alias(model, NO_ALIAS)


@contextmanager
def _holding(model: str) -> Iterator[Held]:
    with explained(model), registry_lock(model) as lock:
        require_rights(model)
        yield ready_journal(model, lock)


def ready_journal(model: str, lock: Lock) -> Held:
    """Under the lock: finish or undo what a process began and did not end, because it died.

    Raises:
        InputError: the journal is damaged.
    """
    held = Held(model, lock, find_journal(model) or journal.create(model))
    found = held.journal
    if found.damage:
        raise InputError(
            f"the journal of {model} (run {found.run_id or 'gone'}) is damaged: {found.damage}; nothing is changed until it "
            f"is repaired: {command('repair', model)}"
        )
    if found.is_behind:
        answer.tell(model, held.state())
        held.write(FILE, found.text)
    if found.begun:
        _undo(held, found.begun)
        held.write(NEXT, found.text)  # only now: until here the entries told the next process what to undo
    return held


def remove_unfinished(held: Held, now: State) -> bool:
    """Delete those of some versions that were registered and not installed; True when there were any."""
    finished = {number: facts for number, facts in now.items() if INSTALLING not in facts.tags}
    held.become(now, finished)
    return len(finished) < len(now)


def carry_out(held: Held, entries: list[Entry], now: State, after: State) -> None:
    """Make the registry say ``after`` and the journal say why, in the order that this module begins with.

    Raises:
        InputError: a write failed, and so did putting back what was done before.
        BaseException: whatever a write raised; registry and journal are as they were, and MLflow's page says what the registry
            says.
    """
    text = held.journal.with_entries(entries)
    held.write(NEXT, text)
    try:
        held.become(now, after)
        _set_head(held, hash_chain.head(text))
        answer.tell(held.model, after)
        held.journal.write(FILE, text)
    except LockLostError:
        raise  # the next owner of the lock undoes what was begun, and may have gone on since: nothing more is written
    except BaseException as error:
        _put_back(held, entries, error)
        raise


def _put_back(held: Held, entries: list[Entry], error: BaseException) -> None:
    """The other way round: the tag, so that nothing has happened; the registry; then the journal that told how.

    MLflow's page says afterwards what the registry says, also where it said something else before. A journal that cannot be
    written is left for the next transition, which can tell from the tag.
    """
    try:
        _set_head(held, held.journal.head)
        _undo(held, entries)
    except store_errors() as second:
        raise InputError(
            f"{first_line(error)}; what was changed of {held.model} before that could not be put back ({first_line(second)}): "
            f"the next transition will do it, or: {command('repair', held.model)}"
        ) from error
    held.lock.confirm()
    try:
        held.journal.write(FILE, held.journal.text)
        held.journal.write(NEXT, held.journal.text)
    except store_errors():
        return


def _undo(held: Held, entries: Sequence[Entry]) -> None:
    now = wanted = held.state()
    for entry in reversed(entries):
        wanted = undone(wanted, entry)
    held.become(now, wanted)
    answer.tell(held.model, wanted)


def _set_head(held: Held, head: str) -> None:
    held.lock.confirm()
    client = mlflow.MlflowClient()
    tags = client.get_registered_model(held.model).tags
    if tags.get(RUN) != held.journal.run_id:
        client.set_registered_model_tag(held.model, RUN, held.journal.run_id)
    if head:
        client.set_registered_model_tag(held.model, HEAD, head)
    elif HEAD in tags:
        client.delete_registered_model_tag(held.model, HEAD)


def transition(model: str, decide: Callable[[list[Version]], Move], what: str = "promote", reason: str = "") -> list[Version]:
    """Move versions between stages and aliases, all or nothing, one transition at a time, and record it in the journal.

    Args:
        decide: called under the lock with the versions as they are; returns the changes, and the aliases to set as a
            dictionary from alias to version number (None takes the alias away).
        what: promote, rollback, install, repair, purge, ...: for the journal.

    Returns:
        The versions as they are afterwards. When a write fails, also to the journal, what was written is put back and the
        error goes on.
    """
    with _holding(model) as held:
        return _move(held, decide, occasion(model, what, reason))


def add(
    model: str,
    model_id: str,
    run_id: str,
    tags: dict[str, str],
    description: str,
    move: Callable[[list[Version], int], Move],
) -> Version:
    """Register a logged model as a new version and move it to its stage and aliases; without the move there is no version.

    The version is made with a tag that says so; ``_move`` takes it away with the other writes of the transition. Whoever finds
    the tag under the lock knows that the process died in between.

    Args:
        move: (versions, number of the new one) -> changes and aliases, as ``transition`` wants them.
    """
    client = mlflow.MlflowClient()
    try:
        client.create_registered_model(model, description=answer.LEAD)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    with _holding(model) as held:
        held.lock.confirm()
        source, unfinished = f"models:/{model_id}", packed(tags) | {INSTALLING: run_id}
        there = next((version for version in read_versions(model) if version.source == source), None)
        if there and not there.tag(INSTALLING):  # its run was killed after it, and goes on
            name_one_more(model_id, model, there.number)
            return there
        made = there.number if there else _create(model, source, run_id, unfinished, description, model_id)
        try:
            versions = _move(held, lambda known: move(known, made), occasion(model, "install", ""), made)
        except LockLostError:
            raise  # whoever holds the lock now removes what was made here
        except Exception:
            remove_unfinished(held, {number: facts for number, facts in held.state().items() if number == made})
            raise
    name_one_more(model_id, model, made)
    return next(version for version in versions if version.number == made)


def _create(model: str, source: str, run_id: str, tags: dict[str, str], description: str, model_id: str) -> int:
    client = mlflow.MlflowClient()
    made = client.create_model_version(model, source, run_id=run_id, tags=tags, description=description, model_id=model_id)
    return int(made.version)


def _move(held: Held, decide: Callable[[list[Version]], Move], why: dict[str, str], made: int = 0) -> list[Version]:
    """Decide and carry out; ``made``: the number of a version that belongs to this transition."""
    known = read_versions(held.model)
    if remove_unfinished(held, {version.number: version.facts for version in known if version.number != made}):
        known = read_versions(held.model)
    changes, aliases = decide(known)
    now = state_of(known)
    after = applied(now, changes, aliases)
    if made:
        after[made] = replace(after[made], tags={k: v for k, v in after[made].tags.items() if k != INSTALLING})
    before = {number: facts for number, facts in now.items() if number != made}
    entries = [*_unknown(held.journal, before, after, why), entry_of(before, after, why)]
    carry_out(held, entries, now, after)
    return [replace(version, **vars(after[version.number])) for version in known if version.number in after]


def _unknown(known: Journal, before: State, after: State, why: dict[str, str]) -> list[Entry]:
    """What the journal has to know before the transition: all versions, if it is new, or those that other hands have made."""
    if not known.text:
        return [entry_of({}, before, why | {"what": BEGIN})] if before else []
    strange = {n: facts for n, facts in before.items() if after.get(n) != facts and not known.knows(n)}
    return [entry_of({}, strange, why | {"what": FOUND})] if strange else []


def acting(model: str, reason: str = "") -> Act:
    """The user, now, with the champion as it is now: a move that finds another one later is refused."""
    champion = find_or_none(model, CHAMPION)
    return Act(runs.user(), moment(), reason, champion.number if champion else 0)


def occasion(model: str, what: str, reason: str) -> dict[str, str]:
    """Who does what, when, why and in which run: for an entry of the journal."""
    run = mlflow.active_run()
    who = {"user": runs.user(), "reason": reason, "run": run.info.run_id if run else ""}
    return {"model": model, "what": what, "time": moment()} | who
