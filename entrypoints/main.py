"""Entry point ``main``: the whole job."""

import click

from entrypoints.command import Entry, option
from entrypoints.options import (
    WHOLE,
    alpha_option,
    data_options,
    forget_set_option,
    gates_option,
    model_options,
    name_option,
    recipe_options,
    train_settings,
)
from unlearning.steps.settings import PipelineSettings, parse_whole_numbers


@click.command(cls=Entry)
@data_options
@model_options
@recipe_options
@option("train_epochs", "8", "Passes of training and retraining; empty for the preset's.", WHOLE)
@forget_set_option
@option("methods", "ft,rnd", "Unlearning methods to compare, joined by commas.")
@option("epochs", "2,4", "Register an unlearned version after each of these many epochs.")
@alpha_option
@gates_option
@option("force", False, "Run finished steps again, even when data, parameters and code are the same.", bool)
@name_option
def main(**values):
    """The whole job: prepare, train, retrain, unlearn by each method, evaluate, promote the best, show the registry.

    Without data_dir it runs on drawn faces. Finished steps are reused when data, parameters and code are the same.
    """
    settings = PipelineSettings(
        train=train_settings(values, values["train_epochs"]),
        forget_set=values["forget_set"],
        methods=values["methods"],
        epochs=parse_whole_numbers(values["epochs"], "epochs", 1),
        alpha=values["alpha"],
        gates=values["gates"],
        force=values["force"],
    )

    from unlearning.steps.pipeline import pipeline

    print(pipeline(settings))


if __name__ == "__main__":
    main()
