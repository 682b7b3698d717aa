"""Entry point ``status``."""

import click

from entrypoints.command import Entry, option
from entrypoints.options import name_option


@click.command(cls=Entry)
@option("format", "table", "table, json or markdown.", click.Choice(["table", "json", "markdown"]))
@name_option
def main(**values):
    """Show every version: its role, stage and aliases, what it has forgotten, and how well."""
    from unlearning.steps.status import status

    print(status(values["name"], values["format"]))


if __name__ == "__main__":
    main()
