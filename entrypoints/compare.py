"""Entry point ``compare``."""

import click

from entrypoints.command import Entry
from entrypoints.declared import ask_registry, declared, read
from unlearning.steps.settings import CompareSettings


@click.command(cls=Entry)
@declared(CompareSettings)
def main(**values):
    """Put the audits of several versions side by side in one page."""
    settings = read(CompareSettings, values)
    ask_registry(settings.name, *settings.named)

    from unlearning.steps.compare import compare

    compare(settings)


if __name__ == "__main__":
    main()
