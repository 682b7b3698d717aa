"""Entry point ``compare``."""

import click

from entrypoints.command import Entry, option
from entrypoints.options import alpha_option, name_option


@click.command(cls=Entry)
@option("versions", "", "Aliases, numbers or model URIs, joined by commas: original,retrained-20-28,ft-20-28-e8.")
@option("forget_set", "", "Whom they are judged on: a forget rule; empty for that of the first version that has one.")
@alpha_option
@name_option
def main(**values):
    """Put the audits of several versions side by side in one page."""
    from unlearning.steps.compare import compare
    from unlearning.steps.settings import CompareSettings

    compare(CompareSettings(**values))


if __name__ == "__main__":
    main()
