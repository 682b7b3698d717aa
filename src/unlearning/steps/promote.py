"""promote: gates first, then the version is served; all of it or nothing."""

from __future__ import annotations

from functools import partial

from unlearning.commands import command
from unlearning.errors import InputError
from unlearning.evaluation.gates import Decision, Gate, parse_gates
from unlearning.evaluation.registry import HEADLINES, METRICS
from unlearning.evaluation.study import ALPHA
from unlearning.progress import say
from unlearning.registry import moves
from unlearning.registry.acting import acting
from unlearning.registry.lookup import find_or_none
from unlearning.registry.transitions import transition
from unlearning.registry.version import AGAIN, CHAMPION, Version
from unlearning.steps.settings import PromoteSettings
from unlearning.tracking import runs
from unlearning.versions import forget_sets
from unlearning.versions.audit import measured_by_role
from unlearning.versions.line import original_of
from unlearning.versions.lineage import find_version
from unlearning.versions.references import retrained_reference
from unlearning.versions.scores import score

WORDS = {
    "passed": "promoted",
    "forced": "promoted in spite of gates that failed",
    "failed": "refused",
}


def promote(settings: PromoteSettings) -> Version:
    """Measure the version against original and retrained reference, decide every gate, and make it the champion.

    A dry run ends with the decisions.

    Raises:
        InputError: a gate failed or something would be remembered again, and nobody forced it, or another version was promoted
            meanwhile; the registry is as it was.
    """
    with runs.run("promote", f"promote {settings.version}" + (" (dry run)" if settings.dry_run else "")):
        gates = parse_gates(settings.gates)
        version = find_version(settings.name, settings.version)
        act = acting(version.model)
        decisions = decide(version, gates)
        regained = _regained(version)
        decision = _tell(settings, version, decisions)
        if settings.dry_run:
            say(f"promote: this was a dry run; {version.label} would be {WORDS[decision]}, and nothing was changed")
            return version
        if decision == "failed":
            raise InputError(
                f"{version.label} is not promoted: {'; '.join(_failed(decisions))} failed; choose another version, or "
                f"override the gates with: {_forced(settings, version)}"
            )
        if regained and not settings.force:
            raise InputError(
                f"{version.label} is not promoted: it remembers {regained}, which the champion has forgotten; make one "
                f"from the champion: {_from_champion(version)}, or, if it shall be remembered again: "
                f"{_forced(settings, version)}"
            )
        tags = {"gates": "; ".join(map(str, decisions)), "gate_decision": decision, "promoted_by": act.user}
        if decision == "forced":
            tags |= {"forced_by": act.user, "forced_gates": "; ".join(_failed(decisions))}
        tags |= {AGAIN: regained} if regained else {}
        move = partial(moves.promote, number=version.number, forget_set=version.tag("forget_set"), tags=tags, act=act)
        why = "; ".join(map(str, decisions)) + (f"; REGAINED: {regained}" if regained else "")
        known = transition(version.model, move, "promote", why)
    promoted = next(v for v in known if v.number == version.number)
    say(f"promote: {promoted.model} {promoted.label} is the champion; it has forgotten {promoted.tag('forgotten')}")
    return promoted


def _forced(settings: PromoteSettings, version: Version) -> str:
    gates = {} if settings.gates == PromoteSettings.gates else {"gates": settings.gates}
    return command("promote", version.model, version=version.number, **gates, force=True)


def _from_champion(version: Version) -> str:
    """Whom ``hardest`` meant for another model only its manifest tells."""
    rule, forget = version.tag("forget_rule", "..."), version.tag("forget_set")
    rule = f"{forget_sets.MANIFEST}{version.run_id}/{forget}" if "hardest" in rule else rule
    return command("unlearn", version.model, model=CHAMPION, forget_set=rule)


def _regained(version: Version) -> str:
    """Whom the version remembers although the champion has forgotten them, in words; said aloud. Empty when there is nobody."""
    champion = find_or_none(version.model, CHAMPION)
    regained = forget_sets.in_words(forget_sets.remembered(version, champion))
    if regained:
        say(f"promote: WARNING: {version.label} remembers what {champion.label}, which is served, has forgotten: {regained}")
    return regained


def _tell(settings: PromoteSettings, version: Version, decisions: list[Decision]) -> str:
    """Leave every gate with its values on the run, print it, and say what they are together: a name of WORDS."""
    decision = "passed" if not _failed(decisions) else "forced" if settings.force else "failed"
    gates = ", ".join(str(one.gate) for one in decisions)
    runs.log_settings("promote", {"name": version.model, "version": version.number, "gates": gates, "force": settings.force})
    forget_sets.log(forget_sets.forgotten_by(version))
    content = {"version": version.number, "decision": decision, "dry_run": settings.dry_run}
    runs.log_json(content | {"gates": [as_data(one) for one in decisions]}, "gates.json")
    runs.set_tags({"gate_decision": decision, "gates": "; ".join(map(str, decisions))})
    for one in decisions:
        say(f"promote: {one}")
    return decision


def _failed(decisions: list[Decision]) -> list[str]:
    return [str(one.gate) for one in decisions if not one.passed]


def decide(version: Version, gates: list[Gate]) -> list[Decision]:
    """The decision of every gate, on the version's own forget set."""
    if version.tag("role") not in ("unlearned", "retrained"):
        raise InputError(
            f"{version.label} is not an unlearned version (role {version.tag('role', 'none')!r}): it has forgotten nothing "
            f"that could be promoted; choose one with a forget set from: {command('status', version.model)}"
        )
    forget, alpha = forget_sets.of_version(version), version.require_number("alpha", ALPHA)
    reference = retrained_reference(version, forget)
    names = {name for gate in gates for name in (gate.metric, gate.reference_metric) if name} - {*HEADLINES}
    asked = {gate.reference: reference for gate in gates if gate.reference}
    if "original" in asked:
        asked["original"] = _original(version, gates)
    values = {name: score(one, forget, alpha, reference, names) for name, one in ({"version": version} | asked).items()}
    handed = [name for name in names if METRICS[name].measured]
    for role, numbers in measured_by_role(version, forget, alpha, handed).items():
        values.get(role, {}).update(numbers)
    return [gate.decide(values["version"], values) for gate in gates]


def _original(version: Version, gates: list[Gate]) -> Version:
    """The original; InputError names the gates that speak of it where it is gone."""
    try:
        return original_of(version)
    except InputError as error:
        named = "; ".join(str(gate) for gate in gates if gate.reference == "original")
        raise InputError(
            f"{named} cannot be decided: {error}; name numbers or retrained.METRIC instead, as "
            f'-P gates="test_mae <= 1.1 * retrained.test_mae"'
        ) from error


def as_data(decision: Decision) -> dict:
    """A decision with its exact values, as JSON holds it."""
    return {"gate": str(decision.gate), "value": decision.value, "bound": decision.bound, "passed": decision.passed}
