import click

from entrypoints.command import Entry, option
from entrypoints.declared import ask_registry, declared, read
from unlearning.settings.checks import parse_numbers
from unlearning.settings.forgetting import ALPHA_HELP, EvaluateSettings


@click.command(cls=Entry)
@option(
    "version", "champion", "Aliases, numbers or URIs, by commas; all: of the champion's data, made for forget_set or for none."
)
@option("versions", "", "The same: it reads better with several.")
@declared(EvaluateSettings, "forget_set")
@option("alpha", "", f"{ALPHA_HELP} Of several, joined by commas, the first gives the headline numbers.")
@declared(EvaluateSettings, "audit", "reference", "name")
def main(**values):
    """Score versions from their logged predictions, and audit them: is it really forgotten?

    An audit says how the version stands beside the original, the retrained model and a second one of that kind (made by
    retrain with other seeds), with an interval and a verdict for every metric, as a table, as JSON and as a page.
    """
    first, *others = parse_numbers(values["alpha"], "alpha") if values["alpha"] else (None,)
    named = values["versions"] or values["version"]
    settings = read(EvaluateSettings, values, versions=named, alpha=first, alphas=tuple(others))
    ask_registry(settings.name, *settings.named)

    from unlearning.steps.evaluate import evaluate

    evaluate(settings)


if __name__ == "__main__":
    main()
