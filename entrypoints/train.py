"""Entry point ``train``."""

import click

from entrypoints.command import Entry, option
from entrypoints.options import WHOLE, data_options, model_options, name_option, recipe_options, train_settings


@click.command(cls=Entry)
@data_options
@model_options
@recipe_options
@option("epochs", "", "Passes over the training faces; empty for the preset's (scratch 12, study 142).", WHOLE)
@name_option
def main(**values):
    """Train the original model on all training faces and register it: aliases original and champion."""
    from unlearning.steps.train import train

    train(train_settings(values, values["epochs"]))


if __name__ == "__main__":
    main()
