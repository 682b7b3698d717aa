"""Entry point ``repair``."""

import click

from entrypoints.command import Entry, Words, option
from entrypoints.options import name_option


@click.command(cls=Entry)
@option(
    "trust",
    "log",
    "log: what the audit log says is put back; aliases: the aliases as they are now are meant, and the rest follows them.",
)
@option("reason", "", "Why, for the audit log.", Words())
@name_option
def main(**values):
    """Make stages, aliases and tags say one thing again after a hand edit, a crash or a damaged audit log.

    What is wrong is told by status with check=true. Everything found and done is recorded in the audit log.
    """
    from unlearning.steps.registry_settings import RepairSettings

    settings = RepairSettings(**values)

    from unlearning.steps.repair import repair

    repair(settings)


if __name__ == "__main__":
    main()
