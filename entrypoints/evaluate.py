"""Entry point ``evaluate``."""

import click

from entrypoints.command import Entry, option
from entrypoints.options import ask_registry, name_option
from unlearning.steps.settings import AUDITS, EvaluateSettings, parse_numbers

KINDS = "; ".join(f"{name or 'empty'}: {text}" for name, text in AUDITS.items())


@click.command(cls=Entry)
@option("version", "champion", "Aliases, numbers or model URIs joined by commas; all: every version of the champion's data.")
@option("versions", "", "The same: it reads better with several.")
@option("forget_set", "", "Whom to score on: a forget rule, as 20-28 or gender:1; empty for each version's own forget set.")
@option("alpha", "15", "Scale of Forgetting, in years; of several, joined by commas, the first gives the headline numbers.")
@option("audit", EvaluateSettings.audit, f"What else to find out. {KINDS}.")
@name_option
def main(**values):
    """Score versions from their logged predictions, and audit them: is it really forgotten?

    An audit says how the version stands beside the original, the retrained model and a second one of that kind (made by
    retrain with other seeds), with an interval and a verdict for every metric, as a table, as JSON and as a page.
    """
    alphas = parse_numbers(values["alpha"], "alpha")
    asked = {"forget_set": values["forget_set"], "name": values["name"], "audit": values["audit"]}
    settings = EvaluateSettings(values["versions"] or values["version"], alpha=alphas[0], alphas=alphas[1:], **asked)
    ask_registry(settings.name, *settings.named)

    from unlearning.steps.evaluate import evaluate

    evaluate(settings)


if __name__ == "__main__":
    main()
