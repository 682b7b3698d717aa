"""Entry point ``purge``."""

import click

from entrypoints.command import Entry
from entrypoints.declared import ask_registry, declared, read
from unlearning.steps.registry_settings import PurgeSettings


@click.command(cls=Entry)
@declared(PurgeSettings)
def main(**values):
    """Delete for good what still remembers: a version's model, predictions and checkpoints, and cached pixels.

    A tombstone stays: the version's entry, its run and all numbers. The champion is never purged.
    """
    settings = read(PurgeSettings, values)
    ask_registry(settings.name, settings.version)

    from unlearning.steps.purge import purge

    purge(settings)


if __name__ == "__main__":
    main()
