"""Entry point ``process``."""

import click

from entrypoints.command import Entry
from entrypoints.declared import declared, read
from unlearning.steps.request_settings import ProcessSettings


@click.command(cls=Entry)
@declared(ProcessSettings)
def main(**values):
    """Serve the open requests: unlearn from the champion, evaluate, decide the gates, promote, certify.

    A request that was left running by a process that has ended is picked up again, and nothing is done twice.
    """
    settings = read(ProcessSettings, values)

    from unlearning.steps.process import process

    process(settings)


if __name__ == "__main__":
    main()
