"""Entry point ``unlearn``."""

import click

from entrypoints.command import Entry
from entrypoints.declared import ask_registry, declared, read
from unlearning.steps.settings import UnlearnSettings


@click.command(cls=Entry)
@declared(UnlearnSettings)
def main(**values):
    """Make a registered version forget, measure it against the retrained reference, and register what comes out.

    Every version gets the alias METHOD-SET-eEPOCHS and waits in Staging until it is promoted.
    """
    settings = read(UnlearnSettings, values)
    ask_registry(settings.name, settings.model or "champion")

    from unlearning.steps.unlearn import unlearn

    unlearn(settings)


if __name__ == "__main__":
    main()
