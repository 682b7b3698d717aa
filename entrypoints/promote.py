"""Entry point ``promote``."""

import click

from entrypoints.command import Entry
from entrypoints.declared import ask_registry, declared, read
from unlearning.steps.settings import PromoteSettings


@click.command(cls=Entry)
@declared(PromoteSettings)
def main(**values):
    """Check the gates and serve the version: Production, aliases champion, forgotten and forgotten-SET."""
    settings = read(PromoteSettings, values)
    ask_registry(settings.name, settings.version)

    from unlearning.steps.promote import promote

    promote(settings)


if __name__ == "__main__":
    main()
