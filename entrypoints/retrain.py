"""Entry point ``retrain``."""

import click

from entrypoints.command import Entry
from entrypoints.declared import ask_registry, declared, read
from unlearning.steps.training_settings import RetrainSettings


@click.command(cls=Entry)
@declared(RetrainSettings)
def main(**values):
    """Train the reference: the original's recipe on everything but the forget set; alias retrained-SET."""
    settings = read(RetrainSettings, values)
    ask_registry(settings.name, settings.model)

    from unlearning.steps.retrain import retrain

    retrain(settings)


if __name__ == "__main__":
    main()
