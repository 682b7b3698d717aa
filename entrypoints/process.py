"""Entry point ``process``."""

import click

from entrypoints.command import Entry, option
from entrypoints.options import gates_option, name_option
from unlearning.methods import METHODS
from unlearning.steps.request_settings import ProcessSettings
from unlearning.steps.settings import parse_whole_numbers


@click.command(cls=Entry)
@option("method", ProcessSettings.method, f"How to forget: {', '.join(METHODS)}.")
@option("params", ProcessSettings.params, "The method's own settings, as 'lr=1e-4 offset_max=5'.")
@option("epochs", "", "Passes of the method; empty for its own number.")
@gates_option
@option("batch", ProcessSettings.batch, "Serve all open requests by one unlearning; otherwise one after the other.", bool)
@option("key", ProcessSettings.key, "File of the signing key; empty for the one that UNLEARNING_SIGNING_KEY names.")
@name_option
def main(**values):
    """Serve the open requests: unlearn from the champion, evaluate, decide the gates, promote, certify.

    A request that was left running by a process that has ended is picked up again, and nothing is done twice.
    """
    values["epochs"] = parse_whole_numbers(values["epochs"], "epochs", 1) if values["epochs"] else ()
    settings = ProcessSettings(**values)

    from unlearning.steps.process import process

    process(settings)


if __name__ == "__main__":
    main()
