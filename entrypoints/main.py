import click

from entrypoints.command import Entry, on_devices, option
from entrypoints.declared import declared, read
from entrypoints.training import WHOLE, train_options, train_settings
from unlearning.settings.training import PipelineSettings, TrainSettings


@click.command(cls=Entry)
@train_options
@option("train_epochs", "8", "Passes of training and retraining; empty for the preset's.", WHOLE)
@declared(PipelineSettings)
@declared(TrainSettings, "name")
@on_devices
def main(**values):
    """The whole job: prepare, train, retrain, unlearn by each method, evaluate, promote the best, show the registry.

    Without data_dir it runs on drawn faces. Finished steps are reused when data, parameters and code are the same.
    """
    settings = read(PipelineSettings, values, train=train_settings(values, values["train_epochs"]))

    from unlearning.steps.pipeline import pipeline

    print(pipeline(settings))


if __name__ == "__main__":
    main()
