"""Entry point ``train``."""

from dataclasses import replace

import click

from entrypoints.command import Entry, option
from entrypoints.options import WHOLE, data_options, model_options, name_option, recipe_options, train_settings
from unlearning.steps.settings import TrainSettings


@click.command(cls=Entry)
@data_options
@model_options
@recipe_options
@option("epochs", "", "Passes over the training faces; empty for the preset's (scratch 12, study 142).", WHOLE)
@name_option
@option(
    "scheme",
    TrainSettings.scheme,
    "whole: every member sees all faces; sisa: each member sees its own shard, slice after slice, for unlearn -P method=sisa.",
)
@option("shards", TrainSettings.shards, "With sisa: members, each of which sees one shard of the faces.", click.IntRange(1))
@option("slices", TrainSettings.slices, "With sisa: parts of a shard that are added one after the other.", click.IntRange(1))
@option("shard_by", TrainSettings.shard_by, "With sisa: what deals faces to shards: hash (of the sample id) or age.")
@option("aggregate", TrainSettings.aggregate, "What makes one prediction of the members': mean or median.")
def main(**values):
    """Train the original model on all training faces and register it: aliases original and champion."""
    scheme = {name: values[name] for name in ("scheme", "shards", "slices", "shard_by", "aggregate")}
    settings = replace(train_settings(values, values["epochs"]), **scheme)

    from unlearning.steps.train import train

    train(settings)


if __name__ == "__main__":
    main()
