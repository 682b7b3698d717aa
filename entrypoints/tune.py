"""Entry point ``tune``."""

import click

from entrypoints.command import Entry, option
from entrypoints.options import SEED, alpha_option, ask_registry, forget_set_option, name_option
from unlearning.methods import METHODS
from unlearning.steps.settings import OBJECTIVES, TuneSettings, parse_whole_numbers

CHOICES = "; ".join(f"{name}: {text}" for name, text in OBJECTIVES.items())


@click.command(cls=Entry)
@option("method", TuneSettings.method, f"Whose settings are searched: {', '.join(METHODS)}.")
@option("trials", TuneSettings.trials, "How many settings are tried; a study that was interrupted goes on.", click.IntRange(1))
@option("objective", TuneSettings.objective, f"What the best one is best in. {CHOICES}.")
@forget_set_option
@option("epochs", "", "Passes over the data; empty for the method's own number.")
@option("model", "", "Where to start: an alias, a number or a model URI; empty for the champion.")
@option("seed", TuneSettings.seed, "Of the search.", SEED)
@alpha_option
@name_option
def main(**values):
    """Search a method's settings on validation faces, and register what the best ones make as a candidate.

    Every trial is a nested run. The test set is out of reach: it is not even predicted. The ranges searched stand on the
    method's card: mlflow run . -e methods -P method=NAME.
    """
    values["epochs"] = parse_whole_numbers(values["epochs"], "epochs", 1) if values["epochs"] else ()
    settings = TuneSettings(**values)
    ask_registry(settings.name, settings.model or "champion")

    from unlearning.steps.tune import tune

    tune(settings)


if __name__ == "__main__":
    main()
