"""Entry point ``retrain``."""

import click

from entrypoints.command import Entry, option
from entrypoints.options import WHOLE, ask_registry, forget_set_option, name_option
from unlearning.errors import InputError
from unlearning.steps.settings import RetrainSettings, parse_whole_numbers


@click.command(cls=Entry)
@forget_set_option
@option("model", "original", "Version whose data, network and recipe are taken: an alias, a number or a model URI.")
@option("epochs", "", "Passes over the retain set; empty for as many as the original had.", WHOLE)
@option("seeds", "", "Other seeds than the original's, joined by commas.")
@option("weights", "", "Where the original's file of first weights lies now, if it started from one and it was moved.")
@name_option
def main(**values):
    """Train the reference: the original's recipe on everything but the forget set; alias retrained-SET."""
    if values["epochs"] is not None and values["epochs"] < 1:
        raise InputError(f"epochs={values['epochs']} is not possible; legal: whole numbers from 1")
    values["seeds"] = parse_whole_numbers(values["seeds"], "seeds", 0) if values["seeds"] else ()
    settings = RetrainSettings(**values | {"epochs": values["epochs"] or 0})
    ask_registry(settings.name, settings.model)

    from unlearning.steps.retrain import retrain

    retrain(settings)


if __name__ == "__main__":
    main()
