"""promote: gates first, then the version is served; all of it or nothing."""

from __future__ import annotations

from functools import partial

from unlearning.errors import InputError
from unlearning.lifecycle.gates import Decision, parse_gates
from unlearning.steps import forget_sets
from unlearning.steps.evaluate import score
from unlearning.steps.lineage import find_version, retrained_reference
from unlearning.steps.progress import say
from unlearning.steps.settings import ALPHA, PromoteSettings
from unlearning.tracking import moves, registry, runs
from unlearning.tracking.registry import Version


def promote(settings: PromoteSettings) -> Version:
    """Measure the version against original and retrained reference, decide every gate, and make it the champion.

    Raises:
        InputError: a gate failed and nobody forced it; the registry is as it was.
    """
    with runs.run("promote", f"promote {settings.version}"):
        gates = parse_gates(settings.gates)
        version = find_version(settings.name, settings.version)
        runs.log_settings("promote", {"version": version.number, "gates": settings.gates, "force": settings.force})
        decisions = decide(version, gates)
        forget_sets.log(forget_sets.forgotten_by(version))
        runs.log_json({"version": version.number, "gates": [_as_data(d) for d in decisions]}, "gates.json")
        for decision in decisions:
            say(f"promote: {decision}")
        failed = [str(d.gate) for d in decisions if not d.passed]
        if failed and not settings.force:
            raise InputError(
                f"{version.label} is not promoted: {'; '.join(failed)} failed; choose another version, or override the "
                f"gates with: mlflow run . -e promote -P version={settings.version} -P force=true"
            )
        tags = {"gates": "; ".join(map(str, decisions)), "promoted_by": runs.user()}
        if failed:
            tags |= {"forced_by": runs.user(), "forced_gates": "; ".join(failed)}
        move = partial(moves.promote, number=version.number, forget_set=version.tag("forget_set"), tags=tags)
        known = registry.transition(settings.name, move)
    promoted = next(v for v in known if v.number == version.number)
    say(f"promote: {settings.name} {promoted.label} is the champion; it has forgotten {promoted.tag('forgotten')}")
    return promoted


def decide(version: Version, gates: list) -> list[Decision]:
    """The decision of every gate, on the version's own forget set."""
    if version.tag("role") not in ("unlearned", "retrained"):
        raise InputError(
            f"{version.label} is not an unlearned version (role {version.tag('role', 'none')!r}): it has forgotten nothing "
            f"that could be promoted; choose one with a forget set from: mlflow run . -e status"
        )
    forget, alpha = forget_sets.of_version(version), float(version.tag("alpha", str(ALPHA)))
    reference = retrained_reference(version, forget)
    original = _original_of(version)
    values = {v.number: score(v, forget, alpha, reference) for v in (version, original, reference)}
    references = {"original": values[original.number], "retrained": values[reference.number]}
    return [gate.decide(values[version.number], references) for gate in gates]


def _original_of(version: Version) -> Version:
    """The version at the root of the line: the one that remembers."""
    while version.tag("role") != "original":
        version = find_version(version.model, version.tag("parent_version"))
    return version


def _as_data(decision: Decision) -> dict:
    return {"gate": str(decision.gate), "value": decision.value, "bound": decision.bound, "passed": decision.passed}
