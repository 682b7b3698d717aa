"""Entry point ``evaluate``."""

import click

from entrypoints.command import Entry, option
from entrypoints.options import alpha_option, name_option


@click.command(cls=Entry)
@option("version", "champion", "Aliases, numbers or model URIs joined by commas; all: every version of the champion's data.")
@option("forget_set", "", "Whom to score on: a forget rule, as 20-28 or gender:1; empty for each version's own forget set.")
@alpha_option
@name_option
def main(**values):
    """Score versions from their logged predictions: Utility, Forgetting, F and errors; no model is loaded."""
    from unlearning.steps.evaluate import evaluate
    from unlearning.steps.settings import EvaluateSettings

    evaluate(EvaluateSettings(values["version"], values["forget_set"], values["alpha"], values["name"]))


if __name__ == "__main__":
    main()
