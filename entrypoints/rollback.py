"""Entry point ``rollback``."""

import click

from entrypoints.command import Entry
from entrypoints.declared import ask_registry, declared, read
from unlearning.steps.registry_settings import RollbackSettings


@click.command(cls=Entry)
@declared(RollbackSettings)
def main(**values):
    """Serve an earlier version again, one that has forgotten at least as much as the champion.

    Going back to one that remembers needs allow_regain=true, and is recorded on the versions, the run and the journal.
    """
    settings = read(RollbackSettings, values)
    ask_registry(settings.name, settings.to)

    from unlearning.steps.rollback import rollback

    rollback(settings)


if __name__ == "__main__":
    main()
