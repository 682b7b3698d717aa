"""promote: gates first, then the version is served; all of it or nothing."""

from dataclasses import dataclass
from functools import partial

from unlearning.commands import command, spelt
from unlearning.data.forget import ForgetSet
from unlearning.data.rules import names_hardest
from unlearning.errors import InputError
from unlearning.evaluation.gates import DEFAULTS, OF_FINDINGS, REGAINED, STUDY, USEFUL, Decision, Gate, parse_gates
from unlearning.evaluation.registry import HEADLINES, METRICS
from unlearning.finding import AUTO, EXACT, NONE, NOT_KNOWN, OVER, RETRAINED, Finding, in_words
from unlearning.progress import say
from unlearning.registry import moves
from unlearning.registry.lookup import find_or_none, find_version, one_look
from unlearning.registry.transitions import acting, transition
from unlearning.registry.version import AGAIN, CHAMPION, Version
from unlearning.settings.forgetting import PromoteSettings
from unlearning.tracking import runs
from unlearning.versions import forget_sets
from unlearning.versions.audit import measured_by_role
from unlearning.versions.findings import find_out
from unlearning.versions.line import find_original, original_of
from unlearning.versions.references import retrained_reference
from unlearning.versions.witnesses import score

WORDS = {"passed": "promoted", "forced": "promoted in spite of gates that failed", "failed": "refused"}
# Of a refused version, by its verdict; of any other, to forget more.
MAY_HELP = {
    NOT_KNOWN: "what there is to judge it by tells too little, and a method that is exact (retrain, sisa) needs no measurement",
    OVER: "fewer epochs, or another method, may not overdo it",
}


@dataclass(frozen=True)
class Decided:
    """A finding, and the decision of every gate."""

    finding: Finding
    decisions: list[Decision]

    @property
    def failed(self) -> list[str]:
        """The gates that failed."""
        return [str(one.gate) for one in self.decisions if not one.passed]


def promote(settings: PromoteSettings, decided: Decided | None = None) -> Version:
    """Find out what the version has forgotten, decide every gate, and make it the champion in the state that it has earned.

    A dry run ends with the decisions. Where somebody has ``decided`` on the version by these settings just now, nothing is
    measured again. InputError leaves the registry as it was, also where another version was promoted meanwhile.
    """
    with runs.run("promote", f"promote {settings.version}" + (" (dry run)" if settings.dry_run else "")):
        with one_look():
            version = find_version(settings.name, settings.version)
            act = acting(version.model)
            decided = decided or decide(version, settings.gates, settings.reference)
            regained = _regained(version)
        decision = _tell(settings, version, decided)
        if settings.dry_run:
            say(f"promote: this was a dry run; {version.label} would be {WORDS[decision]}, and nothing was changed")
            return version
        _refuse(settings, version, decided, regained)
        tags = {"gates": "; ".join(map(str, decided.decisions)), "gate_decision": decision, "promoted_by": act.user}
        tags |= decided.finding.tags()
        if decision == "forced":
            tags |= {"forced_by": act.user, "forced_gates": "; ".join(decided.failed)}
        tags |= {AGAIN: regained} if regained else {}
        move = partial(moves.promote, number=version.number, forget_set=version.tag("forget_set"), tags=tags, act=act)
        why = "; ".join(map(str, decided.decisions)) + (f"; REGAINED: {regained}" if regained else "")
        known = transition(version.model, move, "promote", why)
    promoted = next(v for v in known if v.number == version.number)
    say(
        f"promote: {promoted.model} {promoted.label} is the champion ({promoted.tag('state')}); it was made to forget "
        f"{promoted.tag('forgotten')}: {in_words(promoted.tags)}"
    )
    return promoted


def _refuse(settings: PromoteSettings, version: Version, decided: Decided, regained: str) -> None:
    if settings.force:
        return
    if decided.failed:
        raise InputError(
            f"{version.label} is not promoted: {'; '.join(decided.failed)} failed. {decided.finding.sentence} "
            f"What may help: {_help(version, decided)}; or override the gates with: {_forced(settings, version)}"
        )
    if regained:
        raise InputError(
            f"{version.label} is not promoted: it remembers {regained}, which the champion was made to forget; make one "
            f"from the champion: {_from_champion(version)}, or, if it should be remembered again: "
            f"{_forced(settings, version)}"
        )


def what_helps(decided: Decided) -> str:
    """What may make a refused version pass, in words: by what it lacks, accuracy, evidence or forgetting."""
    if {one.gate.metric for one in decided.decisions if not one.passed} == {"test_mae"}:
        return "other settings, or another method, may keep more of the accuracy"
    return MAY_HELP.get(decided.finding.verdict, "more epochs, or another method, may forget more")


def _help(version: Version, decided: Decided) -> str:
    """The same, with the commands to type."""
    again = {"model": version.tag("parent_version") or "original", "forget_set": _rule(version)}
    change = {"method": "retrain"} if decided.finding.verdict == NOT_KNOWN else {"epochs": "4,8,16"}
    typed = {"another version": command("unlearn", version.model, **again, **change), "methods": command("methods")}
    if decided.finding.reference == NONE:
        typed["a reference to judge it by"] = command("retrain", version.model, forget_set=_rule(version))
    return f"{what_helps(decided)}; " + ", ".join(f"{name}: {line}" for name, line in typed.items())


def _forced(settings: PromoteSettings, version: Version) -> str:
    given = {"gates": settings.gates} if settings.gates else {}
    given |= {"reference": settings.reference} if settings.reference != AUTO else {}
    return command("promote", version.model, version=version.number, **given, force=True)


def _from_champion(version: Version) -> str:
    return command("unlearn", version.model, model=CHAMPION, forget_set=_rule(version))


def _rule(version: Version) -> str:
    """Whom ``hardest`` meant for another model only its manifest tells."""
    rule, forget = version.tag("forget_rule", "..."), version.tag("forget_set")
    return f"{forget_sets.MANIFEST}{version.run_id}/{forget}" if names_hardest(rule) else rule


def _regained(version: Version) -> str:
    """Whom the version remembers although the champion has forgotten them, in words; said aloud. Empty when there is nobody."""
    champion = find_or_none(version.model, CHAMPION)
    regained = forget_sets.in_words(forget_sets.remembered(version, champion))
    if regained:
        say(f"promote: WARNING: {version.label} remembers what {champion.label}, the champion, was made to forget: {regained}")
    return regained


def _tell(settings: PromoteSettings, version: Version, decided: Decided) -> str:
    """Leave finding and gates with their values on the run, print them, and say what they are together: a name of WORDS."""
    decision = "passed" if not decided.failed else "forced" if settings.force else "failed"
    gates = ", ".join(str(one.gate) for one in decided.decisions)
    runs.log_settings("promote", {"name": version.model, "version": version.number, "gates": gates, "force": settings.force})
    forget_sets.log(forget_sets.forgotten_by(version))
    content = {"version": version.number, "decision": decision, "dry_run": settings.dry_run}
    runs.log_json(content | {"gates": [as_data(one) for one in decided.decisions]}, "gates.json")
    runs.set_tags({"gate_decision": decision, "gates": "; ".join(map(str, decided.decisions))} | decided.finding.tags())
    runs.log_numbers(decided.finding.numbers())
    say(f"promote: {decided.finding.sentence}")
    if [str(one.gate) for one in decided.decisions] == [str(gate) for gate in parse_gates(STUDY)]:
        say("promote: these are the gates of the reference study; methods that forget little pass them")
    for one in decided.decisions:
        say(f"promote: {one}")
    return decision


@one_look()
def decide(version: Version, text: str, asked: str = AUTO) -> Decided:
    """What is found out about a version, on its own forget set, and what every gate decides; without text the default ones."""
    if version.tag("role") not in ("unlearned", "retrained"):
        raise InputError(
            f"{version.label} is not an unlearned version (role {version.tag('role', 'none')!r}): it was made to forget "
            f"nothing; choose one with a forget set from: {command('status', version.model)}"
        )
    forget, alpha = forget_sets.of_version(version), version.require_number("alpha", version.target.alpha)
    given = parse_gates(text) if text else []
    finding = find_out(version, forget, alpha, asked).finding
    gates = given or default_gates(version, finding)
    return Decided(finding, _decisions(version, forget, alpha, gates, finding))


def default_gates(version: Version, finding: Finding) -> list[Gate]:
    """By the verdict and what it rests on; where the parent had forgotten somebody, nothing of that may have come back.

    What never saw its forget set is only asked to be of use, beside the retrained model where the original was purged.
    """
    if finding.verdict == EXACT:
        return parse_gates(DEFAULTS[EXACT] if find_original(version) else USEFUL)
    text = DEFAULTS[finding.reference]
    if finding.reference == RETRAINED and "," in version.tag("forgotten"):
        text += f", {REGAINED.format(version.target.scale)}"
    return parse_gates(text)


def _decisions(version: Version, forget: ForgetSet, alpha: float, gates: list[Gate], finding: Finding) -> list[Decision]:
    own = {gate.metric for gate in gates} - {*finding.numbers(), *OF_FINDINGS}
    names = (own | {gate.reference_metric for gate in gates if gate.reference}) - {*HEADLINES, *OF_FINDINGS}
    asked = {gate.reference for gate in gates if gate.reference}
    needed = RETRAINED in asked or any(RETRAINED in METRICS[name].needs for name in own)
    reference = retrained_reference(version, forget) if needed else None
    others = {RETRAINED: reference} if RETRAINED in asked else {}
    others |= {"original": _original(version, gates)} if "original" in asked else {}
    values = {name: score(one, forget, alpha, reference, names) for name, one in ({"version": version} | others).items()}
    handed = [name for name in names if METRICS[name].measured]
    by_role, bounds = measured_by_role(version, forget, alpha, handed)
    for role, numbers in by_role.items():
        values.get(role, {}).update(numbers)
    values["version"] |= finding.numbers()
    return [gate.decide(values["version"], values, bounds) for gate in gates]


def _original(version: Version, gates: list[Gate]) -> Version:
    """The original; InputError names the gates that speak of it where it is gone."""
    try:
        return original_of(version)
    except InputError as error:
        named = "; ".join(str(gate) for gate in gates if gate.reference == "original")
        raise InputError(
            f"{named} cannot be decided: {error}; name numbers or retrained.METRIC instead, as "
            f"{spelt(gates='test_mae <= 1.1 * retrained.test_mae')}"
        ) from error


def as_data(decision: Decision) -> dict:
    """A decision with its exact values, as JSON holds it."""
    return {"gate": str(decision.gate), "value": decision.value, "bound": decision.bound, "passed": decision.passed}
