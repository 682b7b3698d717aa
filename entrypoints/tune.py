"""Entry point ``tune``."""

import click

from entrypoints.command import Entry
from entrypoints.declared import ask_registry, declared, read
from unlearning.steps.settings import TuneSettings


@click.command(cls=Entry)
@declared(TuneSettings)
def main(**values):
    """Search a method's settings on validation faces, and register what the best ones make as a candidate.

    Every trial is a nested run. The test set is out of reach: it is not even predicted. The ranges searched stand on the
    method's card: mlflow run . -e methods -P method=NAME.
    """
    settings = read(TuneSettings, values)
    ask_registry(settings.name, settings.model or "champion")

    from unlearning.steps.tune import tune

    tune(settings)


if __name__ == "__main__":
    main()
