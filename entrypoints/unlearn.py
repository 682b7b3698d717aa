"""Entry point ``unlearn``."""

import click

from entrypoints.command import Entry, option
from entrypoints.options import alpha_option, ask_registry, forget_set_option, name_option
from unlearning.methods import METHODS
from unlearning.steps.settings import UnlearnSettings, parse_whole_numbers

LISTED = "; ".join(f"{name}: {method.__doc__.splitlines()[0].rstrip('.')}" for name, method in METHODS.items())


@click.command(cls=Entry)
@option("method", "ft", f"How to forget. {LISTED}.")
@option("params", "", "The method's own settings, as 'lr=1e-4 offset_max=5'; a wrong name lists the legal ones.")
@forget_set_option
@option(
    "epochs",
    "",
    "Register a version after each of these many epochs; 2,4,8,16 is one optimisation. Empty for the method's own number.",
)
@option(
    "model",
    "",
    "Where to start: an alias, a number or a model URI; empty for the champion, or the version before it that still "
    "remembers the forget set.",
)
@alpha_option
@name_option
def main(**values):
    """Make a registered version forget, measure it against the retrained reference, and register what comes out.

    Every version gets the alias METHOD-SET-eEPOCHS and waits in Staging until it is promoted.
    """
    values["epochs"] = parse_whole_numbers(values["epochs"], "epochs", 1) if values["epochs"] else ()
    settings = UnlearnSettings(**values)
    ask_registry(settings.name, settings.model or "champion")

    from unlearning.steps.unlearn import unlearn

    unlearn(settings)


if __name__ == "__main__":
    main()
