"""Entry point ``status``."""

import click

from entrypoints.command import Entry
from entrypoints.declared import declared, read
from unlearning.steps.registry_settings import StatusSettings


@click.command(cls=Entry)
@declared(StatusSettings)
def main(**values):
    """Show every version: its role, stage and aliases, what it has forgotten, and how well."""
    settings = read(StatusSettings, values)

    from unlearning.steps.status import show

    show(settings)


if __name__ == "__main__":
    main()
