"""main: the whole job, as child runs of one parent."""

import math
import shutil
from dataclasses import replace

from unlearning.commands import CONSOLE, command, typed
from unlearning.data.forget import ForgetSet
from unlearning.data.rules import names_hardest
from unlearning.finding import FORGOTTEN, state_of
from unlearning.jobs import scheme
from unlearning.jobs.ensemble import try_out
from unlearning.methods import METHODS
from unlearning.methods.params import require_support
from unlearning.progress import say
from unlearning.registry import answer
from unlearning.registry.lookup import find_or_none
from unlearning.registry.version import CHAMPION, Version
from unlearning.settings.forgetting import EvaluateSettings, PromoteSettings, UnlearnSettings
from unlearning.settings.registry import StatusSettings
from unlearning.settings.serving import ServeSettings
from unlearning.settings.training import PipelineSettings, RetrainSettings
from unlearning.steps.evaluate import evaluate
from unlearning.steps.prepare import prepare
from unlearning.steps.promote import decide, promote
from unlearning.steps.retrain import retrain_or_reuse
from unlearning.steps.status import NUMBERS, look_at, render, show
from unlearning.steps.train import require_one_target, train_or_reuse
from unlearning.steps.unlearn import unlearn_or_reuse
from unlearning.tracking import runs
from unlearning.versions import forget_sets

OVERVIEW = "overview.html"


def pipeline(settings: PipelineSettings) -> str:
    """Everything from prepare to promote, then the table; returns what to type next."""
    name = settings.train.name
    methods = [method.strip() for method in settings.methods.split(",")]
    with runs.run("main", f"forget {settings.forget_set} with {settings.methods}"):
        original, reference, forget = _train_and_retrain(settings)
        forget_sets.log([forget])
        candidates = [v for method in methods for v in _unlearn(settings, method, original, reference, forget)]
        scored = ",".join(str(version.number) for version in (original, reference, *candidates))
        rule = "" if names_hardest(forget.rule) else settings.forget_set  # whom it means now, no other model knows
        evaluate(EvaluateSettings(scored, rule, settings.alpha, name, audit="tables"))
        try:
            others = _promote_best(settings, candidates)
        finally:
            show(StatusSettings(name=name))
            _sum_up(name)
    return _next(settings, original, others)


def _sum_up(name: str) -> None:
    """What came out, on the run of the whole job: the registry's page, the champion's numbers, and the answer in words."""
    runs.log_text(render(look_at(name), "html"), OVERVIEW)
    champion = find_or_none(name, CHAMPION)
    if champion:
        runs.log_numbers({metric: champion.number_in(metric) for metric in (*NUMBERS, "forget_mae")})
    runs.describe(answer.current(name))


def _next(settings: PipelineSettings, original: Version, others: list[Version]) -> str:
    """Commands that work as they stand; a candidate is named only if it passes the gates, which are given again."""
    name = settings.train.name
    whom = {} if settings.forget_set == UnlearnSettings.forget_set else {"forget_set": settings.forget_set}
    gates = {} if settings.gates == PromoteSettings.gates else {"gates": settings.gates}
    serve = typed if shutil.which(CONSOLE) else command
    commands = [
        command("unlearn", name, method="rnd", epochs="2,4,8", model=original.number, **whom),
        *(command("promote", name, version=other.number, **gates) for other in others[:1]),
        serve("serve", name, port=ServeSettings.port),
    ]
    return "\n  ".join(["What to type next:", *commands])


def _train_and_retrain(settings: PipelineSettings) -> tuple[Version, Version, ForgetSet]:
    train, force = settings.train, settings.force
    require_one_target(train)
    plan = train.plan()
    scheme.require_free(settings.reference_seeds, scheme.member_seeds(plan, train.seeds), plan, "reference_seeds")
    for method in settings.methods.split(","):
        require_support(METHODS[method.strip()], train.data.predicts)
    try_out(train.model)
    data, _ = prepare(train.data, train.model.image_size, force)
    forget_sets.foresee(settings.forget_set, data)
    original = train_or_reuse(train, data.digest, force)
    forget = forget_sets.read_rule(settings.forget_set, data, original)
    again = RetrainSettings(settings.forget_set, str(original.number), name=train.name)
    reference = retrain_or_reuse(again, original, forget, force)
    if settings.reference_seeds:
        retrain_or_reuse(replace(again, seeds=settings.reference_seeds), original, forget, force)
    return original, reference, forget


def _unlearn(
    settings: PipelineSettings, method: str, original: Version, reference: Version, forget: ForgetSet
) -> list[Version]:
    epochs = settings.epochs if METHODS[method].epochs else ()
    start, name = str(original.number), settings.train.name
    job = UnlearnSettings(method, "", settings.forget_set, epochs, start, settings.alpha, name)
    return unlearn_or_reuse(job, original, reference, forget, settings.force)


def _promote_best(settings: PipelineSettings, candidates: list[Version]) -> list[Version]:
    """Of the candidates that pass the gates promote one that is shown to have forgotten, and of these the one with the best F.

    With none, the gates of the one with the best F speak. Returns the others that pass.
    """
    by_f = sorted(candidates, key=lambda version: -max(-math.inf, version.number_in("F")))  # no number: last
    decided = {version.number: decide(version, settings.gates) for version in by_f}
    passing = [version for version in by_f if not decided[version.number].failed]
    passing.sort(key=lambda version: state_of(decided[version.number].finding.verdict) != FORGOTTEN)
    say(f"promote: {len(passing)} of {len(candidates)} candidates pass the gates")
    chosen = (passing or by_f)[0]
    promote(PromoteSettings(str(chosen.number), settings.gates, name=settings.train.name), decided[chosen.number])
    return passing[1:]
