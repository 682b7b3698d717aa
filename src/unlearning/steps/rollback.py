"""rollback: an earlier version is served again, if it was made to forget at least as much."""

from functools import partial

from unlearning.commands import command
from unlearning.errors import InputError
from unlearning.progress import say
from unlearning.registry import moves
from unlearning.registry.lookup import all_versions, find_version
from unlearning.registry.transitions import acting, transition
from unlearning.registry.version import AGAIN, CHAMPION, GONE, Version
from unlearning.settings.registry import RollbackSettings
from unlearning.tracking import runs
from unlearning.versions import forget_sets


def rollback(settings: RollbackSettings) -> Version:
    """Serve an earlier version again, archive the champion, and write the reason on both and into the journal.

    InputError leaves the registry as it was, also where another version was promoted meanwhile.
    """
    with runs.run("rollback", f"rollback to {settings.to}"):
        reason = settings.reason.strip()
        if not reason:
            again = command("rollback", settings.name, to=settings.to, reason="gate set too low")
            raise InputError(f"a rollback needs a reason, as in: {again}")
        version = find_version(settings.name, settings.to)
        act, champion = acting(version.model, reason), find_version(version.model, CHAMPION)
        _refuse_later(version, champion)
        regained = forget_sets.in_words(forget_sets.remembered(version, champion))
        told = {"to": version.number, "from": champion.number, "reason": reason, AGAIN: regained or "nothing"}
        runs.log_settings("rollback", told)
        runs.log_json(told | {"user": act.user, "time": act.time}, "rollback.json")
        if regained and not settings.allow_regain:
            raise InputError(_refusal(version, champion, regained, reason))
        runs.set_tags({"reason": reason, AGAIN: regained or "nothing"})
        move = partial(moves.roll_back, number=version.number, act=act, regained=regained)
        why = f"{reason}; REGAINED: {regained}" if regained else reason
        known = transition(version.model, move, "rollback", why)
    if regained:
        say(f"rollback: WARNING: {version.label} remembers again what {champion.label} was made to forget: {regained}")
    say(f"rollback: {version.model} {version.label} is the champion again instead of {champion.label}: {reason}")
    return next(one for one in known if one.number == version.number)


def _refuse_later(version: Version, champion: Version) -> None:
    if version.number == champion.number:
        raise InputError(
            f"{version.label} is the champion already; earlier versions are in: {command('status', version.model)}"
        )
    if version.number > champion.number and version.tag("state") != "retired":
        raise InputError(
            f"{version.label} is newer than the champion, {champion.label}, and was never served: there is nothing to go back "
            f"to; serve it with: {command('promote', version.model, version=version.number)}"
        )


def _refusal(version: Version, champion: Version, regained: str, reason: str) -> str:
    asked = set(champion.tag("forgotten").split(","))
    others = [
        other.label
        for other in all_versions(version.model)
        if other.number < champion.number and other.tag("state") not in GONE and asked <= set(other.tag("forgotten").split(","))
    ]
    choice = f"choose one that was made to forget it too ({', '.join(others)})" if others else "no earlier version was"
    return (
        f"{version.label} remembers {regained}, which the champion, {champion.label}, was made to forget; {choice}, or, if it "
        f"should be remembered again: "
        f"{command('rollback', version.model, to=version.number, allow_regain=True, reason=reason)}"
    )
