"""compare: several versions' audits side by side, as one table and one page."""

from dataclasses import asdict

import pandas as pd

from unlearning.commands import spelt
from unlearning.errors import InputError
from unlearning.progress import say, track
from unlearning.registry.lookup import find_version, one_look
from unlearning.registry.version import Version
from unlearning.reports.compare_page import compare_page
from unlearning.settings.forgetting import CompareSettings
from unlearning.tracking import runs
from unlearning.versions import forget_sets
from unlearning.versions.audit import Audited, audit_version

PAGE, TABLE = "compare.html", "compare.csv"


def compare(settings: CompareSettings) -> pd.DataFrame:
    """Audit every version on one forget set from its tables, log the page and the table, and return the table."""
    with runs.run("compare", f"compare {settings.versions}"):
        runs.log_settings("compare", asdict(settings))
        named = audited(settings)
        audits = list(named.values())
        forget_sets.log([audits[0].forget])
        runs.log_text(compare_page(named), PAGE)
        told = {name: {"label": name, "number": one.version.number, "model": one.version.model} for name, one in named.items()}
        table = pd.concat([one.audit.table().assign(**told[name]) for name, one in named.items()])
        runs.log_table(table, TABLE)
    for one in audits:
        say(f"compare: {one.version.label}: {one.audit.sentence}")
    return table


@one_look()
def audited(settings: CompareSettings) -> dict[str, Audited]:
    """The audit of every version on one forget set, by what people call it."""
    chosen = [find_version(settings.name, name) for name in settings.named]
    first, other = chosen[0], next((one for one in chosen if not one.target.is_like(chosen[0].target)), None)
    if other:
        raise InputError(
            f"{first.label} of {first.model} predicts {first.target.axis}, and {other.label} of {other.model} predicts "
            f"{other.target.axis}: their errors cannot be compared; give those of one model, as "
            f"{spelt(versions='original,champion')}"
        )
    forget = forget_sets.asked_for(forget_sets.first_that_forgot(chosen), settings.forget_set)
    audits = [
        audit_version(v, forget, settings.alpha or v.target.alpha, "tables") for v in track(chosen, len(chosen), "auditing")
    ]
    return dict(zip(called(chosen), audits, strict=True))


def called(chosen: list[Version]) -> list[str]:
    """What each version is called on a page; two that are called the same, in two registered models, by their URIs."""
    short = [version.short for version in chosen]
    return [v.uri if short.count(v.short) > 1 else v.short for v in chosen]
