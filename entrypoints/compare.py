"""Entry point ``compare``."""

import click

from entrypoints.command import Entry, option
from entrypoints.options import alpha_option, ask_registry, name_option
from unlearning.steps.settings import CompareSettings


@click.command(cls=Entry)
@option("versions", "", "Aliases, numbers or model URIs, joined by commas: original,retrained-20-28,ft-20-28-e8.")
@option("forget_set", "", "Whom they are judged on: a forget rule; empty for that of the first version that has one.")
@alpha_option
@name_option
def main(**values):
    """Put the audits of several versions side by side in one page."""
    settings = CompareSettings(**values)
    ask_registry(settings.name, *settings.named)

    from unlearning.steps.compare import compare

    compare(settings)


if __name__ == "__main__":
    main()
