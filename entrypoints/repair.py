"""Entry point ``repair``."""

import click

from entrypoints.command import Entry
from entrypoints.declared import declared, read
from unlearning.steps.registry_settings import RepairSettings


@click.command(cls=Entry)
@declared(RepairSettings)
def main(**values):
    """Make stages, aliases and tags say one thing again after a hand edit, a crash or a damaged journal.

    What is wrong is told by status with check=true. Everything found and done is recorded in the journal.
    """
    settings = read(RepairSettings, values)

    from unlearning.steps.repair import repair

    repair(settings)


if __name__ == "__main__":
    main()
