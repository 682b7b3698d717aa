"""Entry point ``purge``."""

import click

from entrypoints.command import Entry, Words, option
from entrypoints.options import ask_registry, name_option


@click.command(cls=Entry)
@click.option("--version", required=True, help="Alias, number or model URI of the version to erase, as original.")
@option("confirm", "", "The version's name typed back, as age-resnet50/1; without it nothing goes, and is said what would.")
@option("reason", "", "Why; it is written on the version and into the audit log.", Words())
@option("force", False, "Erase also what a waiting candidate is measured against; never the champion.", bool)
@option("people", False, "Seal also what names people whose forgetting is certified: who holds the signing key reads it.", bool)
@name_option
def main(**values):
    """Delete for good what still remembers: a version's model, predictions and checkpoints, and cached pixels.

    A tombstone stays: the version's entry, its run and all numbers. The champion is never purged.
    """
    ask_registry(values["name"], values["version"])

    from unlearning.steps.purge import PurgeSettings, purge

    purge(PurgeSettings(**values))


if __name__ == "__main__":
    main()
