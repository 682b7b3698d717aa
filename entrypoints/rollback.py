"""Entry point ``rollback``."""

import click

from entrypoints.command import Entry, Words, option
from entrypoints.options import ask_registry, name_option


@click.command(cls=Entry)
@click.option("--to", required=True, help="Alias, number or model URI of the earlier version that is to be served again.")
@click.option("--reason", required=True, type=Words(), help="Why; it is written on both versions and into the audit log.")
@option("allow_regain", False, "Also go back to a version that remembers what the champion has forgotten.", bool)
@name_option
def main(**values):
    """Serve an earlier version again, one that has forgotten at least as much as the champion.

    Going back to one that remembers needs allow_regain=true, and is recorded on the versions, the run and the audit log.
    """
    from unlearning.steps.registry_settings import RollbackSettings

    settings = RollbackSettings(**values)
    ask_registry(settings.name, settings.to)

    from unlearning.steps.rollback import rollback

    rollback(settings)


if __name__ == "__main__":
    main()
