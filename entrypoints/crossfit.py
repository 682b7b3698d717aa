"""Entry point ``crossfit``."""

import click

from entrypoints.command import Entry
from entrypoints.declared import ask_registry, declared, read
from unlearning.steps.training_settings import CrossfitSettings


@click.command(cls=Entry)
@declared(CrossfitSettings)
def main(**values):
    """Train without each tenth of the faces in turn: the reference of all later requests for single faces.

    What is kept is one table: for every face the predictions of models that never saw it. A request to forget some of them is
    then judged without a retraining. A killed cross-fitting goes on where it was.
    """
    settings = read(CrossfitSettings, values)
    ask_registry(settings.name, settings.model)

    from unlearning.steps.crossfit import crossfit

    crossfit(settings)


if __name__ == "__main__":
    main()
