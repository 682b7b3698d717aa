"""Entry point ``status``."""

import click

from entrypoints.command import Entry, option
from entrypoints.options import name_option


@click.command(cls=Entry)
@option(
    "format",
    "table",
    "table, json, markdown, or html: a page that draws which version was made from which.",
    click.Choice(["table", "json", "markdown", "html"]),
)
@option("check", False, "Compare the registry with its audit log and with itself, and fail when they differ.", bool)
@option("out", "", "File to write to instead of the terminal.")
@name_option
def main(**values):
    """Show every version: its role, stage and aliases, what it has forgotten, and how well."""
    from unlearning.steps.registry_settings import StatusSettings
    from unlearning.steps.status import show

    show(StatusSettings(**values))


if __name__ == "__main__":
    main()
