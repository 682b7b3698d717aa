import click

from entrypoints.command import Entry, on_devices, option
from entrypoints.declared import declared
from entrypoints.training import WHOLE, train_options, train_settings
from unlearning.settings.training import TrainSettings


@click.command(cls=Entry)
@train_options
@option("epochs", "", "Passes over the training faces; empty for the preset's (scratch 12, study 142).", WHOLE)
@declared(TrainSettings, "name", "scheme", "shards", "slices", "shard_by", "aggregate")
@on_devices
def main(**values):
    """Train the original model on all training faces and register it: aliases original and champion."""
    settings = train_settings(values, values["epochs"])

    from unlearning.steps.train import train

    train(settings)


if __name__ == "__main__":
    main()
