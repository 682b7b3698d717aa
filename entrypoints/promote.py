"""Entry point ``promote``."""

import click

from entrypoints.command import Entry, option
from entrypoints.options import ask_registry, gates_option, name_option
from unlearning.steps.settings import PromoteSettings


@click.command(cls=Entry)
@click.option("--version", required=True, help="Alias, number or model URI of the version to promote, as ft-20-28-e8.")
@gates_option
@option("force", False, "Promote although gates fail, or it remembers what is forgotten; written on the version.", bool)
@option("dry_run", False, "Print every gate with its values, and promote nothing.", bool)
@name_option
def main(**values):
    """Check the gates and serve the version: Production, aliases champion, forgotten and forgotten-SET."""
    settings = PromoteSettings(**values)
    ask_registry(settings.name, settings.version)

    from unlearning.steps.promote import promote

    promote(settings)


if __name__ == "__main__":
    main()
